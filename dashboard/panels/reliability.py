"""The reliability curve of everybody: what came true against what was promised."""

from __future__ import annotations

from dashboard.components import chart
from dashboard.components.figure_table import reason
from dashboard.components.markup import Html, show, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import series
from reports import strings as wording


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the curve with its table beside it."""
    found = scope.read(context, "expected_calibration_error", population=True, tables=True)
    spec = series.reliability(found[0]) if found else None
    if spec is None:
        not_enough(reason(found[0]) if found and found[0].reason else words.NO_RELIABILITY)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    chart.picture_with_table(spec)
