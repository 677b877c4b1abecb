"""Charts: one value, drawn with Plotly on screen and as static SVG on paper. The only module that imports Plotly.

One kind of chart is one file: what it holds, its table, and how it is drawn on paper and on screen (as plain values, which the
function below hands to Plotly).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from reports import palette
from reports.charts import screen
from reports.charts.curves import Band, Curve, CurveChart, Rule
from reports.charts.distribution import DistributionChart
from reports.charts.frontier import ALTERNATIVE, COMMON, CURRENT, PER_GROUP, FrontierChart, Option
from reports.charts.heat import HeatMap
from reports.charts.intervals import IntervalChart
from reports.charts.point import DataTable, Mark, Point, Series
from reports.charts.reliability import Reliability, ReliabilityChart
from reports.charts.timeline import Case, Ring, TimelineChart
from reports.charts.trend import TrendChart
from reports.charts.waterfall import Step, WaterfallChart
from reports.palette import Theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = [
    "ALTERNATIVE",
    "COMMON",
    "CURRENT",
    "PER_GROUP",
    "Band",
    "Case",
    "ChartSpec",
    "Curve",
    "CurveChart",
    "DataTable",
    "DistributionChart",
    "FrontierChart",
    "HeatMap",
    "IntervalChart",
    "Mark",
    "Option",
    "Point",
    "Reliability",
    "ReliabilityChart",
    "Ring",
    "Rule",
    "Series",
    "Step",
    "Target",
    "TimelineChart",
    "TrendChart",
    "WaterfallChart",
    "to_plotly",
    "to_svg",
]

ChartSpec = (
    IntervalChart
    | TrendChart
    | HeatMap
    | DistributionChart
    | ReliabilityChart
    | CurveChart
    | FrontierChart
    | WaterfallChart
    | TimelineChart
)
Target = Literal["light", "dark", "page"]
WIDTH: Final = 560.0


def to_plotly(spec: ChartSpec, theme: Theme) -> Figure:
    """Return a chart as a Plotly figure in the colours of a theme; its alt text is `figure.layout.meta["alt"]`."""
    from plotly.graph_objects import Figure

    colours = palette.of(theme)
    traces, layout = spec.figure(colours)
    return Figure(data=traces, layout=screen.merged(screen.base(colours, spec.alt), layout))


def to_svg(spec: ChartSpec, target: Target = "page", *, width: float = WIDTH) -> str:
    """Draw a chart; `page` uses CSS variables, so that one inline drawing follows the reader's light or dark theme.

    It is exact, deterministic and escaped by the XML library, without a browser or a script. Coordinates are written to two decimals,
    so the same chart is the same bytes on every machine.
    """
    colours = palette.by_variable() if target == "page" else palette.of(target)
    return spec.drawn(colours, width).finish(spec.alt, standalone=target != "page")
