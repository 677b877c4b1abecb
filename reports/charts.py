"""Charts: one value, drawn with Plotly on screen and as static SVG on paper. The only file that imports Plotly."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from reports import palette, pen, scales, strings, svg
from reports.chart_specs import (
    ChartSpec,
    DataTable,
    DistributionChart,
    HeatMap,
    IntervalChart,
    Mark,
    Point,
    ReliabilityChart,
    Series,
    TrendChart,
)
from reports.palette import Palette, Theme

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = [
    "ChartSpec",
    "DataTable",
    "DistributionChart",
    "HeatMap",
    "IntervalChart",
    "Mark",
    "Point",
    "ReliabilityChart",
    "Series",
    "TrendChart",
    "to_plotly",
    "to_svg",
]

to_svg = svg.to_svg

SYMBOLS: Final = {"pass": "circle", "warn": "triangle-up", "fail": "diamond", "insufficient": "circle-open", "error": "x"}


def to_plotly(spec: ChartSpec, theme: Theme) -> Figure:
    """Return a chart as a Plotly figure in the colours of a theme; its alt text is `figure.layout.meta["alt"]`."""
    from plotly.graph_objects import Figure

    colours = palette.of(theme)
    if isinstance(spec, IntervalChart):
        traces, layout = _intervals(spec, colours)
    elif isinstance(spec, TrendChart):
        traces, layout = _trend(spec, colours)
    elif isinstance(spec, HeatMap):
        traces, layout = _heat(spec, colours)
    elif isinstance(spec, DistributionChart):
        traces, layout = _distribution(spec, colours)
    else:
        traces, layout = _reliability(spec, colours)
    return Figure(data=traces, layout=_merged(_base(colours, spec.alt), layout))


def _shown(text: str) -> str:
    """Return text as Plotly may show it; it reads a subset of HTML in every label."""
    return html.escape(strings.safe(text), quote=False)


def _name(text: str, room: float = 170) -> str:
    """Return a label short enough for the axis; the tooltip has the whole of it."""
    return _shown(pen.shorten(strings.safe(text), room))


def _merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return base | {key: base[key] | value if isinstance(value, dict) and key in base else value for key, value in more.items()}


def _base(colours: Palette, alt: str) -> dict[str, Any]:
    axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.line,
        "tickcolor": colours.line,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "tickfont": {"color": colours.muted, "size": 11},
        "showspikes": False,
    }
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": pen.FONT, "size": 12, "color": colours.text},
        "margin": {"l": 8, "r": 12, "t": 24, "b": 8},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "meta": {"alt": alt},
        "hoverlabel": {
            "bgcolor": colours.surface,
            "bordercolor": colours.line,
            "font": {"color": colours.text, "family": pen.FONT, "size": 12},
        },
        "xaxis": dict(axis),
        "yaxis": dict(axis),
        "separators": ".,",
    }


def _values(axis: scales.Axis) -> dict[str, Any]:
    return {"tickangle": 0, "range": [axis.low, axis.high], "tickvals": list(axis.ticks), "ticktext": list(axis.labels)}


def _calendar(points: list[Point]) -> dict[str, Any]:
    """Return round ticks over window starts, as times or as row numbers."""
    places = [p.at for p in points if p.at is not None]
    axis = scales.windows(places, start=0, end=1, wanted=6)
    clock = bool(places) and not isinstance(places[0], int)
    values: list[Any] = [scales.EPOCH + timedelta(days=t) if clock else t for t in (*axis.ticks, axis.low, axis.high)]
    return {"tickvals": values[:-2], "ticktext": list(axis.labels), "range": values[-2:], "tickangle": 0}


def _translucent(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _policy(minimum: float | None, maximum: float | None, axis: scales.Axis, unit: str, colours: Palette, along: str) -> dict[str, Any]:
    """Return the policy's lines, the shaded side beyond them and their labels; `along` is the axis that carries the values."""
    other = "y" if along == "x" else "x"
    shapes, notes = [], []
    for edge, far, word in ((minimum, axis.low, "min"), (maximum, axis.high, "max")):
        if edge is None:
            continue
        near = min(max(edge, axis.low), axis.high)
        common = {f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1, f"{along}ref": along, "layer": "below"}
        shapes.append(
            {
                **common,
                "type": "rect",
                f"{along}0": near,
                f"{along}1": far,
                "fillcolor": _translucent(colours.critical, 0.06),
                "line": {"width": 0},
            }
        )
        shapes.append(
            {
                **common,
                "type": "line",
                f"{along}0": edge,
                f"{along}1": edge,
                "line": {"color": colours.critical, "width": 1, "dash": "dash"},
            }
        )
        place = (
            {"x": edge, "y": 1, "yref": "paper", "yanchor": "bottom"}
            if along == "x"
            else {"x": 1, "y": edge, "xref": "paper", "xanchor": "right", "yanchor": "bottom"}
        )
        notes.append(
            {**place, "text": f"{word} {strings.threshold(edge, unit)}", "showarrow": False, "font": {"size": 11, "color": colours.muted}}
        )
    return {"shapes": shapes, "annotations": notes}


