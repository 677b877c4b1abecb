"""Lines over windows, for the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports import pen, scales, strings
from reports.charts import screen
from reports.charts.point import Series, colour_places
from reports.palette import Palette

if TYPE_CHECKING:
    from reports.charts.trend import TrendChart


LINE = 15
"""Height of a mark's label, in pixels."""
NEAR = 0.3
"""How much of the chart's width a mark's label takes."""


def figure(spec: TrendChart, colours: Palette) -> screen.Drawing:
    """Return a trend for the screen."""
    axis = scales.numeric(spec.extent(), unit=spec.unit, start=0, end=1, wanted=5, pad=0.06)
    layout = screen.policy(spec.minimum, spec.maximum, axis, spec.unit, colours, "y")
    traces: list[dict[str, Any]] = []
    for place, series in zip(colour_places(spec.series), spec.series, strict=True):
        traces += _line(spec, series, colours.series[place % len(colours.series)], colours)
    gone = [p for p in spec.points() if p.value is None and p.at is not None]
    if gone:
        traces.append(
            {
                "type": "scatter", "x": [p.at for p in gone], "y": [axis.low] * len(gone), "mode": "markers", "showlegend": False,
                "text": [screen.shown(p.said(spec.unit)) for p in gone], "hovertemplate": "%{text}<extra></extra>",
                "marker": {"symbol": "circle-open", "color": colours.unknown, "size": 7}, "cliponaxis": False,
            }
        )  # fmt: skip
    clock = not any(isinstance(p.at, int) for p in spec.points())
    for start, end in spec.immature():
        ends = (screen.moment(start, clock=clock), screen.moment(end, clock=clock))
        layout["shapes"].append(screen.strip("x", *ends, screen.translucent(colours.muted, 0.12)))
        inside = {"x": ends[1], "y": 0, "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
        layout["annotations"].append(screen.note(strings.IMMATURE_WINDOWS, colours, **inside))
    rows = stacked(spec)
    for mark, row in zip(spec.marks, rows, strict=True):
        layout["shapes"].append(screen.rule("x", mark.at, colours.muted, dash="dot"))
        above = {"x": mark.at, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "left", "yshift": LINE * row}
        text = screen.shown(pen.shorten(f"{mark.kind}: {mark.text}" if mark.text else mark.kind, 150))
        said = screen.shown(f"{mark.kind}, {strings.moment(mark.at)}: {mark.text}".removesuffix(": "))
        layout["annotations"].append(screen.note(text, colours, hovertext=said, **above))
    if spec.baseline is not None:
        layout["shapes"].append(screen.rule("y", spec.baseline, colours.muted, dash="dot"))
    named = len(spec.series) > 1
    return traces, {
        **layout,
        "height": 260 + LINE * max(rows, default=0),
        "yaxis": screen.values(axis),
        "xaxis": {"showgrid": False, "showline": True, "ticks": "outside"} | screen.calendar(p.at for p in spec.points()),
        "margin": {"t": (44 if spec.marks or named else 16) + LINE * max(rows, default=0)},
        "showlegend": named,
        "legend": screen.LEGEND | {"font": {"color": colours.text}, "y": 1.1 if spec.marks else 1.02},
    }


def stacked(spec: TrendChart) -> list[int]:
    """Return, for each mark, how many lines its label is moved up so that it does not lie on the label of one shortly before."""
    places = [scales.position(p.at) for p in spec.points() if p.at is not None]
    room = NEAR * ((max(places) - min(places)) or 1.0) if places else 0.0
    rows: list[int] = []
    ends: list[float] = []
    for mark in spec.marks:
        place = scales.position(mark.at)
        row = next((number for number, end in enumerate(ends) if place - end >= room), len(ends))
        ends[row : row + 1] = [place]
        rows.append(row)
    return rows


def _line(spec: TrendChart, series: Series, neutral: str, colours: Palette) -> list[dict[str, Any]]:
    places = [p.at for p in series.points]
    several = spec.several() or series.estimated
    lows, highs = ([getattr(p, bound) if p.value is not None else None for p in series.points] for bound in ("low", "high"))
    tints = [neutral if p.verdict is None or (several and p.verdict == "pass") else colours.status(p.verdict) for p in series.points]
    loud = [p.verdict in ("warn", "fail", "error") for p in series.points]
    hollow = [p.partial or p.verdict == "insufficient" for p in series.points]
    name = f"{screen.shown(series.name)} " if series.name else ""
    return [
        *screen.band(places, lows, highs, neutral, 0.13),
        {
            "type": "scatter", "x": places, "y": [p.value for p in series.points], "mode": "lines+markers",
            "name": screen.shown(series.name), "line": {"color": neutral, "width": 1.8, "dash": "dash" if series.estimated else "solid"},
            "connectgaps": False, "showlegend": len(spec.series) > 1,
            "text": [name + screen.shown(p.said(spec.unit)) for p in series.points], "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "color": [colours.background if h else t for h, t in zip(hollow, tints, strict=True)],
                "symbol": [screen.symbol(p.verdict).removesuffix("-open") for p in series.points],
                "size": [10 if big else 7 if h else 5 for big, h in zip(loud, hollow, strict=True)],
                "line": {"color": tints, "width": [1.6 if h else 0 for h in hollow]},
            },
        },
    ]  # fmt: skip
