"""Whole rows of the reference and of one window as numbers, for detectors that look at all columns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import CategoricalBins, NumericBins
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.probes.drop_rows import Rows, read
from connectors.config import ModelConfig
from connectors.partitions import Partition
from connectors.warehouse import Warehouse

LEVELS = 20
"""Levels of a categorical column that are told apart; the rest is one."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Reference and window as matrices [row, number].

    A numeric column is one number, less the reference's mean and over its standard deviation, and where anything is missing a second one
    that says so; a categorical column is one number a level, 0 or 1. `owner` is the position in `names` of the column a number belongs to.
    """

    names: tuple[str, ...]
    owner: Integers
    reference: Floats
    window: Floats
    rows: tuple[Rows, Rows]
    place: int
    """The window's position in `Evidence.windows`."""

    def firsts(self, most: int) -> tuple[Integers, Integers]:
        """Positions of at most so many rows of either side, one a unit: the first of each, in an order that is a digest's and so none.

        Tests by permutation take rows to be independent, and rows of one unit are not.
        """
        before, now = (np.sort(np.unique(side.unit, return_index=True)[1])[:most] for side in self.rows)
        return before, now

    def thinned(self, most: int) -> Sides:
        """At most so many rows of either side, one a unit; `rows` stays as it is."""
        from dataclasses import replace

        before, now = self.firsts(most)
        return replace(self, reference=self.reference[before], window=self.window[now])


def newest(evidence: Evidence) -> int | None:
    """The newest window that is complete and holds rows, and is not the reference itself; None where there is none."""
    own = (evidence.reference.start, evidence.reference.first_row) if evidence.reference.kind == "first window" else None
    rows = evidence.counts.rows[0, :, 0]
    for place in range(len(evidence.windows) - 1, 0, -1):
        window = evidence.windows[place]
        if rows[place] > 0 and not window.partial and (window.start, window.first_row) != own:
            return place
    return None


def of_window(evidence: Evidence, place: int) -> list[Partition]:
    """The partitions of one window."""
    first, end = evidence.spans[place]
    return [partition for partition in evidence.tally.partitions if first <= partition.bucket < end]


def sides(warehouse: Warehouse, model: ModelConfig, evidence: Evidence, place: int, *, rows: int) -> Sides:
    """At most `rows` rows of the reference and as many of the window, as matrices over the features that both hold."""
    before = read(warehouse, model, evidence, evidence.reference_tally.partitions, rows=rows)
    now = read(warehouse, model, evidence, of_window(evidence, place), rows=rows)
    names: list[str] = []
    owner: list[int] = []
    parts: tuple[list[Floats], list[Floats]] = ([], [])
    for grid in evidence.bins.columns:
        held = [side.numeric.get(grid.name, side.categorical.get(grid.name)) for side in (before, now)]
        if held[0] is None or held[1] is None:
            continue
        made = [_numbers(grid, np.asarray(values)) for values in held]
        kept = np.ptp(np.concatenate(made), axis=0) > 0
        if not kept.any():
            continue
        owner += [len(names)] * int(kept.sum())
        names.append(grid.name)
        for side, numbers in zip(parts, made, strict=True):
            side.append(numbers[:, kept])
    matrices = [np.concatenate(side, axis=1) if side else np.zeros((len(r), 0)) for side, r in zip(parts, (before, now), strict=True)]
    return Sides(
        names=tuple(names), owner=np.asarray(owner, dtype=np.int64), reference=matrices[0], window=matrices[1], rows=(before, now),
        place=place,
    )  # fmt: skip


def _numbers(grid: NumericBins | CategoricalBins, values: NDArray[Any]) -> Floats:
    if isinstance(grid, NumericBins):
        x = values.astype(np.float64)
        missing = ~np.isfinite(x)
        scaled = np.clip((np.where(missing, grid.mean, x) - grid.mean) / (grid.deviation or 1.0), -20.0, 20.0)
        return np.stack([scaled, missing.astype(np.float64)], axis=1)
    told = grid.levels[:LEVELS]
    one_of = np.stack([values == level for level in told], axis=1).astype(np.float64) if told else np.zeros((len(values), 0))
    missing = np.asarray([value is None for value in values.tolist()])
    return np.column_stack([one_of, missing, (one_of.sum(axis=1) == 0) & ~missing]).astype(np.float64)


def spread(parts: Floats) -> tuple[float, float]:
    """Interval around the mean of a figure's values on disjoint parts of the rows: Student's t, conservative for the figure of all rows."""
    from scipy.stats import t

    half = float(t.ppf(0.975, len(parts) - 1) * np.std(parts, ddof=1) / np.sqrt(len(parts)))
    return float(np.mean(parts)) - half, float(np.mean(parts)) + half
