"""Dots with intervals: one measure by group, or gaps around zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports import scales, strings
from reports.charts import screen
from reports.charts.point import DataTable, Point, cells
from reports.palette import Palette
from reports.pen import Pen, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalChart:
    """A dot and its interval per group, with the policy's line; `parity` draws where all groups would be equal (0 for gaps)."""

    title: str
    unit: str
    alt: str
    points: tuple[Point, ...]
    minimum: float | None = None
    maximum: float | None = None
    parity: float | None = None
    head: str = "Group"
    """What the points are: groups, gaps, columns."""

    def extent(self) -> list[float | None]:
        """Return the values that the axis must hold; intervals too wide to judge may run off it, so that the others can be read."""
        judged = [p for p in self.points if p.verdict != "insufficient"]
        values = [v for p in self.points for v in (p.value, *((p.low, p.high) if p in judged or not judged else ()))]
        return [*values, self.minimum, self.maximum, self.parity]

    def data_table(self) -> DataTable:
        """Return label, value, interval, n and status per group, and people where a gap is said in people."""
        head = (self.head, "Value", "95% interval", "n", "Status")
        if not self._counts_people:
            return DataTable(columns=head, rows=tuple(cells(p, self.unit) for p in self.points))
        rows = tuple((*cells(p, self.unit), strings.people(*p.people) if p.people is not None else "") for p in self.points)
        return DataTable(columns=(*head, "People"), rows=rows)

    @property
    def _counts_people(self) -> bool:
        return any(p.people is not None for p in self.points)

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw a forest plot: name, dot and interval on one scale, the numbers, n, and people where there are any."""
        pen = Pen(colours, width)
        row, top = 24.0, 22.0
        numbers = [" ".join(strings.parts(p.value, p.low, p.high, self.unit)).strip() for p in self.points]
        counted = [strings.count(p.n) for p in self.points]
        people = ["" if p.people is None else strings.about(p.people[0]) for p in self.points]
        right_people = width - 2
        right_n = right_people - (max(measure(each) for each in [*people, "people"]) + 16 if self._counts_people else 0)
        right_numbers = right_n - max([measure(s) for s in counted], default=0) - 16
        # Digits of a fallback font run wider than those measured; a name that starts left of the page would lose its first digits.
        name_room = min(1.1 * max([measure(strings.safe(p.label)) for p in self.points], default=40), width * 0.3)
        left, right = name_room + 20, right_numbers - max([measure(t) for t in numbers], default=0) - 18
        bottom = top + row * max(len(self.points), 1)
        axis = scales.numeric(self.extent(), unit=self.unit, start=left, end=right, wanted=max(2, int((right - left) // 44)))
        heads = [(right_numbers, "value [95% interval]"), (right_n, "n"), *([(right_people, "people")] if self._counts_people else [])]
        for place, head in heads:
            pen.text(place, 12, head, anchor="end", colour=colours.muted, size=10.5)
        self._policy(pen, axis, top, bottom)
        for index, point in enumerate(self.points):
            y = top + row * (index + 0.5)
            pen.group(point.said(self.unit))
            pen.text(name_room, y + 4, point.label, anchor="end", room=name_room, weight="600" if point.reference else None)
            if point.value is None:
                pen.text(right_numbers, y + 4, point.reason or "no value", anchor="end", colour=colours.muted, room=right_numbers - left)
            else:
                self._dot(pen, axis, point, y)
                faint = point.verdict == "insufficient"
                pen.text(right_numbers, y + 4, numbers[index], anchor="end", colour=colours.muted if faint else colours.text)
            if point.n is not None:
                pen.text(right_n, y + 4, counted[index], anchor="end", colour=colours.muted)
            if people[index]:
                pen.text(right_people, y + 4, people[index], anchor="end", colour=colours.muted)
            pen.end()
        pen.height = bottom + 20
        return pen

    def _policy(self, pen: Pen, axis: scales.Axis, top: float, bottom: float) -> None:
        colours = pen.colours
        if self.minimum is not None:
            pen.shade(axis.start, top, axis(self.minimum) - axis.start, bottom - top, colours.critical, 0.05)
        if self.maximum is not None:
            pen.shade(axis(self.maximum), top, axis.end - axis(self.maximum), bottom - top, colours.critical, 0.05)
        for tick, label in zip(axis.ticks, axis.labels, strict=True):
            pen.line(axis(tick), top, axis(tick), bottom, colours.grid)
            pen.text(axis(tick), bottom + 14, label, anchor="middle", colour=colours.muted, size=10.5)
        if self.parity is not None:
            pen.line(axis(self.parity), top, axis(self.parity), bottom, colours.line, width=1.4)
        for edge, word in ((self.minimum, "min"), (self.maximum, "max")):
            if edge is not None:
                pen.line(axis(edge), top - 4, axis(edge), bottom, colours.critical, dash="4 3")
                text = f"{word} {strings.threshold(edge, self.unit)}"
                pen.text(axis(edge), top - 8, text, anchor="middle", colour=colours.muted, size=10.5)

    def _dot(self, pen: Pen, axis: scales.Axis, point: Point, y: float) -> None:
        if point.value is None:
            return
        faint = point.verdict == "insufficient"
        tint = pen.colours.status(point.verdict) if point.verdict else pen.colours.series[0]
        if point.low is not None and point.high is not None:
            pen.line(axis(point.low), y, axis(point.high), y, tint, width=1.5 if faint else 2.2, dash="3 2" if faint else None)
            for edge in (point.low, point.high):
                if axis.low <= edge <= axis.high:  # an interval that runs off the axis has no end there
                    pen.line(axis(edge), y - 3.5, axis(edge), y + 3.5, tint, width=1.2)
        pen.marker(axis(point.value), y, point.verdict, radius=4.4, colour=tint)

    def figure(self, colours: Palette) -> screen.Drawing:
        """Return the chart for the screen."""
        axis = scales.numeric(self.extent(), unit=self.unit, start=0, end=1, wanted=4)
        layout: dict[str, Any] = dict(screen.policy(self.minimum, self.maximum, axis, self.unit, colours, "x"))
        if self.parity is not None:
            layout["shapes"].append(screen.rule("x", self.parity, colours.line, width=1.5))
        traces, texts = [], []
        for index, point in enumerate(self.points):
            if point.value is None:
                text = screen.shown(point.reason or "no value")
                layout["annotations"].append(screen.note(text, colours, x=axis.low, y=index, xanchor="left"))
                continue
            tint = colours.status(point.verdict) if point.verdict else colours.series[0]
            arms = screen.spread([point.value], [point.low], [point.high], tint, thickness=2, width=4)
            traces.append(
                {
                    "type": "scatter", "x": [point.value], "y": [index], "mode": "markers", "name": screen.shown(point.label),
                    "error_x": arms | {"visible": point.low is not None and point.high is not None},
                    "hovertemplate": screen.shown(point.said(self.unit)) + "<extra></extra>",
                    "marker": {"color": tint, "size": 11, "symbol": screen.symbol(point.verdict)},
                }
            )  # fmt: skip
            number = " ".join(strings.parts(point.value, point.low, point.high, self.unit)).strip()
            counted = "" if point.people is None else f"   {strings.people(*point.people)}"
            texts.append(f"{number}   n = {strings.count(point.n)}{counted}")
            beside = screen.note(texts[-1], colours, x=1, xref="paper", xanchor="left", y=index, xshift=8)
            layout["annotations"].append(beside | {"font": {"size": 12, "color": colours.text}})
        names = [f"<b>{screen.name(p.label)}</b>" if p.reference else screen.name(p.label) for p in self.points]
        return traces, layout | {
            "height": 58 + 28 * max(len(self.points), 1),
            "xaxis": screen.values(axis),
            "margin": {"r": 6.6 * max(map(len, texts), default=0) + 16},
            "yaxis": {
                "range": [len(self.points) - 0.5, -0.5], "tickvals": list(range(len(self.points))), "ticktext": names, "showgrid": False,
                "tickfont": {"color": colours.text, "size": 12},
            },
        }  # fmt: skip
