"""Curves over a number: rates against the threshold, outcomes known against their age."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from reports import scales, strings
from reports.charts import screen
from reports.charts.point import DataTable
from reports.palette import Palette
from reports.pen import Pen, measure, path, tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line: values at places, with bounds; a withheld or unknown value is None and breaks the line."""

    name: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    dashed: bool = False

    def bounds(self, place: int) -> tuple[float | None, float | None]:
        """Return the interval at a place; no bounds where the curve has none."""
        return (self.low[place] if self.low else None), (self.high[place] if self.high else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A line across the chart at a place that matters: where the log's decisions are, where the policy draws a line."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A pale band behind the curves: where most single cases lie, which is not an interval of the curve."""

    name: str
    x: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveChart:
    """Several curves over one number, with bands: the threshold explorer, the lag of outcomes, what a column does to the score.

    `x_title` names the number ("threshold", "days after the prediction"); `rules` are vertical lines, `levels` horizontal ones.
    """

    title: str
    unit: str
    alt: str
    x_title: str
    x_unit: str
    curves: tuple[Curve, ...]
    rules: tuple[Rule, ...] = ()
    levels: tuple[Rule, ...] = ()
    bands: tuple[Band, ...] = ()

    def _axes(self, x_ends: tuple[float, float], y_ends: tuple[float, float]) -> tuple[scales.Axis, scales.Axis]:
        across = [*(v for curve in self.curves for v in curve.x), *(rule.at for rule in self.rules)]
        up: list[float | None] = [rule.at for rule in self.levels]
        for curve in self.curves:
            up += [*curve.y, *curve.low, *curve.high]
        for band in self.bands:
            up += [*band.low, *band.high]
        wanted = max(2, int(abs(x_ends[1] - x_ends[0]) // 70)) if x_ends != (0, 1) else 6
        x = scales.numeric(across, unit=self.x_unit, start=x_ends[0], end=x_ends[1], wanted=wanted, pad=0.0)
        return x, scales.numeric(up, unit=self.unit, start=y_ends[0], end=y_ends[1], wanted=4, pad=0.04)

    def said(self, curve: Curve, place: int) -> str:
        """Say one place of a curve in a line."""
        value, (low, high) = curve.y[place], curve.bounds(place)
        told = strings.SUPPRESSED if value is None else strings.estimate(value, low, high, None, self.unit)
        about = f"{strings.safe(curve.name)}, " if curve.name else ""
        return f"{about}{self.x_title} {strings.number(curve.x[place], self.x_unit)}: {told}"

    def data_table(self) -> DataTable:
        """Return one row per place, one column of values with intervals per curve, and one per band."""
        places = sorted({x for curve in self.curves for x in curve.x})
        found = [{x: " ".join(self._cell(curve, index)) for index, x in enumerate(curve.x)} for curve in self.curves]
        found += [dict(zip(band.x, map(self._span, band.low, band.high), strict=True)) for band in self.bands]
        rows = tuple((strings.number(x, self.x_unit), *(each.get(x, strings.DASH) for each in found)) for x in places)
        names = [strings.safe(curve.name) or self.title for curve in self.curves] + [strings.safe(band.name) for band in self.bands]
        return DataTable(columns=(self.x_title[:1].upper() + self.x_title[1:], *names), rows=rows)

    def _cell(self, curve: Curve, place: int) -> tuple[str, ...]:
        value, (low, high) = curve.y[place], curve.bounds(place)
        if value is None:
            return (strings.DASH,)
        return tuple(part for part in strings.parts(value, low, high, self.unit) if part)

    def _span(self, low: float | None, high: float | None) -> str:
        if low is None or high is None:
            return strings.DASH
        return f"{strings.number(low, self.unit)} to {strings.number(high, self.unit)}"

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw the curves with their bands and their names at the right end."""
        pen = Pen(colours, width)
        tagged = len(self.curves) > 1
        top = 28.0 if self.rules else 12.0
        bottom = top + 170.0
        room = min(max((measure(strings.safe(c.name), 11) for c in self.curves), default=0), 140.0) if tagged else 0.0
        _, first = self._axes((0, 1), (bottom, top))
        left, right = max([measure(label, 10.5) for label in first.labels], default=20) + 10, width - (room + 14 if tagged else 10)
        x, y = self._axes((left, right), (bottom, top))
        for tick, label in zip(y.ticks, y.labels, strict=True):
            pen.line(left, y(tick), right, y(tick), colours.grid)
            pen.text(left - 6, y(tick) + 3.5, label, anchor="end", colour=colours.muted, size=10.5)
        for tick, label in zip(x.ticks, x.labels, strict=True):
            pen.line(x(tick), bottom, x(tick), bottom + 4, colours.line)
            half = 1.15 * measure(label, 10.5) / 2  # digits of a fallback font run wider than those measured
            pen.text(min(max(x(tick), half), width - half), bottom + 16, label, anchor="middle", colour=colours.muted, size=10.5)
        pen.line(left, bottom, right, bottom, colours.line)
        for level in self.levels:
            pen.line(left, y(level.at), right, y(level.at), colours.muted, dash="4 3")
            pen.text(right - 3, y(level.at) - 4, level.text, anchor="end", colour=colours.muted, size=10.5, halo=True)
        for rule in self.rules:
            pen.group(f"{rule.text}: {strings.number(rule.at, self.x_unit)}")
            pen.line(x(rule.at), top - 6, x(rule.at), bottom, colours.text, width=1.2, dash="4 3")
            late = x(rule.at) > (left + right) / 2
            pen.text(x(rule.at), top - 10, rule.text, anchor="end" if late else "start", colour=colours.muted, size=10.5, room=200)
            pen.end()
        for band in self.bands:
            self._band(pen, band, x, y)
        for place, curve in enumerate(self.curves):
            self._line(pen, curve, colours.series[place % len(colours.series)], x, y)
        if tagged:
            ends = [(y(known[-1]), place, c.name) for place, c in enumerate(self.curves) if (known := [v for v in c.y if v is not None])]
            tags(pen, ends, right + 8, bottom, room)
        pen.text((left + right) / 2, bottom + 32, self.x_title, anchor="middle", colour=colours.muted, size=10.5)
        pen.height = bottom + 38
        return pen

    def _band(self, pen: Pen, band: Band, x: scales.Axis, y: scales.Axis) -> None:
        ends = [(at, low, high) for at, low, high in zip(band.x, band.low, band.high, strict=True) if low is not None and high is not None]
        if len(ends) > 1:
            pen.group(strings.safe(band.name))
            around = [*((x(at), y(high)) for at, _, high in ends), *((x(at), y(low)) for at, low, _ in reversed(ends))]
            pen.element("path", d=path(around, close=True), fill=pen.colours.muted, fill_opacity=0.12)
            pen.end()

    def _line(self, pen: Pen, curve: Curve, tint: str, x: scales.Axis, y: scales.Axis) -> None:
        for known, run in groupby(range(len(curve.x)), key=lambda place: curve.y[place] is not None):
            piece = list(run)
            if not known:
                continue
            bounds = [(curve.x[place], *curve.bounds(place)) for place in piece]
            upper = [(x(at), y(high)) for at, low, high in bounds if low is not None and high is not None]
            lower = [(x(at), y(low)) for at, low, high in reversed(bounds) if low is not None and high is not None]
            if len(upper) > 1:
                pen.element("path", d=path([*upper, *lower], close=True), fill=tint, fill_opacity=0.12)
            places = [(x(curve.x[place]), y(value)) for place in piece if (value := curve.y[place]) is not None]
            if len(places) > 1:
                look: dict[str, str | float | None] = {"stroke": tint, "stroke_width": 1.6, "stroke_linejoin": "round"}
                pen.element("path", d=path(places), fill="none", stroke_dasharray="5 3" if curve.dashed else None, **look)
            many = len(curve.x) > 40  # a line of a hundred places needs no dots; their values are in the table
            for place in () if many else piece:
                value = curve.y[place]
                if value is not None:
                    pen.group(self.said(curve, place))
                    pen.marker(x(curve.x[place]), y(value), None, radius=2.0, colour=tint)
                    pen.end()

    def figure(self, colours: Palette) -> screen.Drawing:
        """Return the chart for the screen."""
        x, y = self._axes((0, 1), (0, 1))
        traces: list[dict[str, Any]] = []
        for band in self.bands:
            traces += screen.band(band.x, band.low, band.high, colours.muted, 0.12)
        for place, curve in enumerate(self.curves):
            tint = colours.series[place % len(colours.series)]
            if curve.low and curve.high:
                traces += screen.band(curve.x, curve.low, curve.high, tint, 0.13)
            traces.append(
                {
                    "type": "scatter", "x": list(curve.x), "y": list(curve.y), "mode": "lines", "name": screen.shown(curve.name),
                    "line": {"color": tint, "width": 1.8, "dash": "dash" if curve.dashed else "solid"}, "connectgaps": False,
                    "text": [screen.shown(self.said(curve, index)) for index in range(len(curve.x))],
                    "hovertemplate": "%{text}<extra></extra>", "showlegend": len(self.curves) > 1,
                }
            )  # fmt: skip
        shapes = [screen.rule("x", rule.at, colours.text, dash="dash", width=1.2) for rule in self.rules]
        shapes += [screen.rule("y", level.at, colours.muted, dash="dash") for level in self.levels]
        above = {"y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "left"}
        notes = [screen.note(screen.shown(rule.text), colours, x=rule.at, **above) for rule in self.rules]
        inside = {"x": 1, "xref": "paper", "xanchor": "right", "yanchor": "bottom"}
        notes += [screen.note(screen.shown(level.text), colours, y=level.at, **inside) for level in self.levels]
        named = len(self.curves) > 1
        small = {"size": 11, "color": colours.muted}
        return traces, {
            "height": 300,
            "shapes": shapes,
            "annotations": notes,
            "showlegend": named,
            "legend": screen.LEGEND | {"font": {"color": colours.text}, "y": 1.1 if self.rules else 1.02},
            "margin": {"t": 48 if self.rules or named else 16},
            "xaxis": screen.values(x) | {"title": {"text": screen.shown(self.x_title), "font": small}, "showgrid": False, "showline": True},
            "yaxis": screen.values(y),
        }
