"""Reliability curves: what came true against what was promised, for everybody or several groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports import scales, strings
from reports.charts import screen
from reports.charts.point import DataTable
from reports.palette import Palette
from reports.pen import Pen, path, tags

COLUMNS = ("mean_score", "observed", "low", "high", "n")
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)

Bin = tuple[float, float, float | None, float | None, int]
"""Mean score, observed rate, its interval, n."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """One curve, bin by bin; an empty or withheld bin has None."""

    name: str
    mean_score: tuple[float | None, ...]
    observed: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    n: tuple[int | None, ...]

    def known(self) -> list[Bin]:
        """Return the bins that are neither empty nor withheld."""
        rows = zip(self.mean_score, self.observed, self.low, self.high, self.n, strict=True)
        return [(score, seen, low, high, n or 0) for score, seen, low, high, n in rows if score is not None and seen is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityChart:
    """Observed rate against mean score per score bin; on the diagonal, a score of 0.3 comes true 30 times in 100."""

    title: str
    unit: str
    alt: str
    curves: tuple[Reliability, ...]

    @classmethod
    def of_tables(cls, *, title: str, alt: str, tables: Mapping[str, Any]) -> ReliabilityChart:
        """Make a chart from the tables of a calibration finding."""
        return cls.of_groups(title=title, alt=alt, groups={"": tables})

    @classmethod
    def of_groups(cls, *, title: str, alt: str, groups: Mapping[str, Mapping[str, Any]]) -> ReliabilityChart:
        """Make a chart from the tables of several groups' calibration findings, in their order."""
        curves = tuple(Reliability(name=name, **{column: tuple(tables[column]) for column in COLUMNS}) for name, tables in groups.items())
        return cls(title=title, unit="percent", alt=alt, curves=curves)

    def said(self, point: Bin, name: str = "") -> str:
        """Say one bin in a line."""
        score, seen, low, high, n = point
        about = f"{strings.safe(name)}, mean" if name else "Mean"
        return f"{about} score {strings.number(score, 'decimal')}: observed {strings.estimate(seen, low, high, n, self.unit)}"

    def data_table(self) -> DataTable:
        """Return mean score, observed rate, interval and n per bin, and the group where there are several."""
        rows = []
        for curve in self.curves:
            for score, seen, low, high, n in zip(curve.mean_score, curve.observed, curve.low, curve.high, curve.n, strict=True):
                told = strings.number(seen, self.unit), strings.interval(low, high, self.unit), strings.count(n)
                line = (strings.number(score, "decimal"), *told)
                rows.append((strings.safe(curve.name), *line) if len(self.curves) > 1 else line)
        head = ("Mean score", "Observed", "95% interval", "n")
        return DataTable(columns=("Group", *head) if len(self.curves) > 1 else head, rows=tuple(rows))

    def drawn(self, colours: Palette, width: float) -> Pen:
        """Draw observed against promised, on equal scales, with the diagonal that a calibrated score follows."""
        several = len(self.curves) > 1
        pen = Pen(colours, 450 if several else 330)
        left, top, right, bottom = 44.0, 8.0, 308.0, 272.0
        for share in TICKS:
            across, down = left + (right - left) * share, bottom - (bottom - top) * share
            pen.line(left, down, right, down, colours.grid)
            pen.line(across, top, across, bottom, colours.grid)
            pen.text(across, bottom + 15, scales.tick_label(share, 0.25, "percent"), anchor="middle", colour=colours.muted, size=10.5)
            pen.text(left - 6, down + 3.5, scales.tick_label(share, 0.25, "percent"), anchor="end", colour=colours.muted, size=10.5)
        pen.line(left, bottom, right, top, colours.muted, dash="4 3")
        x = scales.Axis(low=0, high=1, start=left, end=right, ticks=(), labels=())
        y = scales.Axis(low=0, high=1, start=bottom, end=top, ticks=(), labels=())
        biggest = self._biggest()
        for place, curve in enumerate(self.curves):
            tint = colours.series[place % len(colours.series)]
            known = curve.known()
            if several and len(known) > 1:
                places = [(x(score), y(seen)) for score, seen, *_ in known]
                pen.element("path", d=path(places), fill="none", stroke=tint, stroke_width=1.4, stroke_linejoin="round")
            for point in known:
                score, seen, low, high, n = point
                pen.group(self.said(point, curve.name))
                if low is not None and high is not None:
                    pen.line(x(score), y(low), x(score), y(high), tint, width=1.1 if several else 1.6)
                pen.marker(x(score), y(seen), None, radius=(1.8 if several else 2.4) + 2.4 * (n / biggest) ** 0.5, colour=tint)
                pen.end()
        if several:
            ends = [(y(known[-1][1]), place, c.name) for place, c in enumerate(self.curves) if (known := c.known())]
            tags(pen, ends, right + 10, bottom, 130)
        pen.text((left + right) / 2, bottom + 32, "mean score", anchor="middle", colour=colours.muted, size=10.5)
        pen.text(left + 6, top + 13, "observed rate", colour=colours.muted, size=10.5)
        pen.height = bottom + 38
        return pen

    def _biggest(self) -> int:
        return max((n for curve in self.curves for *_, n in curve.known()), default=1) or 1

    def figure(self, colours: Palette) -> screen.Drawing:
        """Return the chart for the screen."""
        several, biggest = len(self.curves) > 1, self._biggest()
        line = {"color": colours.muted, "width": 1, "dash": "dash"}
        traces: list[dict[str, Any]] = [
            {"type": "scatter", "x": [0, 1], "y": [0, 1], "mode": "lines", "line": line, "hoverinfo": "skip", "showlegend": False}
        ]
        for place, curve in enumerate(self.curves):
            tint = colours.series[place % len(colours.series)]
            known = curve.known()
            seen = [row[1] for row in known]
            traces.append(
                {
                    "type": "scatter", "x": [row[0] for row in known], "y": seen, "mode": "lines+markers" if several else "markers",
                    "name": screen.shown(curve.name), "line": {"color": tint, "width": 1.4},
                    "text": [screen.shown(self.said(row, curve.name)) for row in known], "hovertemplate": "%{text}<extra></extra>",
                    "error_y": screen.spread(seen, [row[2] for row in known], [row[3] for row in known], tint),
                    "marker": {"color": tint, "opacity": 1, "size": [6 + 6 * (row[4] / biggest) ** 0.5 for row in known]},
                }
            )  # fmt: skip
        ticks = {"range": [0, 1], "tickvals": list(TICKS), "ticktext": ["0%", "25%", "50%", "75%", "100%"]}
        small = {"size": 11, "color": colours.muted}
        return traces, {
            "height": 340,
            "showlegend": several,
            "legend": screen.LEGEND | {"font": {"color": colours.text}},
            "margin": {"t": 40 if several else 24},
            "xaxis": ticks | {"title": {"text": "mean score", "font": small}},
            "yaxis": ticks | {"title": {"text": "observed rate", "font": small}},
        }
