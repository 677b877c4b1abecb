"""From one value to another in steps: what each part adds or takes away, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports import scales, strings
from reports.charts import screen
from reports.charts.point import DataTable
from reports.palette import Palette
from reports.pen import Pen, measure

ROW = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One part of a change: how much it adds, with its interval; `group` tells kinds of parts apart by colour."""

    label: str
    size: float
    low: float | None = None
    high: float | None = None
    group: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallChart:
    """A change told as a sum: from `start` through the steps to `end`; `unit` is that of the two values, `step_unit` of the parts."""

    title: str
    unit: str
    step_unit: str
    alt: str
    start_label: str
    start: float
    end_label: str
    end: float
    steps: tuple[Step, ...]

    def places(self) -> list[tuple[str, float, float, Step | None]]:
        """Return one line per bar: its label, where it begins and ends, and the step; the two values begin at zero."""
        lines: list[tuple[str, float, float, Step | None]] = [(self.start_label, self.start, self.start, None)]
        at = self.start
        for step in self.steps:
            lines.append((step.label, at, at + step.size, step))
            at += step.size
        lines.append((self.end_label, self.end, self.end, None))
        return lines

    def said(self, label: str, at: float, step: Step | None) -> str:
        """Say one bar in a line."""
        if step is None:
            return f"{strings.safe(label)} {strings.number(at, self.unit)}"
        value, interval = strings.parts(step.size, step.low, step.high, self.step_unit)
        sign = "+" if step.size > 0 else ""
        return f"{strings.safe(label)} {sign}{value} {interval}".strip()

    def data_table(self) -> DataTable:
        """Return one row per bar."""
        rows = []
        for label, _, after, step in self.places():
            if step is None:
                rows.append((strings.safe(label), strings.number(after, self.unit), ""))
            else:
                value, interval = strings.parts(step.size, step.low, step.high, self.step_unit)
                rows.append((strings.safe(label), ("+" if step.size > 0 else "") + value, interval))
        return DataTable(columns=("Part", "Size", "95% interval"), rows=tuple(rows))

    def _axis(self, start: float, end: float, wanted: int) -> scales.Axis:
        ends = [value for _, before, after, _ in self.places() for value in (before, after)]
        arms = [
            before + bound
            for _, before, _, step in self.places()
            if step is not None
            for bound in (step.low, step.high)
            if bound is not None
        ]
        return scales.numeric([*ends, *arms], unit=self.unit, start=start, end=end, wanted=wanted, pad=0.06)

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw a bar per step between two marks, the number with its interval at the right."""
        pen = Pen(colours, width)
        lines = self.places()
        names = min(max(measure(strings.safe(label)) for label, *_ in lines), width * 0.3)
        numbers = max(measure(self.said("", after, step)) for _, _, after, step in lines)
        left, right, top = names + 12, width - numbers - 14, 6.0
        bottom = top + ROW * len(lines)
        x = self._axis(left, right, max(2, int((right - left) // 70)))
        for tick, label in zip(x.ticks, x.labels, strict=True):
            pen.line(x(tick), top, x(tick), bottom, colours.grid)
            pen.text(x(tick), bottom + 14, label, anchor="middle", colour=colours.muted, size=10.5)
        previous: float | None = None
        for number, (label, before, after, step) in enumerate(lines):
            middle = top + ROW * (number + 0.5)
            pen.group(self.said(label, after, step))
            pen.text(names, middle + 4, label, anchor="end", room=names, weight="600" if step is None else None)
            if previous is not None:
                pen.line(x(previous), middle - ROW * 0.82, x(previous), middle - ROW * 0.18, colours.line, dash="2 2")
            if step is None:
                pen.line(x(after), middle - 7, x(after), middle + 7, colours.text, width=2)
            else:
                self._bar(pen, x, before, after, step, middle)
            pen.text(
                width - 2, middle + 4, self.said("", after, step), anchor="end", colour=colours.text if step is None else colours.muted
            )
            pen.end()
            previous = after
        pen.height = bottom + 20
        return pen

    def _bar(self, pen: Pen, x: scales.Axis, before: float, after: float, step: Step, middle: float) -> None:
        tint = pen.colours.series[step.group % len(pen.colours.series)]
        near, far = sorted((x(before), x(after)))
        pen.element("rect", x=near, y=middle - 6, width=max(far - near, 1.0), height=12, fill=tint, fill_opacity=0.8)
        if step.low is not None and step.high is not None:
            pen.line(x(before + step.low), middle, x(before + step.high), middle, pen.colours.text, width=1.2)
            for end in (step.low, step.high):
                pen.line(x(before + end), middle - 3, x(before + end), middle + 3, pen.colours.text, width=1.2)

    def figure(self, colours: Palette) -> screen.Drawing:
        """Return the chart for the screen."""
        lines, axis = self.places(), self._axis(0, 1, 5)
        down = list(range(len(lines)))
        bars = [(number, before, step) for number, (_, before, _, step) in enumerate(lines) if step is not None]
        ends = [(number, after) for number, (_, _, after, step) in enumerate(lines) if step is None]
        sizes, lows, highs = ([getattr(step, name) for *_, step in bars] for name in ("size", "low", "high"))
        traces: list[dict[str, Any]] = [
            {
                "type": "bar", "orientation": "h", "base": [before for _, before, _ in bars], "x": sizes,
                "y": [number for number, *_ in bars],
                "marker": {"color": [colours.series[step.group % len(colours.series)] for *_, step in bars], "opacity": 0.8}, "width": 0.5,
                "error_x": screen.spread(sizes, lows, highs, colours.text, thickness=1.2, width=3),
                "text": [screen.shown(self.said(step.label, 0.0, step)) for *_, step in bars], "textposition": "none",
                "hovertemplate": "%{text}<extra></extra>",
            },
            {
                "type": "scatter", "mode": "markers", "x": [after for _, after in ends], "y": [number for number, _ in ends],
                "text": [screen.shown(self.said(lines[number][0], after, None)) for number, after in ends],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"symbol": "line-ns", "size": 16, "line": {"width": 2, "color": colours.text}},
            },
        ]  # fmt: skip
        return traces, {
            "height": 50 + 26 * len(lines),
            "xaxis": screen.values(axis),
            "yaxis": {
                "tickvals": down, "ticktext": [screen.name(label, 200) for label, *_ in lines], "showgrid": False,
                "range": [len(lines) - 0.5, -0.5], "tickfont": {"color": colours.text, "size": 12},
            },
        }  # fmt: skip
