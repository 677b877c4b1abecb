"""Charts: the SVG is well-formed whatever the names, exact, deterministic, and shows verdicts by shape as well as by colour."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reports import scales
from reports.charts import (
    ALTERNATIVE,
    COMMON,
    CURRENT,
    PER_GROUP,
    Case,
    ChartSpec,
    Curve,
    CurveChart,
    DistributionChart,
    FrontierChart,
    HeatMap,
    IntervalChart,
    Mark,
    Option,
    Point,
    Reliability,
    ReliabilityChart,
    Ring,
    Rule,
    Series,
    Step,
    TimelineChart,
    TrendChart,
    WaterfallChart,
    to_plotly,
    to_svg,
)
from reports.charts.trend_screen import stacked

HOSTILE = '<script>alert("1")</script> & \u202e\x01 \'"]]>'
DAY = dt.datetime(2026, 3, 1)


def points(**more: object) -> tuple[Point, ...]:
    """Make one point per verdict and one without a value."""
    verdicts = ("pass", "warn", "fail", "insufficient", "error", None)
    made = tuple(
        Point(label=f"g{i}", value=0.5 + i / 20, low=0.4 + i / 20, high=0.6 + i / 20, n=100 * i, verdict=v) for i, v in enumerate(verdicts)
    )
    return (*made, Point(label=HOSTILE, value=None, reason="not enough data"))


def reliability(name: str) -> Reliability:
    """Make a curve with an empty bin and one without a score."""
    columns = {"mean_score": (0.1, 0.5, None), "observed": (0.2, None, 0.4), "low": (0.1, None, 0.3), "high": (0.3, None, 0.5)}
    return Reliability(name=name, n=(10, 0, 5), **columns)


def trend_points(early: int = 0) -> tuple[Point, ...]:
    """Make ten days with a gap and a partial last day; outcomes of the last `early` are still to come."""
    return tuple(
        Point(
            label=f"day {i}",
            at=DAY + dt.timedelta(days=i),
            value=None if i == 4 else 0.7 + i / 100,
            low=0.6,
            high=0.85,
            n=40,
            partial=i == 9,
            immature=i >= 10 - early,
            verdict="pass",
            reason="no outcomes" if i == 4 else "",
        )
        for i in range(10)
    )


CHARTS: dict[str, ChartSpec] = {
    "waterfall": WaterfallChart(
        title="t", unit="percent", step_unit="points", alt="alt", start_label="Reference", start=0.7, end_label=HOSTILE, end=0.64,
        steps=(Step(label="mix", size=-0.02, low=-0.03, high=-0.01), Step(label=HOSTILE, size=-0.04, group=2)),
    ),
    "timeline": TimelineChart(
        title="t", alt="alt", start=DAY, end=DAY + dt.timedelta(days=20),
        cases=(
            Case(label="1 per 7d", note="0.5 per 30 days", rings=(Ring(at=DAY + dt.timedelta(days=4), text=HOSTILE),), chosen=True),
            Case(label=HOSTILE, note="0 per 30 days", rings=()),
        ),
        marks=(Mark(at=DAY + dt.timedelta(days=3), kind="release", text=HOSTILE),),
    ),
    "interval": IntervalChart(title="t", unit="ratio", alt=f"alt {HOSTILE}", points=points(), minimum=0.55, maximum=0.9, parity=1.0),
    "trend": TrendChart(
        title="t",
        unit="percent",
        alt="alt",
        series=(Series(name="", points=trend_points()),),
        minimum=0.65,
        marks=(Mark(at=DAY + dt.timedelta(days=3), kind="release", text=HOSTILE),),
        baseline=0.75,
    ),
    "trends": TrendChart(
        title="t", unit="percent", alt="alt", series=(Series(name=HOSTILE, points=trend_points()), Series(name="b", points=trend_points()))
    ),
    "heat": HeatMap(
        title="t",
        unit="decimal",
        alt="alt",
        rows=(HOSTILE, "b"),
        columns=("1 Mar", "2 Mar"),
        values=((0.1, None), (0.9, 0.2)),
        verdicts=((None, None), ("fail", "warn")),
        full=0.4,
    ),
    "distribution": DistributionChart.of_tables(
        title="t", alt="alt", tables={"labels": [HOSTILE, "b", "c"], "reference": [10, 30, None], "window": [20, 20, 0]}
    ),
    "reliability": ReliabilityChart(title="t", unit="percent", alt=f"alt {HOSTILE}", curves=(reliability(""),)),
    "reliabilities": ReliabilityChart(title="t", unit="percent", alt="alt", curves=(reliability(HOSTILE), reliability("b"))),
    "estimates": TrendChart(
        title="t",
        unit="percent",
        alt=f"alt {HOSTILE}",
        series=(
            Series(name="Realised", group="", points=trend_points(early=3)),
            Series(name="Estimated", group="", estimated=True, points=trend_points()),
        ),
    ),
    "gaps": IntervalChart(
        title="t",
        unit="points",
        alt=f"alt {HOSTILE}",
        parity=0.0,
        points=(
            Point(label=HOSTILE, value=-0.061, low=-0.07, high=-0.052, n=900, people=(307.6, 255.0, 361.0)),
            Point(label="b", value=0.01, low=-0.02, high=0.04, n=80),
        ),
    ),
    "thresholds": CurveChart(
        title="t",
        unit="percent",
        alt=f"alt {HOSTILE}",
        x_title="threshold",
        x_unit="decimal",
        curves=(
            Curve(name=HOSTILE, x=(0.0, 0.5, 1.0), y=(1.0, 0.6, None), low=(0.9, 0.5, None), high=(1.0, 0.7, None)),
            Curve(name="b", x=(0.0, 0.5), y=(0.9, 0.2), dashed=True),
        ),
        rules=(Rule(at=0.4, text="the log's decisions"),),
        levels=(Rule(at=0.5, text="half"),),
    ),
    "lags": CurveChart(
        title="t", unit="percent", alt=f"alt {HOSTILE}", x_title="days", x_unit="plain", curves=(Curve(name="", x=(0, 7), y=(0.1, 1.0)),)
    ),
    "frontier": FrontierChart(
        title="t",
        unit="points",
        alt=f"alt {HOSTILE}",
        x_title="accuracy",
        x_unit="percent",
        y_title="approval gap",
        options=(
            Option(label="0.5", kind=COMMON, x=0.8, y=0.12, x_low=0.79, x_high=0.81, y_low=0.1, y_high=0.14),
            Option(label=HOSTILE, kind=PER_GROUP, x=0.79, y=0.01),
            Option(label="without region", kind=ALTERNATIVE, x=0.795, y=0.05),
            Option(label="", kind=CURRENT, x=0.8, y=0.13),
        ),
    ),
}
EACH = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS.keys())


def tags(svg: str) -> list[str]:
    """Return the local names of all elements."""
    return [element.tag.rsplit("}", 1)[-1] for element in ElementTree.fromstring(svg).iter()]


@EACH
@pytest.mark.parametrize("target", ["light", "dark", "page"])
def test_svg_is_well_formed_and_holds_no_script(chart: ChartSpec, target: str) -> None:
    svg = to_svg(chart, target)  # type: ignore[arg-type]
    assert set(tags(svg)) <= {"svg", "desc", "g", "title", "text", "line", "rect", "path", "circle"}
    assert "<script" not in svg
    assert "\x01" not in svg
    assert "\u202e" not in svg


@EACH
def test_svg_says_its_alt_text_and_is_the_same_every_time(chart: ChartSpec) -> None:
    svg = to_svg(chart, "light")
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert (root.get("aria-label") or "").startswith("alt")
    assert svg == to_svg(chart, "light")


@EACH
def test_drawings_on_a_page_use_the_pages_colours_and_no_namespace(chart: ChartSpec) -> None:
    svg = to_svg(chart, "page")
    assert "#" not in svg.split("aria-label")[0]
    assert "http" not in svg
    assert "var(--" in svg


@EACH
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_plotly_draws_the_same_chart_and_escapes_names(chart: ChartSpec, theme: str) -> None:
    figure = to_plotly(chart, theme)  # type: ignore[arg-type]
    assert figure.layout.meta["alt"] == chart.alt
    shown = figure.to_plotly_json()
    shown["layout"].pop("meta")
    assert any("<" in text for text in texts(chart)), "the chart under test must hold a hostile name"
    assert [text for text in texts(shown) if "<script" in text] == []
    assert len(figure.data) >= 1


def texts(value: Any) -> Iterator[str]:
    """Yield every string inside nested dictionaries, lists and dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from itertools.chain.from_iterable(map(texts, value.values()))
    elif dataclasses.is_dataclass(value):
        yield from itertools.chain.from_iterable(texts(getattr(value, field.name)) for field in dataclasses.fields(value))
    elif isinstance(value, (list, tuple)):
        yield from itertools.chain.from_iterable(map(texts, value))


