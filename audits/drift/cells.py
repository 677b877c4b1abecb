"""Numeric columns on their whole grids, for the distances that want every cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from audits.bins import NumericBins
from audits.drift import readings
from audits.drift.readings import column_counts
from audits.drift.two_samples import two_samples
from audits.estimate import Floats
from audits.evidence import ColumnCounts, Evidence
from audits.once import once


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One numeric column on its whole grid: counts and sums of values by [window, bin], the reference's by [1, bin] where one serves all
    windows; and the running sums of the counts, which several statistics start from."""

    grid: NumericBins
    reference: Floats
    reference_total: Floats
    reference_running: Floats
    windows: Floats
    total: Floats
    running: Floats

    @classmethod
    def of(cls, grid: NumericBins, counts: ColumnCounts) -> Cells:
        """The cells of a column against the reference."""
        return cls(
            grid=grid, reference=counts.reference[None], reference_total=counts.reference_total[None],
            reference_running=running_sums(counts.reference[None]), windows=counts.windows, total=counts.total,
            running=running_sums(counts.windows),
        )  # fmt: skip


def running_sums(counts: Floats) -> Floats:
    """Running sums over the last axis of whole numbers: as integers, which add up in a third of the time."""
    return np.cumsum(counts.astype(np.int64), axis=-1).astype(np.float64)


def cells(evidence: Evidence) -> Iterable[Cells]:
    """Each numeric column's cells, in the order of the numeric samples; made anew each time where they are too many to keep."""
    numbers = 3 * len(evidence.windows) * sum(grid.size for grid in _grids(evidence))
    return _kept(evidence) if 8 * numbers <= readings.KEPT_BYTES else _made(evidence)


def _grids(evidence: Evidence) -> list[NumericBins]:
    columns = (column for samples in two_samples(evidence) for column in samples.columns)
    return [column.bins for column in columns if isinstance(column.bins, NumericBins)]


def _made(evidence: Evidence) -> Iterator[Cells]:
    return (Cells.of(grid, column_counts(evidence, grid.name)) for grid in _grids(evidence))


@once
def _kept(evidence: Evidence) -> tuple[Cells, ...]:
    return tuple(_made(evidence))