def _tint(point: Point, colours: Palette, neutral: str) -> str:
    return colours.status(point.verdict) if point.verdict else neutral


def _intervals(spec: IntervalChart, colours: Palette) -> tuple[list[Any], dict[str, Any]]:
    from plotly.graph_objects import Scatter

    axis = scales.numeric(spec.extent(), unit=spec.unit, start=0, end=1, wanted=4)
    layout = _policy(spec.minimum, spec.maximum, axis, spec.unit, colours, "x")
    if spec.parity is not None:
        layout["shapes"].append(
            {
                "type": "line",
                "layer": "below",
                "x0": spec.parity,
                "x1": spec.parity,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": colours.line, "width": 1.5},
            }
        )
    traces = []
    for index, point in enumerate(spec.points):
        if point.value is None:
            blank = {"x": axis.low, "y": index, "xanchor": "left", "text": _shown(point.reason or "no value"), "showarrow": False}
            layout["annotations"].append(blank | {"font": {"size": 11, "color": colours.muted}})
            continue
        tint = _tint(point, colours, colours.series[0])
        spread = {
            "visible": point.low is not None and point.high is not None,
            "type": "data",
            "symmetric": False,
            "color": tint,
            "thickness": 2,
            "width": 4,
        }
        if point.low is not None and point.high is not None:
            spread |= {"array": [point.high - point.value], "arrayminus": [point.value - point.low]}
        traces.append(
            Scatter(
                x=[point.value],
                y=[index],
                mode="markers",
                error_x=spread,
                hovertemplate=_shown(point.said(spec.unit)) + "<extra></extra>",
                name=_shown(point.label),
                marker={"color": tint, "size": 11, "symbol": SYMBOLS.get(point.verdict or "pass", "circle")},
            )
        )
    numbers = [" ".join(strings.parts(p.value, p.low, p.high, spec.unit)).strip() for p in spec.points]
    for index, (point, number) in enumerate(zip(spec.points, numbers, strict=True)):
        if point.value is not None:
            text = f"{number}   n = {strings.count(point.n)}"
            layout["annotations"].append(
                {
                    "x": 1,
                    "xref": "paper",
                    "xanchor": "left",
                    "y": index,
                    "text": text,
                    "showarrow": False,
                    "xshift": 8,
                    "font": {"size": 12, "color": colours.text},
                }
            )
    room = 6.6 * max((len(f"{number}   n = {strings.count(p.n)}") for p, number in zip(spec.points, numbers, strict=True)), default=0)
    names = [f"<b>{_name(p.label)}</b>" if p.reference else _name(p.label) for p in spec.points]
    return traces, layout | {
        "height": 58 + 28 * max(len(spec.points), 1),
        "xaxis": _values(axis),
        "margin": {"r": room + 16},
        "yaxis": {
            "range": [len(spec.points) - 0.5, -0.5],
            "tickvals": list(range(len(spec.points))),
            "ticktext": names,
            "showgrid": False,
            "tickfont": {"color": colours.text, "size": 12},
        },
    }


