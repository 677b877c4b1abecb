"""Frozen bins: where each column is cut, decided once on the reference, so that counts add up over time.

A numeric column is cut at knots, which are quantiles of the reference, and evenly between two knots. All deciles are knots, so
decile counts come out exactly, and no cell of a continuous column holds more than a sliver of the reference, however skewed it is.
Values that many rows share get a cell of their own. A categorical column keeps its most frequent values. Missing, not-a-number and
unseen values are counted apart.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers

CELLS = 960
"""Cells of a numeric column, about: each stretch between two knots gets its share, at least one."""

MOST_STRETCHES = 28
"""Stretches between knots; a value is placed by halving them, so more would cost time in every scan."""

CATEGORIES = 100
"""Categories that a column keeps; the rest of its reference counts as other."""

CONFIDENCE, ABSOLUTE_ERROR, OUTCOME = "candor:confidence", "candor:absolute_error", "candor:outcome"
"""Names of derived grids; no column of a log can be called so."""

MISSING, OTHER, UNSEEN = -1, -2, -3
"""Bins of levels that have no place in the vocabulary: other was rare in the reference, unseen was not in it."""


@dataclass(frozen=True, kw_only=True)
class NumericBins:
    """The frozen grid of one numeric column.

    Bin 0 holds values below `low`, the last bin values above `high`. Between knots i and i + 1 lie `cells[i]` even cells:
    a value x there is in bin floor((x - knots[i]) * densities[i] + first[i]), with first[i] = 1 + cells[0] + ... + cells[i - 1].

    Parameters
    ----------
    knots
        Ascending; the first is the reference's smallest value, the last lies just above its largest.
    cells, densities
        Cells and cells per unit of x of each stretch between two knots.
    deciles
        The reference's distinct inner deciles.
    mean, deviation
        Of the reference, for standardising.
    whole
        Every reference value is a whole number and has a cell of its own.
    """

    name: str
    low: float
    high: float
    knots: tuple[float, ...]
    cells: tuple[int, ...]
    densities: tuple[float, ...]
    deciles: tuple[float, ...]
    mean: float
    deviation: float
    whole: bool
    kind: Literal["numeric"] = "numeric"

    @cached_property
    def first(self) -> tuple[int, ...]:
        """The first bin of each stretch, then the bin of values above `high`."""
        return tuple(1 + sum(self.cells[:i]) for i in range(len(self.cells) + 1))

    @property
    def size(self) -> int:
        """Number of bins, both tails included."""
        return sum(self.cells) + 2

    @cached_property
    def edges(self) -> Floats:
        """Lower edges of bins 1, 2, ..., ascending; length `size` - 1."""
        parts = zip(self.knots, self.cells, self.densities, strict=False)
        stretches = [knot + np.arange(n) / (density or 1.0) for knot, n, density in parts]
        return np.concatenate([*stretches, [self.knots[-1]]])

    @cached_property
    def points(self) -> NDArray[np.bool_]:
        """Which bins hold a single value only, so that nothing can move within them."""
        return np.concatenate([[False], self.edges[1:] <= np.nextafter(self.edges[:-1], math.inf), [False]])

    def bin_of(self, x: Floats) -> Integers:
        """The bin of each value: the formula of the tally's expression."""
        knots = np.asarray(self.knots)
        place = np.searchsorted(knots, x, side="right") - 1
        inside = np.clip(place, 0, len(self.cells) - 1)
        first = np.asarray(self.first, dtype=np.float64)[inside]
        with np.errstate(over="ignore", invalid="ignore"):
            even = np.floor((x - knots[inside]) * np.asarray(self.densities)[inside] + first)
        within = np.where(np.asarray(self.cells)[inside] == 1, first, even)
        found = np.where(place < 0, 0.0, np.where(place >= len(self.cells), self.size - 1.0, within))
        return found.astype(np.int64)

    @cached_property
    def decile_of(self) -> Integers:
        """For each bin, the index 0..len(deciles) of the decile bin it belongs to."""
        lower = np.concatenate([[-math.inf], self.edges])
        return np.searchsorted(np.asarray(self.deciles), lower, side="right").astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class CategoricalBins:
    """The frozen vocabulary of one categorical column: its most frequent reference values, most frequent first.

    `complete` says that the vocabulary holds every value of the reference, so that any other value is unseen.
    """

    name: str
    levels: tuple[str, ...]
    complete: bool
    kind: Literal["categorical"] = "categorical"

    @property
    def size(self) -> int:
        """Number of levels."""
        return len(self.levels)

    @cached_property
    def index(self) -> dict[str, int]:
        """Level to bin."""
        return {level: position for position, level in enumerate(self.levels)}

    def bin_of(self, level: str | None) -> int:
        """The bin of a level; a level outside a complete vocabulary is unseen, outside an incomplete one other."""
        if level is None:
            return MISSING
        return self.index.get(level, UNSEEN if self.complete else OTHER)


ColumnBins = NumericBins | CategoricalBins


