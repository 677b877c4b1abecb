"""What charts are made of: points with intervals, lines of points, marks in time, and the table beside a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
    immature: bool = False
    """True while outcomes of this window are still to come; a trend shades such windows."""
    reference: bool = False
    """True for the group that the others are compared with."""
    people: tuple[float, float | None, float | None] | None = None
    """How many rows of the group a gap amounts to: value, low, high."""

    def said(self, unit: str) -> str:
        """Say the point in one line, for a tooltip or alt text."""
        if self.value is None:
            return f"{strings.safe(self.label)}: {self.reason or 'no value'}"
        text = f"{strings.safe(self.label)}: {strings.estimate(self.value, self.low, self.high, self.n, unit)}"
        if self.people is not None:
            text += f", {strings.people(*self.people)}"
        text += f" ({strings.verdict_word(self.verdict)})" if self.verdict not in (None, "pass") else ""
        return text + (" (outcomes still to come)" if self.immature else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment worth knowing on a trend: a release, an incident, a change of data or of policy, a note."""

    at: datetime | int
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points of one line, in the order of their windows; `name` is empty when there is only one line."""

    name: str
    points: tuple[Point, ...]
    estimated: bool = False
    """True for figures inferred without outcomes: the line is dashed."""
    group: str | None = None
    """What the line is about; lines of one group share a colour. By default each line is its own."""

    @property
    def colour_key(self) -> str:
        """What decides the line's colour."""
        return self.name if self.group is None else self.group


def colour_places(lines: Sequence[Series]) -> list[int]:
    """Return for each line the place of its colour."""
    keys = list(dict.fromkeys(line.colour_key for line in lines))
    return [keys.index(line.colour_key) for line in lines]


def cells(point: Point, unit: str) -> tuple[str, ...]:
    """Return a point as cells of a table: label, value, interval, n, status."""
    value, interval = strings.parts(point.value, point.low, point.high, unit)
    if point.value is None:
        value = f"{strings.DASH} {point.reason}".strip()
    word = strings.verdict_word(point.verdict)
    return strings.safe(point.label), value, interval, strings.count(point.n), f"{word}, immature" if point.immature else word