@EACH
def test_each_table_has_as_many_cells_as_heads(chart: ChartSpec) -> None:
    table = chart.data_table()
    assert table.rows
    assert {len(line) for line in table.rows} == {len(table.columns)}


def test_markers_tell_verdicts_apart_without_colour() -> None:
    shapes = []
    for verdict in ("pass", "warn", "fail", "insufficient", "error"):
        chart = IntervalChart(title="t", unit="ratio", alt="a", points=(Point(label="g", value=0.5, verdict=verdict),))
        group = ElementTree.fromstring(to_svg(chart, "page")).findall(".//g")[0]
        marks = [e for e in group if e.tag in ("circle", "path", "line")]
        shapes.append((marks[0].tag, (marks[0].get("d") or "").count("L"), marks[0].get("fill")))
    assert [s[:2] for s in shapes] == [("circle", 0), ("path", 2), ("path", 3), ("circle", 0), ("line", 0)]
    assert shapes[0][2] != shapes[3][2] == "var(--background)"


def test_a_dot_lies_where_its_value_says() -> None:
    # Two points at the policy line and at parity must be drawn exactly on those lines.
    chart = IntervalChart(
        title="t",
        unit="ratio",
        alt="a",
        minimum=0.8,
        parity=1.0,
        points=(Point(label="a", value=0.8, verdict="pass"), Point(label="b", value=1.0, verdict="pass")),
    )
    root = ElementTree.fromstring(to_svg(chart, "page"))
    dots = [circle.get("cx") for circle in root.iter("circle")]
    policy = next(line.get("x1") for line in root.iter("line") if line.get("stroke-dasharray") == "4 3")
    parity = next(line.get("x1") for line in root.iter("line") if line.get("stroke-width") == "1.4")
    assert dots == [policy, parity]