def _trend(spec: TrendChart, colours: Palette) -> tuple[list[Any], dict[str, Any]]:
    from plotly.graph_objects import Scatter

    points = [p for line in spec.series for p in line.points]
    several = len(spec.series) > 1
    axis = scales.numeric(spec.extent(), unit=spec.unit, start=0, end=1, wanted=5, pad=0.06)
    layout = _policy(spec.minimum, spec.maximum, axis, spec.unit, colours, "y")
    traces: list[Any] = []
    for index, series in enumerate(spec.series):
        neutral = colours.series[index % len(colours.series)]
        places = [p.at for p in series.points]
        for bound, fill in (("high", None), ("low", "tonexty")):
            traces.append(
                Scatter(
                    x=places,
                    y=[getattr(p, bound) if p.value is not None else None for p in series.points],
                    mode="lines",
                    line={"width": 0},
                    fill=fill,
                    fillcolor=_translucent(neutral, 0.13),
                    hoverinfo="skip",
                    showlegend=False,
                    connectgaps=False,
                )
            )
        tints = [neutral if p.verdict is None or (several and p.verdict == "pass") else colours.status(p.verdict) for p in series.points]
        loud = [p.verdict in ("warn", "fail", "error") for p in series.points]
        hollow = [p.partial or p.verdict == "insufficient" for p in series.points]
        symbols = [SYMBOLS.get(p.verdict or "pass", "circle").removesuffix("-open") for p in series.points]
        name = f"{_shown(series.name)} " if series.name else ""
        traces.append(
            Scatter(
                x=places,
                y=[p.value for p in series.points],
                mode="lines+markers",
                name=_shown(series.name),
                line={"color": neutral, "width": 1.8},
                connectgaps=False,
                showlegend=several,
                text=[name + _shown(p.said(spec.unit)) for p in series.points],
                hovertemplate="%{text}<extra></extra>",
                marker={
                    "color": [colours.background if h else t for h, t in zip(hollow, tints, strict=True)],
                    "symbol": symbols,
                    "size": [10 if big else 7 if h else 5 for big, h in zip(loud, hollow, strict=True)],
                    "line": {"color": tints, "width": [1.6 if h else 0 for h in hollow]},
                },
            )
        )
    gone = [p for p in points if p.value is None and p.at is not None]
    if gone:
        traces.append(
            Scatter(
                x=[p.at for p in gone],
                y=[axis.low] * len(gone),
                mode="markers",
                showlegend=False,
                text=[_shown(p.said(spec.unit)) for p in gone],
                hovertemplate="%{text}<extra></extra>",
                marker={"symbol": "circle-open", "color": colours.unknown, "size": 7},
                cliponaxis=False,
            )
        )
    for mark in spec.marks:
        layout["shapes"].append(
            {
                "type": "line",
                "x0": mark.at,
                "x1": mark.at,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": colours.muted, "width": 1, "dash": "dot"},
            }
        )
        layout["annotations"].append(
            {
                "x": mark.at,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "xanchor": "left",
                "showarrow": False,
                "text": _shown(pen.shorten(f"{mark.kind}: {mark.text}", 150)),
                "hovertext": _shown(f"{mark.kind}, {strings.moment(mark.at)}: {mark.text}"),
                "font": {"size": 11, "color": colours.muted},
            }
        )
    if spec.baseline is not None:
        layout["shapes"].append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": spec.baseline,
                "y1": spec.baseline,
                "line": {"color": colours.muted, "width": 1, "dash": "dot"},
            }
        )
    legend = {
        "orientation": "h",
        "x": 0,
        "y": 1.02,
        "xanchor": "left",
        "yanchor": "bottom",
        "traceorder": "normal",
        "font": {"color": colours.text},
    }
    return traces, layout | {
        "height": 260,
        "yaxis": _values(axis),
        "xaxis": {"showgrid": False, "showline": True, "ticks": "outside"} | _calendar(points),
        "margin": {"t": 44 if spec.marks or several else 16},
        "showlegend": several,
        "legend": legend | {"y": 1.1 if spec.marks else 1.02},
    }


