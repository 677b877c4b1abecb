"""Two distributions over the same bins: the reference and a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports import scales, strings
from reports.charts import screen
from reports.charts.point import DataTable
from reports.palette import Palette
from reports.pen import Pen, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionChart:
    """Shares of the reference against a window, bin by bin; a withheld share is None."""

    title: str
    unit: str
    alt: str
    labels: tuple[str, ...]
    reference: tuple[float | None, ...]
    window: tuple[float | None, ...]
    reference_n: int
    window_n: int

    @classmethod
    def of_tables(cls, *, title: str, alt: str, tables: Mapping[str, Any]) -> DistributionChart:
        """Make a chart from the tables of a drift finding (counts per bin); a side without rows has shares of 0."""
        sides = []
        for side in ("reference", "window"):
            total = tables.get(f"{side}_total") or sum(c for c in tables[side] if c is not None)
            sides.append((tuple(None if c is None else c / total if total else 0.0 for c in tables[side]), round(total)))
        (reference, reference_n), (window, window_n) = sides
        return cls(
            title=title,
            unit="percent",
            alt=alt,
            labels=tuple(str(label) for label in tables["labels"]),
            reference=reference,
            window=window,
            reference_n=reference_n,
            window_n=window_n,
        )

    def bins(self) -> list[tuple[str, float | None, float | None, str]]:
        """Return label, the two shares and how they are said ("10.0% → 8.7%") per bin."""
        return [
            (name, a, b, f"{_share(a)} → {_share(b)}" if a is not None or b is not None else strings.SUPPRESSED)
            for name, a, b in zip(self.labels, self.reference, self.window, strict=True)
        ]

    def data_table(self) -> DataTable:
        """Return the two shares and their difference per bin."""
        rows = tuple(
            (strings.safe(name), _share(a), _share(b), strings.number(b - a, "points") if a is not None and b is not None else strings.DASH)
            for name, a, b, _ in self.bins()
        )
        return DataTable(columns=("Bin", "Reference", "Window", "Change"), rows=rows)

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw a dumbbell per bin: ring for the reference, dot for the window, so that ten-percent bins show their change at once."""
        pen = Pen(colours, width)
        row, top = 19.0, 24.0
        # Digits of a fallback font run wider than those measured; a name that starts left of the page would lose its first digits.
        name_room = min(1.15 * max([measure(strings.safe(name)) for name in self.labels], default=40), width * 0.36)
        left, right = name_room + 20, width - 120
        bottom = top + row * max(len(self.labels), 1)
        axis = scales.numeric(
            [*self.reference, *self.window], unit="percent", start=left, end=right, zero=True, wanted=max(2, int((right - left) // 60))
        )
        head = f"Reference, n = {strings.count(self.reference_n)}"
        pen.marker(left + 5, 9, None, radius=3.8, colour=colours.muted, hollow=True)
        pen.text(left + 14, 13, head, colour=colours.muted, size=10.5)
        shift = left + 30 + measure(head, 10.5)
        pen.marker(shift, 9, None, radius=3.8, colour=colours.series[0])
        pen.text(shift + 9, 13, f"Window, n = {strings.count(self.window_n)}", colour=colours.muted, size=10.5)
        for tick, label in zip(axis.ticks, axis.labels, strict=True):
            pen.line(axis(tick), top, axis(tick), bottom, colours.grid)
            pen.text(axis(tick), bottom + 14, label, anchor="middle", colour=colours.muted, size=10.5)
        for index, (name, before, after, shown) in enumerate(self.bins()):
            y = top + row * (index + 0.5)
            pen.group(f"{strings.safe(name)}: {shown}")
            pen.text(name_room, y + 4, name, anchor="end", room=name_room)
            if before is not None and after is not None:
                pen.line(axis(before), y, axis(after), y, colours.series[0], width=2)
            if before is not None:
                pen.marker(axis(before), y, None, radius=4, colour=colours.muted, hollow=True)
            if after is not None:
                pen.marker(axis(after), y, None, radius=3.8, colour=colours.series[0])
            pen.text(width - 2, y + 4, shown, anchor="end", colour=colours.muted)
            pen.end()
        pen.height = bottom + 20
        return pen

    def figure(self, colours: Palette) -> screen.Drawing:
        """Return the chart for the screen."""
        axis = scales.numeric([*self.reference, *self.window], unit="percent", start=0, end=1, zero=True, wanted=5)
        down = list(range(len(self.labels)))
        joins = {
            "x": [v for a, b in zip(self.reference, self.window, strict=True) for v in (a, b, None)],
            "y": [v for index in down for v in (index, index, None)],
        }
        line = {"color": colours.series[0], "width": 2}
        traces: list[dict[str, Any]] = [
            {"type": "scatter", **joins, "mode": "lines", "line": line, "hoverinfo": "skip", "showlegend": False}
        ]
        for name, shares, n, symbol, colour in (
            ("Reference", self.reference, self.reference_n, "circle-open", colours.muted),
            ("Window", self.window, self.window_n, "circle", colours.series[0]),
        ):
            traces.append(
                {
                    "type": "scatter", "x": list(shares), "y": down, "mode": "markers", "name": f"{name}, n = {strings.count(n)}",
                    "text": [f"{screen.shown(label)}: {said}" for label, _, _, said in self.bins()],
                    "hovertemplate": "%{text}<extra></extra>",
                    "marker": {"symbol": symbol, "size": 9, "color": colour, "line": {"width": 2, "color": colour}},
                }
            )  # fmt: skip
        return traces, {
            "height": 80 + 22 * max(len(down), 1),
            "showlegend": True,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "xaxis": screen.values(axis),
            "margin": {"t": 34},
            "yaxis": {
                "tickvals": down, "ticktext": [screen.name(name, 200) for name in self.labels], "showgrid": False,
                "range": [len(down) - 0.5, -0.5], "tickfont": {"color": colours.text, "size": 12},
            },
        }  # fmt: skip


def _share(share: float | None) -> str:
    return strings.SUPPRESSED if share is None else strings.number(share, "percent")
