"""Conditions on features, in numbers and in words: where columns are cut, and which rows a conjunction holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes.rows import Sampled, Texts
from audits.slices import Slice
from audits.weak_spots.search import Flags

STEPS = 20
"""Numeric columns are cut near every twentieth of their values, at the simplest number there."""

NEAR = 0.015
"""How far from its quantile a cut may lie, as a share of the rows."""

MOST_LEVELS = 20
MISSING = -1


@dataclass(frozen=True, order=True)
class Condition:
    """One column's part: codes from `first` to `last` of its cut (missing is -1), or any other than these where `other`."""

    column: str
    first: int
    last: int
    other: bool = False


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How one column is cut: a numeric one at `edges` (code k holds edges[k - 1] <= x < edges[k]), another into its levels by frequency."""

    column: str
    edges: tuple[float, ...] | None
    levels: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Codes, missing apart."""
        return len(self.levels) if self.edges is None else len(self.edges) + 1

    def codes(self, values: Floats | Texts) -> Integers:
        """The code of each value: -1 for a missing one, the number of levels for a level that is not among them."""
        if self.edges is not None:
            x = np.asarray(values, dtype=np.float64)
            return np.where(np.isnan(x), MISSING, np.searchsorted(np.asarray(self.edges), x, side="right")).astype(np.int64)
        order = {level: code for code, level in enumerate(self.levels)}
        return np.asarray([MISSING if value is None else order.get(value, len(self.levels)) for value in values], dtype=np.int64)

    def bounds(self, found: Condition) -> tuple[float | None, float | None]:
        """low <= x < high of a condition on a numeric column; None where it is open."""
        edges = self.edges or ()
        low = edges[found.first - 1] if found.first > 0 else None
        return low, edges[found.last] if found.last < len(edges) and found.last >= 0 else None

    def words(self, found: Condition) -> str:
        """The condition without its column: "< 20,000", "= north", "missing"."""
        if self.edges is None:
            level = "missing" if found.first == MISSING else self.levels[found.first]
            return f"≠ {level}" if found.other else level if found.first == MISSING else f"= {level}"
        if found.last == MISSING:
            return "missing"
        low, high = self.bounds(found)
        more = " or missing" if found.first == MISSING else ""
        if low is None and high is None:
            return "known"
        if low is None or high is None:
            return (f"< {shown(high)}" if high is not None else f"≥ {shown(low or 0.0)}") + more
        return f"{shown(low)} to < {shown(high)}"

    def to_json(self, found: Condition) -> dict[str, Any]:
        """The condition for a table."""
        beside: dict[str, Any] = {"column": self.column, "words": f"{self.column} {self.words(found)}", "missing": found.first == MISSING}
        if self.edges is None:
            return beside | {"level": None if found.first == MISSING else self.levels[found.first], "other": found.other}
        return beside | dict(zip(("low", "high"), self.bounds(found), strict=True))


def shown(number: float) -> str:
    """A cut as a reader writes it.

    >>> shown(20000.0), shown(2012.0), shown(0.25)
    ('20,000', '2012', '0.25')
    """
    text = f"{number:.12g}"
    return f"{number:,.0f}" if number == round(number) and 10_000 <= abs(number) < 1e15 else text


def simplest(low: float, high: float) -> float:
    """The number in [low, high] with the fewest digits.

    >>> simplest(18_730.2, 21_004.9), simplest(0.118, 0.131), simplest(3, 3)
    (20000.0, 0.12, 3.0)
    """
    if low <= 0 <= high:
        return 0.0
    size = math.floor(math.log10(max(abs(low), abs(high))))
    for digits in range(17):
        step = 10.0 ** (size - digits)
        found = float(f"{math.ceil(low / step) * step:.15g}") if math.isfinite(step) and step > 0 else low
        if low <= found <= high:
            return found
    return float(low)


def cuts(rows: Sampled, chosen: Flags) -> list[Cut]:
    """The cut of every feature, attribute and segment, from the chosen rows; a column without any contrast is left out."""
    found = []
    for name, values in rows.numeric.items():
        known = values[chosen & np.isfinite(values)]
        edges = edges_of(known)
        if edges or 0 < len(known) < chosen.sum():
            found.append(Cut(column=name, edges=edges))
    for name, texts in (*rows.categorical.items(), *rows.levels.items()):
        held, n = np.unique(np.asarray([text for text in texts[chosen] if text is not None], dtype=str), return_counts=True)
        order = np.lexsort([held, -n])[:MOST_LEVELS]
        if len(held) > 1 or 0 < n.sum() < chosen.sum():
            found.append(Cut(column=name, edges=None, levels=tuple(str(held[i]) for i in order)))
    return found


def edges_of(known: Floats) -> tuple[float, ...]:
    """Where values are cut: between all of a few distinct ones, else at simple numbers near the twentieths.

    >>> edges_of(np.asarray([1.0, 2.0, 2.0, 5.0]))
    (2.0, 5.0)
    """
    values = np.unique(known)
    if len(values) <= STEPS:
        return tuple(float(value) for value in values[1:])
    share = np.arange(1, STEPS) / STEPS
    low, high = np.quantile(known, share - NEAR), np.quantile(known, share + NEAR)
    found = {simplest(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)}
    return tuple(sorted(edge for edge in found if values[0] < edge <= values[-1]))


def column_of(rows: Sampled, name: str) -> Floats | Texts:
    """A column by its name."""
    held: Mapping[str, Floats | Texts] = {**rows.numeric, **rows.categorical, **rows.levels}
    return held[name]


def mask(codes: Mapping[str, Integers], conditions: Iterable[Condition]) -> Flags:
    """The rows that meet all the conditions."""
    found = np.ones(len(next(iter(codes.values()))), dtype=np.bool_)
    for one in conditions:
        code = codes[one.column]
        found &= ((code >= one.first) & (code <= one.last)) != one.other
    return found


def as_slice(cut_of: Mapping[str, Cut], conditions: Sequence[Condition]) -> Slice:
    """A conjunction as a slice: each column with its condition in words; conditions on one column are joined."""
    parts: dict[str, list[str]] = {}
    for one in conditions:
        parts.setdefault(one.column, []).append(cut_of[one.column].words(one))
    return Slice.of({name: " and ".join(texts) for name, texts in parts.items()})