def test_windows_without_a_value_break_the_line() -> None:
    root = ElementTree.fromstring(to_svg(CHARTS["trend"], "page"))
    lines = [path for path in root.iter("path") if path.get("fill") == "none"]
    assert [(path.get("d") or "").count("L") for path in lines] == [3, 4]  # days 0–3 and 5–9


def test_partial_windows_are_hollow() -> None:
    root = ElementTree.fromstring(to_svg(CHARTS["trend"], "page"))
    hollow = [c for c in root.iter("circle") if c.get("fill") == "var(--background)"]
    assert len(hollow) == 2  # the window without a value, and the partial one


def test_estimates_are_dashed_and_share_the_colour_of_what_they_estimate() -> None:
    root = ElementTree.fromstring(to_svg(CHARTS["estimates"], "page"))
    lines = [path for path in root.iter("path") if path.get("fill") == "none"]
    assert [line.get("stroke-dasharray") for line in lines] == [None, None, "5 3", "5 3"]  # a gap cuts each line in two
    assert len({line.get("stroke") for line in lines}) == 1
    assert [trace.line.dash for trace in to_plotly(CHARTS["estimates"], "light").data if trace.mode == "lines+markers"] == ["solid", "dash"]


def test_windows_whose_outcomes_are_still_to_come_are_shaded_from_half_a_window_before_the_first() -> None:
    chart = CHARTS["estimates"]
    assert isinstance(chart, TrendChart)
    first, last = scales.position(DAY + dt.timedelta(days=7)), scales.position(DAY + dt.timedelta(days=9))
    assert chart.immature() == [(first - 0.5, last + 0.5)]
    assert "outcomes still to come" in "".join(ElementTree.fromstring(to_svg(chart, "page")).itertext())
    assert any(shape.type == "rect" for shape in to_plotly(chart, "light").layout.shapes)
    assert {row[-1] for row in chart.data_table().rows} == {"OK", "OK, immature"}


def test_a_gap_is_said_in_people_too() -> None:
    chart = CHARTS["gaps"]
    table = chart.data_table()
    assert table.columns[-1] == "People"
    assert [row[-1] for row in table.rows] == ["about 310 people [260, 360]", ""]
    assert "310" in list(ElementTree.fromstring(to_svg(chart, "page")).itertext())


def test_a_curve_breaks_where_a_value_is_withheld_and_a_rule_lies_where_it_says() -> None:
    curve = Curve(name="a", x=(0.0, 1.0, 2.0, 3.0, 4.0), y=(0.1, 0.2, None, 0.3, 0.4))
    chart = CurveChart(title="t", unit="percent", alt="a", x_title="x", x_unit="plain", curves=(curve,), rules=(Rule(at=3.0, text="now"),))
    root = ElementTree.fromstring(to_svg(chart, "page"))
    assert [(path.get("d") or "").count("L") for path in root.iter("path") if path.get("fill") == "none"] == [1, 1]
    rule = next(line for line in root.iter("line") if line.get("stroke-width") == "1.2")
    assert rule.get("x1") == [circle.get("cx") for circle in root.iter("circle")][2]  # the dot at 3, after those at 0 and 1
    assert chart.data_table().rows[2] == ("2", "–")


