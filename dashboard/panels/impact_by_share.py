"""The approval ratio that scores alone would give, for every share of people selected."""

from __future__ import annotations

from dashboard.components import chart
from dashboard.components.figure_table import reason
from dashboard.components.markup import Html, show, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording
from reports import tradeoff_series


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the curves with their table."""
    found = scope.read(context, "quantile_impact_ratio", attribute=scope.attribute, window=None, whole=True, version=None, tables=True)
    held = [each for each in found if each.value is not None and each.slice != each.reference_slice]
    spec = tradeoff_series.impact_by_share(held)
    if spec is None:
        not_enough(next((reason(each) for each in found if each.reason and each.value is None), words.NO_EXPLORER))
        return
    lowest = min(held, key=lambda each: each.value or 0.0)
    at = (lowest.tables or {}).get("at")
    share = f", were the best-scored {wording.number(at, 'percent')} selected" if at is not None else ""
    show(Html(f'<p class="c-lead">{text(wording.sentence(lowest) + share)}.</p>'))
    chart.picture(spec)
    chart.folded_table(spec)
