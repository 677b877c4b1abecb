"""A heat map: columns of the log by windows, tinted by the size of an effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports import strings
from reports.charts import screen
from reports.charts.point import DataTable
from reports.palette import Palette
from reports.pen import Pen, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Rows (features) by columns (windows) of one effect size; `values[row][column]`, None where it could not be computed."""

    title: str
    unit: str
    alt: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    verdicts: tuple[tuple[str | None, ...], ...]
    full: float
    """The value at which the colour is strongest; larger values look the same and are told apart by their number."""

    def data_table(self) -> DataTable:
        """Return the grid as text."""
        rows = tuple(
            (strings.safe(name), *(strings.number(v, self.unit) for v in line)) for name, line in zip(self.rows, self.values, strict=True)
        )
        return DataTable(columns=("Feature", *self.columns), rows=rows)

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw cells tinted by effect size; what the policy calls a warning or worse also carries its shape."""
        pen = Pen(colours, width)
        top, height = 20.0, 20.0
        name_room = min(max([measure(strings.safe(name)) for name in self.rows], default=40), width * 0.26)
        left = name_room + 10
        across = (width - left) / max(len(self.columns), 1)
        for index, (name, values, verdicts) in enumerate(zip(self.rows, self.values, self.verdicts, strict=True)):
            y = top + index * height
            pen.text(name_room, y + 14, name, anchor="end", room=name_room)
            for column, (value, verdict) in enumerate(zip(values, verdicts, strict=True)):
                word = f" ({strings.verdict_word(verdict)})" if verdict else ""
                pen.group(f"{strings.safe(name)}, {self.columns[column]}: {strings.number(value, self.unit)}{word}")
                self._cell(pen, left + column * across, y, across, height, value, verdict)
                pen.end()
        every = max(1, -(-len(self.columns) * 84 // max(int(width - left), 1)))
        for column, label in enumerate(self.columns):
            if column % every == 0 and left + column * across + measure(label, 10.5) < width + 8:
                pen.text(left + column * across, 12, label, colour=colours.muted, size=10.5)
        foot = top + height * max(len(self.rows), 1)
        self._key(pen, left, foot)
        pen.height = foot + 24
        return pen

    def _cell(self, pen: Pen, x: float, y: float, across: float, height: float, value: float | None, verdict: str | None) -> None:
        colours = pen.colours
        gap = 1.0 if across > 6 else 0.4
        ground = colours.heat_low if value is not None else colours.background
        pen.element("rect", x=x, y=y, width=across - gap, height=height - 1, fill=ground)
        if value is None:
            middle = x + (across - gap) / 2
            pen.line(middle - 4, y + height / 2 + 3.5, middle + 4, y + height / 2 - 4.5, colours.line)
            return
        pen.shade(x, y, across - gap, height - 1, colours.heat_high, round(min(max(value / self.full, 0.0), 1.0), 3))
        if verdict in ("warn", "fail"):
            pen.marker(x + (across - gap) / 2, y + height / 2 - 0.5, verdict, radius=min(3.6, across * 0.34), halo=True)

    def _key(self, pen: Pen, left: float, foot: float) -> None:
        colours, steps = pen.colours, 8
        for step in range(steps + 1):
            pen.element("rect", x=left + 46 + step * 14, y=foot + 8, width=14, height=9, fill=colours.heat_low)
            pen.shade(left + 46 + step * 14, foot + 8, 14, 9, colours.heat_high, step / steps)
        pen.text(left + 40, foot + 16, "0", anchor="end", colour=colours.muted, size=10.5)
        end = left + 46 + (steps + 1) * 14
        pen.text(end + 6, foot + 16, f"{strings.threshold(self.full, self.unit)} or more", colour=colours.muted, size=10.5)
        for offset, verdict in ((110.0, "warn"), (190.0, "fail")):
            if any(verdict in line for line in self.verdicts):
                pen.marker(end + offset, foot + 12, verdict, radius=3.6)
                pen.text(end + offset + 9, foot + 16, strings.verdict_word(verdict), colour=colours.muted, size=10.5)

    def figure(self, colours: Palette) -> screen.Drawing:
        """Return the chart for the screen; the first trace is the heat map."""
        said = [
            [
                f"{screen.shown(name)}<br>{screen.shown(column)}: {strings.number(value, self.unit)}"
                + (f" ({strings.verdict_word(verdict)})" if verdict else "")
                for column, value, verdict in zip(self.columns, values, verdicts, strict=True)
            ]
            for name, values, verdicts in zip(self.rows, self.values, self.verdicts, strict=True)
        ]
        down, across = list(range(len(self.rows))), list(range(len(self.columns)))
        traces: list[dict[str, Any]] = [
            {
                "type": "heatmap", "z": [list(line) for line in self.values], "x": across, "y": down, "zmin": 0, "zmax": self.full,
                "xgap": 1, "ygap": 1, "text": said, "hovertemplate": "%{text}<extra></extra>", "hoverongaps": False,
                "colorscale": [[0, colours.heat_low], [1, colours.heat_high]],
                "colorbar": {"thickness": 8, "len": 0.9, "outlinewidth": 0, "tickfont": {"color": colours.muted, "size": 11}},
            }
        ]  # fmt: skip
        for verdict in ("warn", "fail"):
            cells = [(c, r) for r, line in enumerate(self.verdicts) for c, found in enumerate(line) if found == verdict]
            look = {"symbol": screen.symbol(verdict), "size": 9, "color": colours.status(verdict)}
            edge = {"line": {"color": colours.background, "width": 1.2}}
            places = {"x": [c for c, _ in cells], "y": [r for _, r in cells]}
            traces.append({"type": "scatter", **places, "mode": "markers", "hoverinfo": "skip", "marker": look | edge})
        every = max(1, -(-len(across) // 8))
        return traces, {
            "height": 70 + 22 * max(len(self.rows), 1),
            "xaxis": {
                "tickvals": across[::every], "ticktext": [screen.shown(c) for c in self.columns[::every]], "showgrid": False,
                "side": "top", "tickangle": 0, "range": [-0.5, len(across) - 0.5],
            },
            "yaxis": {
                "tickvals": down, "ticktext": [screen.name(r, 180) for r in self.rows], "showgrid": False,
                "range": [len(down) - 0.5, -0.5], "tickfont": {"color": colours.text, "size": 12},
            },
        }  # fmt: skip
