"""Exact moments of numeric columns by window: what counts in bins only give to within a cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.bins import NumericBins
from audits.drift.readings import column_counts
from audits.drift.two_samples import two_samples
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.once import once
from audits.tally import Table, merge_moments

LARGEST = 1e10
"""Values of more standard deviations than this add up too coarsely: rounding would look like a move."""

SAME = "every value of the reference is the same, so there is no standard deviation to measure in"
ROUNDED = "the values are too large, alone or for their spread: their sums are rounded by more than a thousandth of a standard deviation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Values, mean, sum of squared deviations, smallest and largest value, by [column of the tally, window]; NaN without values."""

    n: Floats
    mean: Floats
    m2: Floats
    low: Floats
    high: Floats


@once
def moments_by_window(evidence: Evidence) -> Moments:
    """Of the analysed period: the whole in window 0, then each window."""
    starts = np.asarray([first for first, _ in evidence.spans[1:]], dtype=np.int64)
    buckets = np.asarray([partition.bucket for partition in evidence.tally.partitions], dtype=np.int64)
    window = np.searchsorted(starts, buckets, side="right").astype(np.int64)
    return _moments(evidence.tally.moments, window, (len(evidence.tally.columns), len(evidence.windows)))


@once
def reference_moments(evidence: Evidence) -> Moments:
    """Of the reference, with one window."""
    none = np.zeros(len(evidence.reference_tally.partitions), dtype=np.int64)
    return _moments(evidence.reference_tally.moments, none, (len(evidence.tally.columns), 1))


def squares(evidence: Evidence, name: str) -> tuple[Floats, Floats]:
    """Sums of squared deviations of a column from its mean, of the reference by [1] and by window.

    Of a numeric outcome, which is kept apart from the predictions, they come from its bins, each taken at its mean.
    """
    if name in evidence.tally.columns:
        place = evidence.tally.columns.index(name)
        return np.nan_to_num(reference_moments(evidence).m2[place]), np.nan_to_num(moments_by_window(evidence).m2[place])

    def of_bins(n: Floats, total: Floats) -> Floats:
        size = np.maximum(n.sum(axis=-1), 1.0)
        middle = total / np.maximum(n, 1.0) - (total.sum(axis=-1) / size)[..., None]
        return np.asarray((n * middle**2).sum(axis=-1))

    counts = column_counts(evidence, name)
    return of_bins(counts.reference[None], counts.reference_total[None]), of_bins(counts.windows, counts.total)


def scales(evidence: Evidence) -> tuple[Floats, NDArray[np.object_]]:
    """The reference's standard deviation of each numeric column by [column, 1], and why it is no unit to measure in where it is NaN."""
    found, why = [], []
    for samples in two_samples(evidence):
        for column in samples.columns:
            if isinstance(column.bins, NumericBins):
                n = max(float(column.reference.sum()), 1.0)
                spread = float(squares(evidence, column.bins.name)[0][0]) / n
                deviation = np.sqrt(spread) if spread < np.finfo(np.float64).max / n / 2 else np.nan
                large = not max(abs(column.bins.low), abs(column.bins.high)) <= LARGEST * deviation
                found.append(deviation if deviation > 0 and not large else np.nan)
                why.append(SAME if deviation == 0 else ROUNDED)
    return np.asarray(found)[:, None], np.asarray(why, dtype=object)[:, None]


def _moments(table: Table, window: Integers, shape: tuple[int, int]) -> Moments:
    filled = table["n"] > 0
    rows = {name: values[filled] for name, values in table.items()}
    split = rows | {"partition": window[rows["partition"]] if len(window) else rows["partition"]}
    found = {name: np.full(shape, 0.0 if name == "n" else np.nan) for name in ("n", "mean", "m2", "min", "max")}
    for part in (split, rows | {"partition": np.zeros(len(rows["n"]), dtype=np.int64)}):
        if len(part["n"]):
            merged = merge_moments(part)
            for name, values in found.items():
                values[merged["column"], merged["partition"]] = merged[name]
    return Moments(n=found["n"], mean=found["mean"], m2=found["m2"], low=found["min"], high=found["max"])