def test_the_kinds_of_a_frontier_differ_in_shape_and_the_decisions_as_they_are_stand_out() -> None:
    chart = CHARTS["frontier"]
    root = ElementTree.fromstring(to_svg(chart, "page"))
    marks = [[e.tag for e in group if e.tag in ("circle", "rect", "path")] for group in root.findall(".//g")]
    assert marks == [["circle"], ["rect"], ["path"], ["circle", "circle"]]
    symbols = [trace.marker.symbol for trace in to_plotly(chart, "dark").data]
    assert len(set(symbols)) == 4


def test_intervals_too_wide_to_judge_do_not_flatten_the_others() -> None:
    chart = IntervalChart(
        title="t",
        unit="ratio",
        alt="a",
        points=(
            Point(label="a", value=0.9, low=0.88, high=0.92, n=900, verdict="pass"),
            Point(label="b", value=1.0, low=0.1, high=9.0, n=4, verdict="insufficient"),
        ),
    )
    assert max(v for v in chart.extent() if v is not None) == 1.0


def test_axes_hold_their_values_with_few_round_ticks() -> None:
    for low, span, unit in itertools.product((0.0, 0.31, -4.0, 1234.5), (1e-6, 0.02, 0.9, 5000), ("percent", "ratio", "plain", "count")):
        axis = scales.numeric([low, low + span], unit=unit, start=0, end=100)
        assert axis.low <= low
        assert axis.high >= low + span
        assert 1 <= len(axis.ticks) <= 9
        assert len(set(axis.labels)) == len(axis.labels)


def test_proportions_never_leave_their_range() -> None:
    axis = scales.numeric([0.0, 1.0], unit="percent", start=0, end=100)
    assert (axis.low, axis.high) == (0.0, 1.0)
    assert axis.labels[-1] == "100%"


@pytest.mark.parametrize("days", [0, 1, 3, 30, 90, 700, 9000])
def test_time_axes_tick_at_whole_days_or_hours(days: int) -> None:
    axis = scales.windows([DAY, DAY + dt.timedelta(days=days)], start=0, end=100)
    assert len(axis.ticks) <= 8
    assert all((t * 24) % 1 == pytest.approx(0, abs=1e-9) for t in axis.ticks)


def test_only_charts_import_plotly_and_only_when_drawing() -> None:
    reports = Path(scales.__file__).parent
    modules = sorted(reports.rglob("*.py"))
    assert [p.relative_to(reports).as_posix() for p in modules if re.search(r"^\s*(from|import) plotly", p.read_text("utf-8"), re.M)] == [
        "charts/__init__.py"
    ]
    heavy = ("plotly", "pandas", "jinja2", "scipy", "ibis", "streamlit")
    code = f"import sys, reports.charts, reports.registry; print(sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=reports.parent)
    assert done.stdout.strip() == "[]"


def test_a_waterfall_ends_where_its_steps_lead() -> None:
    spec = CHARTS["waterfall"]
    assert isinstance(spec, WaterfallChart)
    places = spec.places()
    # 0.70 − 0.02 − 0.04 = 0.64, the value that the last line states
    assert [(round(before, 2), round(after, 2)) for _, before, after, _ in places] == [(0.7, 0.7), (0.7, 0.68), (0.68, 0.64), (0.64, 0.64)]
    assert spec.data_table().rows[1] == ("mix", "−2.0 pp", "[−3.0 pp, −1.0 pp]")


def test_a_case_that_never_rang_says_so() -> None:
    spec = CHARTS["timeline"]
    assert isinstance(spec, TimelineChart)
    assert [row[1] for row in spec.data_table().rows] == ["5 Mar 2026", "never"]


def test_labels_of_marks_close_together_stand_above_one_another() -> None:
    marks = tuple(Mark(at=DAY + dt.timedelta(days=day), kind="note", text=f"n{day}") for day in (1, 2, 8))
    spec = TrendChart(title="t", unit="percent", alt="alt", series=(Series(name="", points=trend_points()),), marks=marks)
    # ten days; a label takes three tenths of the width: days 1 and 2 collide, day 8 is free again
    assert stacked(spec) == [0, 1, 0]
