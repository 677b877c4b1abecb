"""Frozen bins: where each column is cut, decided once on the reference, so that counts add up over time.

A numeric column is cut by a uniform grid on a monotone scale, refined by the reference's deciles: the index of a value is the
grid cell plus the number of decile edges at or below it. Each index is then one cell of the common refinement, so decile counts
come out exactly and no continuous cell holds more than a sliver of the reference. A categorical column keeps its most frequent
values. Missing, not-a-number and unseen values have bins of their own.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from audits.estimate import Floats, Integers

GRID = 960
"""Grid cells of a numeric column; with nine decile edges and both tails the index stays below 1000."""

CATEGORIES = 100
"""Categories that a column keeps; the rest of its reference counts as other."""

MISSING, NOT_A_NUMBER, OTHER, UNSEEN = -1, -2, -3, -4
"""Bins of values that have no place on the grid or in the vocabulary: other was rare in the reference, unseen was not in it."""

ScaleName = Literal["linear", "log", "asinh"]


@dataclass(frozen=True, kw_only=True)
class NumericBins:
    """The frozen grid of one numeric column.

    A value x lies in cell floor((f(x) - origin) * density) with f the scale, clipped to -1 below `low` and to `cells` above
    `high`; its bin adds one for each decile edge at or below x, and one more so that bins start at 0.
    `mean` and `deviation` are the reference's, for standardising; `integers` says that every reference value is whole.
    """

    name: str
    scale: ScaleName
    centre: float
    spread: float
    origin: float
    density: float
    cells: int
    low: float
    high: float
    deciles: tuple[float, ...]
    mean: float
    deviation: float
    integers: bool
    kind: Literal["numeric"] = "numeric"

    def transform(self, x: Floats) -> Floats:
        """The monotone scale f, as the tally computes it."""
        if self.scale == "log":
            return np.asarray(np.log(np.maximum(x - self.centre, self.spread * -0.5) + self.spread))
        if self.scale == "asinh":
            z = (x - self.centre) / self.spread
            return np.asarray(np.sign(z) * np.log(np.abs(z) + np.sqrt(z * z + 1.0)))
        return x

    def inverse(self, y: Floats) -> Floats:
        """The inverse of `transform`."""
        if self.scale == "log":
            return np.asarray(np.exp(y) - self.spread + self.centre)
        if self.scale == "asinh":
            return np.asarray(np.sinh(y) * self.spread + self.centre)
        return y

    @cached_property
    def edges(self) -> Floats:
        """Lower edges of bins 1, 2, ...: grid lines and deciles, ascending, length `size` - 1."""
        lines = self.inverse(self.origin + np.arange(self.cells + 1) / self.density)
        lines[0] = self.low
        if not self.integers:
            lines[-1] = np.nextafter(self.high, math.inf)
        return np.sort(np.concatenate([lines, np.asarray(self.deciles)]))

    @property
    def size(self) -> int:
        """Number of bins, both tails included."""
        return self.cells + 2 + len(self.deciles)

    def bin_of(self, x: Floats) -> Integers:
        """The bin of each value, the oracle of the tally's expression."""
        cell = np.clip(np.floor((self.transform(x) - self.origin) * self.density), -1, self.cells)
        return np.asarray(cell + 1 + np.searchsorted(np.asarray(self.deciles), x, side="right"), dtype=np.int64)

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
    """

    columns: tuple[ColumnBins, ...]
    score: str | None = None
    attributes: tuple[CategoricalBins, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, ColumnBins]:
        """Column name to bins."""
        return {column.name: column for column in self.columns}

    @property
    def score_bins(self) -> NumericBins | None:
        """The grid of the score."""
        found = self.by_name.get(self.score) if self.score is not None else None
        return found if isinstance(found, NumericBins) else None

    def to_json(self) -> str:
        """Canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Bins:
        """The inverse of `to_json`."""
        data = json.loads(text)
        attributes = tuple(CategoricalBins(**{**a, "levels": tuple(a["levels"])}) for a in data["attributes"])
        return cls(columns=tuple(_column(column) for column in data["columns"]), score=data["score"], attributes=attributes)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON; tallies made with other bins refuse to merge."""
        return "sha256:" + hashlib.sha256(self.to_json().encode()).hexdigest()


def _column(data: dict[str, Any]) -> ColumnBins:
    if data["kind"] == "numeric":
        return NumericBins(**{**data, "deciles": tuple(data["deciles"])})
    return CategoricalBins(**{**data, "levels": tuple(data["levels"])})


def numeric_bins(
    name: str, *, low: float, high: float, mean: float, deviation: float, integers: bool, quantiles: Sequence[float]
) -> NumericBins:
    """Choose the grid of a numeric column from its reference.

    Parameters
    ----------
    low, high
        The reference's smallest and largest value.
    integers
        Whether every reference value is whole. A whole-numbered column of range up to `GRID` gets one cell a value.
    quantiles
        Evenly spaced quantiles of the reference from 0 to 1; (length - 1) divisible by ten. Deciles are read off it exactly.

    The scale is the one under which the fewest neighbouring distinct quantiles share a cell: linear unless another is better.
    """
    q = np.asarray(quantiles, dtype=np.float64)
    deciles = tuple(float(edge) for edge in dict.fromkeys(q[:: (len(q) - 1) // 10][1:-1]) if low < edge <= high)
    common: dict[str, Any] = {
        "name": name, "low": low, "high": high, "deciles": deciles, "mean": mean, "deviation": deviation, "integers": integers,
    }  # fmt: skip
    if integers and 0 < high - low < GRID:
        return NumericBins(scale="linear", centre=0.0, spread=1.0, origin=low, density=1.0, cells=int(high - low) + 1, **common)
    middle, iqr = float(q[len(q) // 2]), float(q[3 * (len(q) - 1) // 4] - q[(len(q) - 1) // 4])
    spread = iqr if iqr > 0 else (deviation if deviation > 0 else 1.0)
    candidates = [_grid("linear", 0.0, 1.0, common), _grid("log", low, spread / 50, common), _grid("asinh", middle, spread / 5, common)]
    return min((c for c in candidates if c is not None), key=lambda grid: _crowded(grid, q))


def _grid(scale: ScaleName, centre: float, spread: float, common: dict[str, Any]) -> NumericBins | None:
    trial = NumericBins(scale=scale, centre=centre, spread=spread, origin=0.0, density=1.0, cells=GRID, **common)
    ends = trial.transform(np.asarray([common["low"], common["high"]]))
    with np.errstate(over="ignore"):
        width = float(ends[1] - ends[0])
    if not (math.isfinite(width) and width > 0):
        return (
            NumericBins(scale="linear", centre=0.0, spread=1.0, origin=common["low"], density=1e100, cells=1, **common)
            if scale == "linear"
            else None
        )
    density = GRID / width * (1 - 1e-12)  # so that the maximum itself falls into the last cell
    return NumericBins(scale=scale, centre=centre, spread=spread, origin=float(ends[0]), density=density, cells=GRID, **common)


def _crowded(grid: NumericBins, quantiles: Floats) -> int:
    """How many neighbouring quantiles differ and yet share a cell."""
    cell = np.floor((grid.transform(quantiles) - grid.origin) * grid.density)
    return int(np.sum((np.diff(quantiles) > 0) & (np.diff(cell) == 0)))
