"""When something rang: one line per case over the same stretch of time, a mark for each ring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reports import scales, strings
from reports.charts import screen
from reports.charts.point import DataTable, Mark
from reports.palette import Palette
from reports.pen import Pen, measure

ROW = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A moment at which a case rang, and about what."""

    at: datetime | int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the chart: its name, what is said of it at the right end, and its rings."""

    label: str
    note: str
    rings: tuple[Ring, ...]
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineChart:
    """Rings of several cases over one stretch of time; a dotted line stands for a release, an incident or a change of data."""

    title: str
    alt: str
    start: datetime | int
    end: datetime | int
    cases: tuple[Case, ...]
    marks: tuple[Mark, ...] = ()

    def data_table(self) -> DataTable:
        """Return one row per ring; a case that never rang has one row that says so."""
        rows = [
            (strings.safe(case.label), strings.moment(ring.at), strings.safe(ring.text)) for case in self.cases for ring in case.rings
        ] + [(strings.safe(case.label), "never", "") for case in self.cases if not case.rings]
        return DataTable(columns=("Case", "Window", "About"), rows=tuple(rows))

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw a line per case, a diamond per ring."""
        pen = Pen(colours, width)
        names = min(max(measure(strings.safe(case.label)) for case in self.cases), width * 0.25)
        notes = max(measure(strings.safe(case.note), 10.5) for case in self.cases)
        left, right, top = names + 14, width - notes - 14, 20.0 if self.marks else 6.0
        bottom = top + ROW * len(self.cases)
        x = scales.windows([self.start, self.end], start=left, end=right, wanted=max(2, int((right - left) // 85)))
        for tick, label in zip(x.ticks, x.labels, strict=True):
            pen.line(x(tick), top, x(tick), bottom, colours.grid)
            half = measure(label, 10.5) / 2
            pen.text(min(max(x(tick), half), width - half), bottom + 14, label, anchor="middle", colour=colours.muted, size=10.5)
        for mark in self.marks:
            pen.group(f"{mark.kind}, {strings.moment(mark.at)}: {mark.text}")
            pen.line(x(scales.position(mark.at)), top - 4, x(scales.position(mark.at)), bottom, colours.muted, dash="2 2")
            pen.text(x(scales.position(mark.at)) + 3, top - 6, f"{mark.kind}: {mark.text}", colour=colours.muted, size=10.5, room=120)
            pen.end()
        for number, case in enumerate(self.cases):
            middle = top + ROW * (number + 0.5)
            pen.text(names, middle + 4, case.label, anchor="end", room=names, weight="600" if case.chosen else None)
            pen.line(left, middle, right, middle, colours.line)
            for ring in case.rings:
                pen.group(f"{case.label}, {strings.moment(ring.at)}: {ring.text}")
                pen.marker(x(scales.position(ring.at)), middle, "fail", radius=3.6, halo=True)
                pen.end()
            pen.text(width - 2, middle + 4, case.note, anchor="end", colour=colours.muted, size=10.5)
        pen.height = bottom + 20
        return pen

    def figure(self, colours: Palette) -> screen.Drawing:
        """Return the chart for the screen."""
        rings = [(number, ring) for number, case in enumerate(self.cases) for ring in case.rings]
        layout: dict[str, Any] = {"shapes": [screen.rule("x", mark.at, colours.muted, dash="dot") for mark in self.marks]}
        down = list(range(len(self.cases)))
        traces: list[dict[str, Any]] = [
            {
                "type": "scatter", "mode": "markers", "x": [ring.at for _, ring in rings], "y": [number for number, _ in rings],
                "text": [screen.shown(f"{self.cases[n].label}, {strings.moment(r.at)}: {r.text}") for n, r in rings],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"symbol": screen.symbol("fail"), "size": 9, "color": colours.critical},
            }
        ]  # fmt: skip
        return traces, layout | {
            "height": 60 + 26 * len(self.cases),
            "xaxis": {"showgrid": True} | screen.calendar([self.start, self.end]),
            "yaxis": {
                "tickvals": down, "ticktext": [screen.name(f"{case.label}  {case.note}", 240) for case in self.cases], "showgrid": True,
                "range": [len(down) - 0.5, -0.5], "tickfont": {"color": colours.text, "size": 12},
            },
        }  # fmt: skip
