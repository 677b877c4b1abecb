"""Exact moments of numeric columns by window: what counts in bins only give to within a cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import ColumnCounts, Evidence
from audits.tally import Table, merge_moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Values, mean, sum of squared deviations, smallest and largest value, by [column of the tally, window]; NaN without values."""

    n: Floats
    mean: Floats
    m2: Floats
    low: Floats
    high: Floats


def moments_by_window(evidence: Evidence) -> Moments:
    """Of the analysed period: the whole in window 0, then each window."""
    starts = np.asarray([first for first, _ in evidence.spans[1:]], dtype=np.int64)
    buckets = np.asarray([partition.bucket for partition in evidence.tally.partitions], dtype=np.int64)
    window = np.searchsorted(starts, buckets, side="right").astype(np.int64)
    return _moments(evidence.tally.moments, window, (len(evidence.tally.columns), len(evidence.windows)))


def reference_moments(evidence: Evidence) -> Moments:
    """Of the reference, with one window."""
    none = np.zeros(len(evidence.reference_tally.partitions), dtype=np.int64)
    return _moments(evidence.reference_tally.moments, none, (len(evidence.tally.columns), 1))


def squares(evidence: Evidence, name: str, counts: ColumnCounts, reference: Moments, windows: Moments) -> tuple[Floats, Floats]:
    """Sums of squared deviations of a column from its mean, of the reference and by window.

    Of a numeric outcome, which is kept apart from the predictions, they come from its bins, each taken at its mean.
    """
    if name in evidence.tally.columns:
        place = evidence.tally.columns.index(name)
        return np.nan_to_num(reference.m2[place]), np.nan_to_num(windows.m2[place])

    def of_bins(n: Floats, total: Floats) -> Floats:
        size = np.maximum(n.sum(axis=-1), 1.0)
        middle = total / np.maximum(n, 1.0) - (total.sum(axis=-1) / size)[..., None]
        return np.asarray((n * middle**2).sum(axis=-1))

    return of_bins(counts.reference[None], counts.reference_total[None]), of_bins(counts.windows, counts.total)


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