@dataclass(frozen=True, kw_only=True)
class Bins:
    """The frozen bins of one model: its columns, and the grid of its score.

    Parameters
    ----------
    columns
        Features first, then score and latency where the log has them.
    score
        Name of the score column among `columns`, or None.
    attributes
        Vocabularies of the attributes and segments with more than `CATEGORIES` levels; the rest are tallied level by level.
    classes, class_scores
        Multiclass: the classes, most frequent first, and for each the column of its probability ("" where the log has none).
    derived
        Grids of what is computed from several columns: the largest probability (`CONFIDENCE`), the absolute error (`ABSOLUTE_ERROR`), and
        the numeric outcome (`OUTCOME`), which is kept apart from the predictions.
    """

    columns: tuple[ColumnBins, ...]
    score: str | None = None
    attributes: tuple[CategoricalBins, ...] = ()
    classes: tuple[str, ...] = ()
    class_scores: tuple[str, ...] = ()
    derived: tuple[NumericBins, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, ColumnBins]:
        """Name of a column, or of something derived, to its bins."""
        return {column.name: column for column in (*self.columns, *self.derived)}

    @property
    def score_bins(self) -> NumericBins | None:
        """The grid of the score."""
        found = self.by_name.get(self.score) if self.score is not None else None
        return found if isinstance(found, NumericBins) else None

    @property
    def outcome_bins(self) -> NumericBins | None:
        """The grid of a numeric outcome; its mean and deviation standardise the outcome."""
        found = self.by_name.get(OUTCOME)
        return found if isinstance(found, NumericBins) else None

    @cached_property
    def curves(self) -> tuple[str, ...]:
        """Names of the grids that the margins are counted on: the score, or the score of each class and the largest of them; where the
        outcome is a number, also the absolute error and the outcome."""
        named = [*self.class_scores] if self.classes else [self.score or ""]
        wanted = [*named, *(grid.name for grid in self.derived)]
        return tuple(name if isinstance(self.by_name.get(name), NumericBins) else "" for name in wanted)

    def to_json(self) -> str:
        """Canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Bins:
        """The inverse of `to_json`."""
        data = json.loads(text)
        attributes = tuple(CategoricalBins(**{**a, "levels": tuple(a["levels"])}) for a in data["attributes"])
        derived = tuple(_numeric(grid) for grid in data.get("derived", ()))
        return cls(
            columns=tuple(_column(column) for column in data["columns"]), score=data["score"], attributes=attributes, derived=derived,
            classes=tuple(data.get("classes", ())), class_scores=tuple(data.get("class_scores", ())),
        )  # fmt: skip

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON; tallies made with other bins refuse to merge."""
        return "sha256:" + hashlib.sha256(self.to_json().encode()).hexdigest()


def _column(data: dict[str, Any]) -> ColumnBins:
    if data["kind"] == "numeric":
        return _numeric(data)
    return CategoricalBins(**{**data, "levels": tuple(data["levels"])})


def _numeric(data: dict[str, Any]) -> NumericBins:
    return NumericBins(**{**data, **{name: tuple(data[name]) for name in ("knots", "cells", "densities", "deciles")}})


def numeric_bins(
    name: str, *, low: float, high: float, mean: float, deviation: float, integers: bool, quantiles: Sequence[float]
) -> NumericBins:
    """Choose the grid of a numeric column from its reference.

    Parameters
    ----------
    low, high
        The reference's smallest and largest value.
    integers
        Whether every reference value is whole. A whole-numbered column of range below `CELLS` gets one cell a value.
    quantiles
        Evenly spaced quantiles of the reference from 0 to 1; (length - 1) divisible by ten. Deciles are read off it exactly.
    """
    q = np.asarray(quantiles, dtype=np.float64)
    steps = len(q) - 1
    deciles = tuple(float(edge) for edge in dict.fromkeys(q[:: steps // 10][1:-1]) if low < edge <= high)
    end = float(np.nextafter(high, math.inf))
    whole = bool(integers and 0 < high - low < CELLS)
    if whole:
        deciles = tuple(dict.fromkeys(math.ceil(edge) * 1.0 for edge in deciles))  # 2.5 divides whole numbers where 3 does
        knots, cells, densities = [low, high + 1], [int(high - low) + 1], [1.0]
    else:
        knots = _knots(q, {low, end, *deciles})
        shares = np.diff(np.searchsorted(q, knots, side="left")) / steps
        single = np.asarray([b <= np.nextafter(a, math.inf) for a, b in pairwise(knots)])
        cells = [1 if lone else max(1, round(CELLS * share)) for lone, share in zip(single, shares, strict=True)]
        densities = [_density(a, b, n) for (a, b), n in zip(pairwise(knots), cells, strict=True)]
        cells = [n if density else 1 for n, density in zip(cells, densities, strict=True)]
    return NumericBins(
        name=name, low=low, high=high, knots=tuple(knots), cells=tuple(cells), densities=tuple(densities), deciles=deciles, mean=mean,
        deviation=deviation, whole=whole,
    )  # fmt: skip


def _density(low: float, high: float, cells: int) -> float:
    """Cells per unit, a hair less than exact so that no rounding reaches the next stretch; 0 where the width overflows."""
    with np.errstate(over="ignore"):
        density = np.float64(cells) / np.float64(high - low) * (1 - 1e-12)
    return float(density) if np.isfinite(density) else 0.0


def _knots(q: Floats, needed: set[float]) -> list[float]:
    """The needed knots, one around each value that many rows share, and then the quantile that splits the most crowded stretch."""
    values, counts = np.unique(q, return_counts=True)
    shared = values[np.argsort(-counts, kind="stable")][: np.sum(counts > 3)][:6]
    knots = {*needed, *shared.tolist(), *np.nextafter(shared, math.inf).tolist()}
    steps = len(q) - 1
    while len(knots) <= MOST_STRETCHES:
        ranked = sorted(knots)
        worst, split = 0, 0.0
        for a, b in pairwise(ranked):
            inside = values[(values >= a) & (values < b)]
            if len(inside) < 3:
                continue
            n = max(1, round(CELLS * len(inside) / steps))
            cell = np.floor((inside - a) * _density(a, b, n))
            crowded = int(np.sum(np.diff(cell) == 0))
            if crowded > worst:
                worst, split = crowded, float(inside[len(inside) // 2])
        if not worst:
            break
        knots.add(split)
    return sorted(knots)