def _heat(spec: HeatMap, colours: Palette) -> tuple[list[Any], dict[str, Any]]:
    from plotly.graph_objects import Heatmap, Scatter

    said = [
        [
            f"{_shown(name)}<br>{_shown(column)}: {strings.number(value, spec.unit)}"
            + (f" ({strings.verdict_word(verdict)})" if verdict else "")
            for column, value, verdict in zip(spec.columns, values, verdicts, strict=True)
        ]
        for name, values, verdicts in zip(spec.rows, spec.values, spec.verdicts, strict=True)
    ]
    down, across = list(range(len(spec.rows))), list(range(len(spec.columns)))
    traces: list[Any] = [
        Heatmap(
            z=[list(line) for line in spec.values],
            x=across,
            y=down,
            zmin=0,
            zmax=spec.full,
            xgap=1,
            ygap=1,
            text=said,
            hovertemplate="%{text}<extra></extra>",
            colorscale=[[0, colours.heat_low], [1, colours.heat_high]],
            hoverongaps=False,
            colorbar={"thickness": 8, "len": 0.9, "outlinewidth": 0, "tickfont": {"color": colours.muted, "size": 11}},
        )
    ]
    for verdict in ("warn", "fail"):
        cells = [(c, r) for r, line in enumerate(spec.verdicts) for c, found in enumerate(line) if found == verdict]
        traces.append(
            Scatter(
                x=[c for c, _ in cells],
                y=[r for _, r in cells],
                mode="markers",
                hoverinfo="skip",
                marker={
                    "symbol": SYMBOLS[verdict],
                    "size": 9,
                    "color": colours.status(verdict),
                    "line": {"color": colours.background, "width": 1.2},
                },
            )
        )
    every = max(1, -(-len(across) // 8))
    return traces, {
        "height": 70 + 22 * max(len(spec.rows), 1),
        "xaxis": {
            "tickvals": across[::every],
            "ticktext": [_shown(c) for c in spec.columns[::every]],
            "showgrid": False,
            "side": "top",
            "tickangle": 0,
            "range": [-0.5, len(across) - 0.5],
        },
        "yaxis": {
            "tickvals": down,
            "ticktext": [_name(r, 180) for r in spec.rows],
            "showgrid": False,
            "range": [len(down) - 0.5, -0.5],
            "tickfont": {"color": colours.text, "size": 12},
        },
    }


def _distribution(spec: DistributionChart, colours: Palette) -> tuple[list[Any], dict[str, Any]]:
    from plotly.graph_objects import Scatter

    axis = scales.numeric([*spec.reference, *spec.window], unit="percent", start=0, end=1, zero=True, wanted=5)
    down = list(range(len(spec.labels)))
    joins_x = [v for a, b in zip(spec.reference, spec.window, strict=True) for v in (a, b, None)]
    joins_y = [v for index in down for v in (index, index, None)]
    said = [f"{_shown(name)}: {shown}" for name, _, _, shown in spec.bins()]
    traces: list[Any] = [
        Scatter(x=joins_x, y=joins_y, mode="lines", line={"color": colours.series[0], "width": 2}, hoverinfo="skip", showlegend=False)
    ]
    for name, shares, n, symbol, colour in (
        ("Reference", spec.reference, spec.reference_n, "circle-open", colours.muted),
        ("Window", spec.window, spec.window_n, "circle", colours.series[0]),
    ):
        traces.append(
            Scatter(
                x=list(shares),
                y=down,
                mode="markers",
                name=f"{name}, n = {strings.count(n)}",
                text=said,
                hovertemplate="%{text}<extra></extra>",
                marker={"symbol": symbol, "size": 9, "color": colour, "line": {"width": 2, "color": colour}},
            )
        )
    return traces, {
        "height": 80 + 22 * max(len(down), 1),
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": _values(axis),
        "margin": {"t": 34},
        "yaxis": {
            "tickvals": down,
            "ticktext": [_name(name, 200) for name in spec.labels],
            "showgrid": False,
            "range": [len(down) - 0.5, -0.5],
            "tickfont": {"color": colours.text, "size": 12},
        },
    }


def _reliability(spec: ReliabilityChart, colours: Palette) -> tuple[list[Any], dict[str, Any]]:
    from plotly.graph_objects import Scatter

    known = spec.known()
    biggest = max((row[4] for row in known), default=1) or 1
    said = [
        f"Mean score {strings.number(score, 'decimal')}: observed {strings.estimate(seen, low, high, n, spec.unit)}"
        for score, seen, low, high, n in known
    ]
    seen_values = [row[1] for row in known]
    traces: list[Any] = [
        Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": colours.muted, "width": 1, "dash": "dash"}, hoverinfo="skip"),
        Scatter(
            x=[row[0] for row in known],
            y=seen_values,
            mode="markers",
            text=said,
            hovertemplate="%{text}<extra></extra>",
            error_y={
                "type": "data",
                "symmetric": False,
                "color": colours.series[0],
                "thickness": 1.6,
                "width": 0,
                "array": [max((row[3] if row[3] is not None else v) - v, 0.0) for row, v in zip(known, seen_values, strict=True)],
                "arrayminus": [max(v - (row[2] if row[2] is not None else v), 0.0) for row, v in zip(known, seen_values, strict=True)],
            },
            marker={"color": colours.series[0], "opacity": 1, "size": [6 + 6 * (row[4] / biggest) ** 0.5 for row in known]},
        ),
    ]
    ticks = {"range": [0, 1], "tickvals": [0, 0.25, 0.5, 0.75, 1], "ticktext": ["0%", "25%", "50%", "75%", "100%"]}
    small = {"size": 11, "color": colours.muted}
    return traces, {
        "height": 340,
        "xaxis": ticks | {"title": {"text": "mean score", "font": small}},
        "yaxis": ticks | {"title": {"text": "observed rate", "font": small}},
    }
