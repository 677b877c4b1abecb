"""Which windows are mature: of the outcomes due by now, the share that is known."""

from __future__ import annotations

from dashboard.components import chart
from dashboard.components.figure_table import reason
from dashboard.components.interval_plot import marks
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import series


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the share window by window with its table."""
    past = scope.read(context, "label_maturity", windows=True, population=True, version=None)
    clock = bool(past) and past[0].window_start is not None
    spec = series.trend([("", past)], marks(context.snapshot, context.model, clock))
    if spec is None:
        not_enough(next((reason(each) for each in past if each.reason and each.value is None), words.NO_MATURITY))
        return
    chart.picture(spec)
    chart.folded_table(spec)
