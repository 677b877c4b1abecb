"""Lines over windows: realised and estimated figures with intervals, immature windows shaded, the policy's lines, marks of events."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise

from reports import scales, strings
from reports.charts import trend_screen
from reports.charts.point import DataTable, Mark, Point, Series, cells, colour_places
from reports.charts.screen import Drawing
from reports.palette import Palette
from reports.pen import Pen, measure, path, tags


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendChart:
    """One or several series over windows, with intervals, the policy's lines and marks; partial windows are hollow.

    A series of estimates is dashed; windows whose outcomes are still to come are shaded.
    """

    title: str
    unit: str
    alt: str
    series: tuple[Series, ...]
    minimum: float | None = None
    maximum: float | None = None
    marks: tuple[Mark, ...] = ()
    baseline: float | None = None
    """The reference period's value, drawn as a thin dashed line."""

    def extent(self) -> list[float | None]:
        """Return the values that the axis must hold; as for `IntervalChart`, intervals too wide to judge may run off it."""
        points = self.points()
        judged = [p for p in points if p.verdict != "insufficient" and p.value is not None]
        values = [v for p in judged or points for v in (p.value, p.low, p.high)] + [p.value for p in points]
        return [*values, self.minimum, self.maximum, self.baseline]

    def points(self) -> list[Point]:
        """Return the points of all series."""
        return [p for line in self.series for p in line.points]

    def several(self) -> bool:
        """Whether colours tell lines apart, and not only dashes; verdicts then show only where they are bad."""
        return len({line.colour_key for line in self.series}) > 1

    def immature(self) -> list[tuple[float, float]]:
        """Return where windows are shaded because outcomes are still to come: from and to, as places on the axis of windows."""
        places = sorted({scales.position(p.at) for p in self.points() if p.at is not None})
        early = {scales.position(p.at) for p in self.points() if p.immature and p.at is not None}
        if not early:
            return []
        step = min((b - a for a, b in pairwise(places)), default=1.0)
        spans: list[tuple[float, float]] = []
        for known, run in groupby(places, key=lambda place: place in early):
            piece = list(run)
            if known:
                spans.append((piece[0] - step / 2, piece[-1] + step / 2))
        return spans

    def data_table(self) -> DataTable:
        """Return one row per window and series."""
        rows = tuple(
            ((strings.safe(line.name), *cells(point, self.unit)) if len(self.series) > 1 else cells(point, self.unit))
            for line in self.series
            for point in line.points
        )
        head = ("Window", "Value", "95% interval", "n", "Status")
        return DataTable(columns=("Series", *head) if len(self.series) > 1 else head, rows=rows)

    def figure(self, colours: Palette) -> Drawing:
        """Return the chart for the screen."""
        return trend_screen.figure(self, colours)

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw the lines; one line is neutral with verdicts as marks, several lines carry their names at the right end."""
        pen = Pen(colours, width)
        tagged = len(self.series) > 1
        spans = self.immature()
        top = (30.0 if self.marks else 12.0) + (12.0 if spans else 0.0)
        bottom = top + 150.0
        # Bold digits of a fallback font run wider than those measured.
        tag_room = min(1.15 * max(measure(strings.safe(s.name), 11) for s in self.series), 150.0) if tagged else 0.0
        y = scales.numeric(self.extent(), unit=self.unit, start=bottom, end=top, wanted=4, pad=0.06)
        left, right = max([measure(label, 10.5) for label in y.labels], default=20) + 10, width - (tag_room + 12 if tagged else 8)
        places = [p.at for p in self.points() if p.at is not None]
        x = scales.windows(places, start=left, end=right, wanted=max(2, int((right - left) // 85)))
        for start, end in spans:
            pen.shade(x(start), top, x(end) - x(start), bottom - top, colours.muted, 0.12)
        if spans:
            # At the left end of the shade, where there is room: the policy's words are at the right end.
            left_end = x(spans[-1][0]) + measure(strings.IMMATURE_WINDOWS, 10) + 70 < right
            place = x(spans[-1][0]) if left_end else x(spans[-1][1])
            pen.text(place, top - 3, strings.IMMATURE_WINDOWS, anchor="start" if left_end else "end", colour=colours.muted, size=10)
        self._ground(pen, x, y, top, bottom)
        self._marks(pen, x, top - (12 if spans else 0), bottom)
        for place, series in zip(colour_places(self.series), self.series, strict=True):
            self._line(pen, series, colours.series[place % len(colours.series)], x, y, bottom)
        if tagged:
            ends = [next((p.value for p in reversed(s.points) if p.value is not None), None) for s in self.series]
            names = [
                (y(end), place, s.name)
                for end, place, s in zip(ends, colour_places(self.series), self.series, strict=True)
                if end is not None
            ]
            tags(pen, names, right + 8, bottom, tag_room)
        pen.height = bottom + 22
        return pen

    def _ground(self, pen: Pen, x: scales.Axis, y: scales.Axis, top: float, bottom: float) -> None:
        colours, left, right = pen.colours, x.start, x.end
        if self.minimum is not None:
            pen.shade(left, y(self.minimum), right - left, bottom - y(self.minimum), colours.critical, 0.05)
        if self.maximum is not None:
            pen.shade(left, top, right - left, y(self.maximum) - top, colours.critical, 0.05)
        for tick, label in zip(y.ticks, y.labels, strict=True):
            pen.line(left, y(tick), right, y(tick), colours.grid)
            pen.text(left - 6, y(tick) + 3.5, label, anchor="end", colour=colours.muted, size=10.5)
        for tick, label in zip(x.ticks, x.labels, strict=True):
            pen.line(x(tick), bottom, x(tick), bottom + 4, colours.line)
            half = measure(label, 10.5) / 2
            pen.text(min(max(x(tick), half), pen.width - half), bottom + 16, label, anchor="middle", colour=colours.muted, size=10.5)
        pen.line(left, bottom, right, bottom, colours.line)
        if self.baseline is not None:
            pen.line(left, y(self.baseline), right, y(self.baseline), colours.muted, dash="1 3")
            pen.text(left + 4, y(self.baseline) - 4, "reference", colour=colours.muted, size=10)
        for edge, word in ((self.minimum, "min"), (self.maximum, "max")):
            if edge is not None:
                pen.line(left, y(edge), right, y(edge), colours.critical, dash="4 3")
                text = f"{word} {strings.threshold(edge, self.unit)}"
                pen.text(right - 3, y(edge) - 4, text, anchor="end", colour=colours.muted, size=10.5, halo=True)

    def _line(self, pen: Pen, series: Series, tint: str, x: scales.Axis, y: scales.Axis, bottom: float) -> None:
        several = self.several() or series.estimated
        placed = [p for p in series.points if p.at is not None]
        for known, run in groupby(placed, key=lambda p: p.value is not None):
            piece = list(run)
            if not known:
                continue
            band = [p for p in piece if p.low is not None and p.high is not None]
            if len(band) > 1:
                upper = [(x(scales.position(p.at)), y(p.high)) for p in band if p.at is not None and p.high is not None]
                lower = [(x(scales.position(p.at)), y(p.low)) for p in reversed(band) if p.at is not None and p.low is not None]
                pen.element("path", d=path([*upper, *lower], close=True), fill=tint, fill_opacity=0.1 if several else 0.14)
            places = [(x(scales.position(p.at)), y(p.value)) for p in piece if p.at is not None and p.value is not None]
            if len(places) > 1:
                look: dict[str, str | float | None] = {"stroke": tint, "stroke_width": 1.6, "stroke_linejoin": "round"}
                pen.element("path", d=path(places), fill="none", stroke_dasharray="5 3" if series.estimated else None, **look)
        crowded = len(placed) > 45
        for point in placed:
            if point.at is None:
                continue
            pen.group(f"{strings.safe(series.name)} {point.said(self.unit)}".strip())
            across = x(scales.position(point.at))
            if point.value is None:
                pen.marker(across, bottom - 5, "insufficient", radius=2.8)
            else:
                if point.low is not None and point.high is not None and len(placed) == 1:
                    pen.line(across, y(point.low), across, y(point.high), tint, width=1.6)
                loud = point.verdict in ("warn", "fail", "error")
                plain = several or point.verdict is None
                radius = (3.2 if crowded else 3.8) if loud else (1.9 if crowded else 2.4)
                colour = tint if plain and not loud and point.verdict != "insufficient" else ""
                hollow = point.partial
                pen.marker(across, y(point.value), point.verdict, radius=radius + (0.8 if hollow else 0), colour=colour, hollow=hollow)
            pen.end()

    def _marks(self, pen: Pen, x: scales.Axis, top: float, bottom: float) -> None:
        muted = pen.colours.muted
        ordered = sorted(self.marks, key=lambda m: scales.position(m.at))
        places = [x(scales.position(mark.at)) for mark in ordered]
        for index, (mark, across) in enumerate(zip(ordered, places, strict=True)):
            pen.group(f"{mark.kind}, {strings.moment(mark.at)}: {mark.text}")
            pen.line(across, top - 8, across, bottom, muted, dash="2 2")
            room = (places[index + 1] if index + 1 < len(places) else pen.width) - across - 8
            label = f"{mark.kind}: {mark.text}"
            if room < 46 and index + 1 == len(places):
                pen.text(across - 4, top - 12, label, anchor="end", colour=muted, size=10.5, room=150)
            elif room >= 24:
                pen.text(across + 1, top - 12, label, colour=muted, size=10.5, room=min(room, 190))
            pen.element("path", d=path([(across - 3, top - 8), (across + 3, top - 8), (across, top - 3)], close=True), fill=muted)
            pen.end()
