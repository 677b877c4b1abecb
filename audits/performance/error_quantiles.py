"""Quantiles of the absolute error; `median_absolute_error` and `absolute_error_p90` are made of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import measurement
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.quantiles import quantiles
from audits.performance.score_bins import split

UNKNOWN = "no scored prediction with a known outcome"


def error_quantile(evidence: Evidence, name: str, q: float) -> Iterator[Measurement]:
    """The q-quantile of |prediction - outcome| by window and slice (everybody, single groups, segment levels), all versions together.

    Beyond the largest error of the reference the grid ends. There the value lies between that error and what the sums of errors allow: the
    k largest of n errors are together at most Σ |e|, and their squares at most Σ e². It is given as the middle of the two.
    """
    slices, _ = split(evidence)
    counts, grid = evidence.absolute_errors(slices)
    if grid is None:
        return
    window, place = np.nonzero(evidence.counts.rows[0][:, slices] > 0)
    cell = np.asarray(slices, dtype=np.int64)[place]
    found = quantiles(counts[window, place], grid, q, smallest=0.0, largest=grid.high)
    beyond = (found.place == grid.size - 1) & (found.n > 0)
    value = np.where(beyond, (grid.high + _most(evidence, window, cell, found.n - found.wanted + 1)) / 2, found.value)
    end = (found.high >= grid.high) & (found.high_rank <= found.n)
    high = np.where(end, np.maximum(_most(evidence, window, cell, found.n - found.high_rank + 1), found.high), found.high)
    resolution = np.where(beyond, value - grid.high, found.resolution)
    yield measurement(
        name, "outcome", value=value, low=np.minimum(found.low, value), high=np.maximum(high, value), n=found.n,
        method="order-statistics", window=window, slice=cell, attribute=evidence.attribute_places[cell], reason=found.reason(UNKNOWN),
        tables={int(i): {"resolution": float(resolution[i])} for i in np.flatnonzero(found.n > 0)},
    )  # fmt: skip


def _most(evidence: Evidence, window: Integers, cell: Integers, k: Floats) -> Floats:
    """What the k-th largest absolute error is at most, by cell."""
    total, squared = (evidence.counts.total(name, labelled=True)[0, window, cell] for name in ("error_abs", "error_2"))
    return np.asarray(np.minimum(total / np.maximum(k, 1), np.sqrt(squared / np.maximum(k, 1))))
