"""The frontier of a trade-off: disparity against accuracy or cost, one mark per way of deciding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from reports import scales, strings
from reports.charts import screen
from reports.charts.point import DataTable
from reports.palette import Palette
from reports.pen import Pen, measure, path

COMMON: Final = "common threshold"
PER_GROUP: Final = "per-group thresholds"
ALTERNATIVE: Final = "alternative"
CURRENT: Final = "current decisions"
KINDS: Final = (COMMON, PER_GROUP, ALTERNATIVE, CURRENT)
_SYMBOLS: Final = {COMMON: "circle", PER_GROUP: "square", ALTERNATIVE: "triangle-down", CURRENT: "star"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way of deciding: where it lies on both scales, each with its interval, and which kind it is."""

    label: str
    kind: str
    x: float
    y: float
    x_low: float | None = None
    x_high: float | None = None
    y_low: float | None = None
    y_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierChart:
    """Options by two figures at once (x: accuracy or cost, y: disparity), with an interval cross each; kinds differ in shape and colour.

    `unit` is that of the disparity.
    """

    title: str
    unit: str
    alt: str
    x_title: str
    x_unit: str
    y_title: str
    options: tuple[Option, ...]

    def kinds(self) -> list[str]:
        """Return the kinds there are, in a fixed order."""
        held = {option.kind for option in self.options}
        return [*(kind for kind in KINDS if kind in held), *sorted(held - set(KINDS))]

    def said(self, option: Option) -> str:
        """Say one option in a line."""
        x = strings.estimate(option.x, option.x_low, option.x_high, None, self.x_unit)
        y = strings.estimate(option.y, option.y_low, option.y_high, None, self.unit)
        about = strings.safe(option.label)
        return f"{option.kind}{f', {about}' if about and about != option.kind else ''}: {self.x_title} {x}, {self.y_title} {y}"

    def data_table(self) -> DataTable:
        """Return one row per option."""
        rows = tuple(
            (
                strings.safe(o.label), o.kind, " ".join(strings.parts(o.x, o.x_low, o.x_high, self.x_unit)).strip(),
                " ".join(strings.parts(o.y, o.y_low, o.y_high, self.unit)).strip(),
            )
            for o in self.options
        )  # fmt: skip
        return DataTable(columns=("Option", "Kind", self.x_title.capitalize(), self.y_title.capitalize()), rows=rows)

    def _axes(self, x_ends: tuple[float, float], y_ends: tuple[float, float]) -> tuple[scales.Axis, scales.Axis]:
        across = [v for o in self.options for v in (o.x, o.x_low, o.x_high)]
        up = [v for o in self.options for v in (o.y, o.y_low, o.y_high)]
        wide = abs(x_ends[1] - x_ends[0])
        x = scales.numeric(across, unit=self.x_unit, start=x_ends[0], end=x_ends[1], wanted=max(2, int(wide // 70)) if wide > 1 else 6)
        return x, scales.numeric(up, unit=self.unit, start=y_ends[0], end=y_ends[1], wanted=5)

    def _tint(self, kind: str, colours: Palette) -> str:
        # The decisions as they are stand out by being drawn in the text's own colour.
        return colours.text if kind == CURRENT else colours.series[self.kinds().index(kind) % len(colours.series)]

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw the options, a key of the kinds above them."""
        pen = Pen(colours, width)
        top, bottom = 40.0, 250.0
        _, first = self._axes((0, 1), (bottom, top))
        left, right = max([measure(label, 10.5) for label in first.labels], default=20) + 12, width - 10
        x, y = self._axes((left, right), (bottom, top))
        for tick, label in zip(y.ticks, y.labels, strict=True):
            pen.line(left, y(tick), right, y(tick), colours.grid)
            pen.text(left - 6, y(tick) + 3.5, label, anchor="end", colour=colours.muted, size=10.5)
        for tick, label in zip(x.ticks, x.labels, strict=True):
            pen.line(x(tick), top, x(tick), bottom, colours.grid)
            pen.text(x(tick), bottom + 16, label, anchor="middle", colour=colours.muted, size=10.5)
        for option in sorted(self.options, key=lambda o: o.kind == CURRENT):
            tint = self._tint(option.kind, colours)
            pen.group(self.said(option))
            if option.x_low is not None and option.x_high is not None:
                pen.line(x(option.x_low), y(option.y), x(option.x_high), y(option.y), tint, width=0.8)
            if option.y_low is not None and option.y_high is not None:
                pen.line(x(option.x), y(option.y_low), x(option.x), y(option.y_high), tint, width=0.8)
            _mark(pen, x(option.x), y(option.y), option.kind, tint)
            pen.end()
        across = left
        for kind in self.kinds():
            _mark(pen, across + 5, 9, kind, self._tint(kind, colours))
            pen.text(across + 14, 13, kind, colour=colours.muted, size=10.5)
            across += 30 + measure(kind, 10.5)
        pen.text(left, top - 8, self.y_title, colour=colours.muted, size=10.5)
        pen.text((left + right) / 2, bottom + 32, self.x_title, anchor="middle", colour=colours.muted, size=10.5)
        pen.height = bottom + 38
        return pen

    def figure(self, colours: Palette) -> screen.Drawing:
        """Return the chart for the screen."""
        x, y = self._axes((0, 1), (0, 1))
        traces: list[dict[str, Any]] = []
        for kind in self.kinds():
            held, tint = [o for o in self.options if o.kind == kind], self._tint(kind, colours)
            across, up = [o.x for o in held], [o.y for o in held]
            arms = {
                "error_x": screen.spread(across, [o.x_low for o in held], [o.x_high for o in held], tint, thickness=0.8),
                "error_y": screen.spread(up, [o.y_low for o in held], [o.y_high for o in held], tint, thickness=0.8),
            }
            traces.append(
                {
                    "type": "scatter", "x": across, "y": up, "mode": "markers", "name": screen.shown(kind), **arms,
                    "text": [screen.shown(self.said(o)) for o in held], "hovertemplate": "%{text}<extra></extra>",
                    "marker": {"color": tint, "symbol": _SYMBOLS.get(kind, "circle"), "size": 13 if kind == CURRENT else 8},
                }
            )  # fmt: skip
        small = {"size": 11, "color": colours.muted}
        return traces, {
            "height": 340,
            "showlegend": True,
            "legend": screen.LEGEND | {"font": {"color": colours.text}},
            "margin": {"t": 40},
            "xaxis": screen.values(x) | {"title": {"text": screen.shown(self.x_title), "font": small}},
            "yaxis": screen.values(y) | {"title": {"text": screen.shown(self.y_title), "font": small}},
        }


def _mark(pen: Pen, x: float, y: float, kind: str, tint: str) -> None:
    if kind == PER_GROUP:
        pen.element("rect", x=x - 3.4, y=y - 3.4, width=6.8, height=6.8, fill=tint)
    elif kind == ALTERNATIVE:
        pen.element("path", d=path([(x - 4.4, y - 3.4), (x + 4.4, y - 3.4), (x, y + 4.4)], close=True), fill=tint)
    elif kind == CURRENT:
        pen.element("circle", cx=x, cy=y, r=6.2, fill="none", stroke=tint, stroke_width=1.6)
        pen.marker(x, y, None, radius=2.4, colour=tint)
    else:
        pen.marker(x, y, None, radius=3.4, colour=tint)
