"""Whether the score means what it says, in short, beside what it is made of."""

from __future__ import annotations

from dashboard import data
from dashboard.components import chart
from dashboard.components.figure_table import reason
from dashboard.components.markup import Html, link, show, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from dashboard.panels import explanation_words as words
from reports import series
from reports import strings as wording


def draw(context: PageContext) -> None:
    """Draw the reliability curve of everybody, and lead to the rest."""
    found = data.figures(*context.key, names=("expected_calibration_error",), population=True, columns=False, tables=True)
    figure = next(iter(found), None)
    spec = series.reliability(figure) if figure is not None and figure.value is not None else None
    if figure is None or spec is None:
        not_enough(reason(figure) if figure is not None and figure.reason else words.NO_CALIBRATION)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(figure))}.</p>'))
    chart.picture_with_table(spec, width=330)
    show(link(words.MORE_CALIBRATION, "performance", context.elsewhere(part="calibration")))
