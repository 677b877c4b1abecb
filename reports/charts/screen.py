"""What all charts on screen share, as plain values in Plotly's layout language: axes, policy lines, labels."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from reports import pen, scales, strings
from reports.palette import Palette

Drawing = tuple[list[dict[str, Any]], dict[str, Any]]
"""Traces and layout."""

SYMBOLS: Final = {"pass": "circle", "warn": "triangle-up", "fail": "diamond", "insufficient": "circle-open", "error": "x"}
LEGEND: Final = {"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom", "traceorder": "normal"}


def shown(text: str) -> str:
    """Return text as Plotly may show it; it reads a subset of HTML in every label."""
    return html.escape(strings.safe(text), quote=False)


def name(text: str, room: float = 170) -> str:
    """Return a label short enough for the axis; the tooltip has the whole of it."""
    return shown(pen.shorten(strings.safe(text), room))


def symbol(verdict: str | None) -> str:
    """Return the mark of a verdict."""
    return SYMBOLS.get(verdict or "pass", "circle")


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return a layout with another on top, one level deep."""
    return base | {key: base[key] | value if isinstance(value, dict) and key in base else value for key, value in more.items()}


def base(colours: Palette, alt: str) -> dict[str, Any]:
    """Return the layout that every chart starts from."""
    axis = {
        "gridcolor": colours.grid, "linecolor": colours.line, "tickcolor": colours.line, "zeroline": False, "automargin": True,
        "fixedrange": True, "tickfont": {"color": colours.muted, "size": 11}, "showspikes": False,
    }  # fmt: skip
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
            "bgcolor": colours.surface, "bordercolor": colours.line, "font": {"color": colours.text, "family": pen.FONT, "size": 12},
        },
        "xaxis": dict(axis),
        "yaxis": dict(axis),
        "separators": ".,",
    }  # fmt: skip


def values(axis: scales.Axis) -> dict[str, Any]:
    """Return the range and ticks of an axis."""
    return {"tickangle": 0, "range": [axis.low, axis.high], "tickvals": list(axis.ticks), "ticktext": list(axis.labels)}


def calendar(places: Iterable[datetime | int | None]) -> dict[str, Any]:
    """Return round ticks over window starts, as times or as row numbers."""
    known = [at for at in places if at is not None]
    axis = scales.windows(known, start=0, end=1, wanted=6)
    clock = bool(known) and not isinstance(known[0], int)
    ticks: list[Any] = [scales.EPOCH + timedelta(days=t) if clock else t for t in (*axis.ticks, axis.low, axis.high)]
    return {"tickvals": ticks[:-2], "ticktext": list(axis.labels), "range": ticks[-2:], "tickangle": 0}


def moment(place: float, *, clock: bool) -> Any:
    """Return a place on a window axis as Plotly takes it: a time, or a row number."""
    return scales.EPOCH + timedelta(days=place) if clock else place


def translucent(colour: str, opacity: float) -> str:
    """Return a colour that lets what lies below shine through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def note(text: str, colours: Palette, **place: Any) -> dict[str, Any]:
    """Return a small grey text."""
    return {"text": text, "showarrow": False, "font": {"size": 11, "color": colours.muted}, **place}


def rule(along: str, at: Any, colour: str, *, dash: str = "solid", width: float = 1) -> dict[str, Any]:
    """Return a line across the whole chart where the axis `along` has the value `at`."""
    other = "y" if along == "x" else "x"
    return {
        "type": "line", "layer": "below", f"{along}0": at, f"{along}1": at, f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1,
        "line": {"color": colour, "width": width, "dash": dash},
    }  # fmt: skip


def strip(along: str, start: Any, end: Any, colour: str) -> dict[str, Any]:
    """Return a tinted strip across the whole chart from `start` to `end` of the axis `along`."""
    other = "y" if along == "x" else "x"
    return {
        "type": "rect", "layer": "below", f"{along}0": start, f"{along}1": end, f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1,
        "fillcolor": colour, "line": {"width": 0},
    }  # fmt: skip


def policy(
    minimum: float | None, maximum: float | None, axis: scales.Axis, unit: str, colours: Palette, along: str
) -> dict[str, list[dict[str, Any]]]:
    """Return the policy's lines, the shaded side beyond them and their labels; `along` is the axis that carries the values."""
    shapes, notes = [], []
    for edge, far, word in ((minimum, axis.low, "min"), (maximum, axis.high, "max")):
        if edge is None:
            continue
        near = min(max(edge, axis.low), axis.high)
        shapes += [
            strip(along, near, far, translucent(colours.critical, 0.06)) | {f"{along}ref": along},
            rule(along, edge, colours.critical, dash="dash") | {f"{along}ref": along},
        ]
        across = {"x": edge, "y": 1, "yref": "paper", "yanchor": "bottom"}
        up = {"x": 1, "y": edge, "xref": "paper", "xanchor": "right", "yanchor": "bottom"}
        notes.append(note(f"{word} {strings.threshold(edge, unit)}", colours, **(across if along == "x" else up)))
    return {"shapes": shapes, "annotations": notes}


def spread(
    values: Sequence[float],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    colour: str,
    *,
    thickness: float = 1.6,
    width: int = 0,
) -> dict[str, Any]:
    """Return error bars; a bound that is absent has no arm."""
    return {
        "type": "data", "symmetric": False, "color": colour, "thickness": thickness, "width": width,
        "array": [max((v if high is None else high) - v, 0.0) for v, high in zip(values, highs, strict=True)],
        "arrayminus": [max(v - (v if low is None else low), 0.0) for v, low in zip(values, lows, strict=True)],
    }  # fmt: skip


def band(
    places: Sequence[Any], lows: Sequence[float | None], highs: Sequence[float | None], colour: str, opacity: float
) -> list[dict[str, Any]]:
    """Return pairs of invisible lines with the room between them tinted, one pair for each unbroken run of bounds.

    A fill to a line with a gap in it is drawn as a wedge across the gap.
    """
    traces: list[dict[str, Any]] = []
    for known, run in groupby(range(len(places)), key=lambda i: lows[i] is not None and highs[i] is not None):
        piece = list(run)
        if known:
            traces += [
                {
                    "type": "scatter", "x": [places[i] for i in piece], "y": [bounds[i] for i in piece], "mode": "lines",
                    "line": {"width": 0}, "fill": fill, "fillcolor": translucent(colour, opacity), "hoverinfo": "skip",
                    "showlegend": False,
                }
                for bounds, fill in ((highs, None), (lows, "tonexty"))
            ]  # fmt: skip
    return traces
