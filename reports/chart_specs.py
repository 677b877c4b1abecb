"""What a chart shows, apart from how it is drawn: frozen values that know their alt text and the table beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from reports import strings


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """The table beside a chart: the same numbers as text, first column a row's name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One estimate on a chart; `value` None is drawn as a gap with `reason` ("not enough data", "suppressed")."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    verdict: str | None = None
    reason: str = ""
    at: datetime | int | None = None
    """Start of the window on a trend: a UTC time, or a row number."""
    partial: bool = False
    reference: bool = False
    """True for the group that the others are compared with."""

    def said(self, unit: str) -> str:
        """Say the point in one line, for a tooltip or alt text."""
        if self.value is None:
            return f"{strings.safe(self.label)}: {self.reason or 'no value'}"
        text = f"{strings.safe(self.label)}: {strings.estimate(self.value, self.low, self.high, self.n, unit)}"
        return text + (f" ({strings.verdict_word(self.verdict)})" if self.verdict not in (None, "pass") else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment worth knowing on a trend: a release, an incident, a change of data, a note."""

    at: datetime | int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points of one line, in the order of their windows; `name` is empty when there is only one line."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalChart:
    """A dot and its interval per group, with the policy's line; `parity` draws where all groups would be equal."""

    title: str
    unit: str
    alt: str
    points: tuple[Point, ...]
    minimum: float | None = None
    maximum: float | None = None
    parity: float | None = None

    def extent(self) -> list[float | None]:
        """Return the values that the axis must hold; intervals too wide to judge may run off it, so that the others can be read."""
        judged = [p for p in self.points if p.verdict != "insufficient"]
        values = [v for p in self.points for v in (p.value, *((p.low, p.high) if p in judged or not judged else ()))]
        return [*values, self.minimum, self.maximum, self.parity]

    def data_table(self) -> DataTable:
        """Return label, value, interval, n and status per group."""
        return DataTable(columns=("Group", "Value", "95% interval", "n", "Status"), rows=tuple(_cells(p, self.unit) for p in self.points))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendChart:
    """One or several series over windows, with intervals, the policy's lines and marks; partial windows are hollow."""

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
        points = [p for line in self.series for p in line.points]
        judged = [p for p in points if p.verdict != "insufficient" and p.value is not None]
        values = [v for p in judged or points for v in (p.value, p.low, p.high)] + [p.value for p in points]
        return [*values, self.minimum, self.maximum, self.baseline]

    def data_table(self) -> DataTable:
        """Return one row per window and series."""
        rows = tuple(
            ((strings.safe(line.name), *_cells(point, self.unit)) if len(self.series) > 1 else _cells(point, self.unit))
            for line in self.series
            for point in line.points
        )
        head = ("Window", "Value", "95% interval", "n", "Status")
        return DataTable(columns=("Series", *head) if len(self.series) > 1 else head, rows=rows)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityChart:
    """Observed rate against mean score per score bin; on the diagonal, a score of 0.3 comes true 30 times in 100."""

    title: str
    unit: str
    alt: str
    mean_score: tuple[float | None, ...]
    observed: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    n: tuple[int | None, ...]

    @classmethod
    def of_tables(cls, *, title: str, alt: str, tables: Mapping[str, Any]) -> ReliabilityChart:
        """Make a chart from the tables of a calibration finding."""
        columns = {name: tuple(tables[name]) for name in ("mean_score", "observed", "low", "high", "n")}
        return cls(title=title, unit="percent", alt=alt, **columns)

    def known(self) -> list[tuple[float, float, float | None, float | None, int]]:
        """Return score, observed rate, interval and n of the bins that are neither empty nor withheld."""
        rows = zip(self.mean_score, self.observed, self.low, self.high, self.n, strict=True)
        return [(score, seen, low, high, n or 0) for score, seen, low, high, n in rows if score is not None and seen is not None]

    def data_table(self) -> DataTable:
        """Return mean score, observed rate, interval and n per bin."""
        rows = tuple(
            (strings.number(score, "decimal"), strings.number(seen, self.unit), strings.interval(low, high, self.unit), strings.count(n))
            for score, seen, low, high, n in zip(self.mean_score, self.observed, self.low, self.high, self.n, strict=True)
        )
        return DataTable(columns=("Mean score", "Observed", "95% interval", "n"), rows=rows)


ChartSpec = IntervalChart | TrendChart | HeatMap | DistributionChart | ReliabilityChart
Target = Literal["light", "dark", "page"]


def _share(share: float | None) -> str:
    return strings.SUPPRESSED if share is None else strings.number(share, "percent")


def _cells(point: Point, unit: str) -> tuple[str, ...]:
    value, interval = strings.parts(point.value, point.low, point.high, unit)
    if point.value is None:
        value = f"{strings.DASH} {point.reason}".strip()
    return strings.safe(point.label), value, interval, strings.count(point.n), strings.verdict_word(point.verdict)


def hidden(point: Point) -> Point:
    """Return the point as a small cell is shown: no value, interval or n, and the word "suppressed"."""
    return replace(point, value=None, low=None, high=None, n=None, verdict=None, reason=strings.SUPPRESSED)
