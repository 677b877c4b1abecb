"""Latency percentiles from the bins of the latency column; `latency_p50`, `latency_p95` and `latency_p99` are made of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import measurement
from audits.bins import NumericBins
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import quantile_ranks


def percentile(evidence: Evidence, name: str, q: float) -> Iterator[Measurement]:
    """The q-quantile of the latency per window, for everybody.

    The value lies within the bin that holds row ⌈q n⌉, in proportion to the rows below it. The interval reaches from the lower edge of the
    bin of the lower order statistic to the upper edge of the bin of the upper one, so that it covers the width of the bins too.
    """
    column = evidence.model.columns.latency_ms
    grid = evidence.bins.by_name.get(column or "")
    if not isinstance(grid, NumericBins) or column is None:
        return
    counts = evidence.column(column).windows
    smallest, largest = _range(evidence, column)
    edges = np.clip(np.concatenate([[smallest], grid.edges, [largest]]), smallest, largest)
    n = counts.sum(axis=1)
    kept = np.flatnonzero(evidence.counts.rows[0, :, 0] > 0)
    below = np.cumsum(counts, axis=1)
    low_rank, high_rank = quantile_ranks(n.astype(np.int64), q)
    wanted = np.maximum(np.ceil(q * n), 1.0)
    place = _bin_of_rank(below, wanted)
    lines = np.arange(len(n))
    inside = np.where(counts[lines, place] > 0, (wanted - 0.5 - (below - counts)[lines, place]) / np.maximum(counts[lines, place], 1), 0.0)
    value = edges[place] + inside * (edges[place + 1] - edges[place])
    uppers = edges[1:]
    if grid.whole:  # a bin within the grid holds one whole number
        value = np.where((place > 0) & (place < grid.size - 1), np.ceil(edges[place]), value)
        uppers = np.append(np.ceil(edges[1:-1]) - 1, edges[-1])
    low = np.where(low_rank > 0, edges[_bin_of_rank(below, low_rank.astype(np.float64))], np.nan)
    high = np.where(high_rank <= n, uppers[_bin_of_rank(below, high_rank.astype(np.float64))], np.nan)
    empty = n == 0
    value, low, high = (np.where(empty, np.nan, found) for found in (value, np.minimum(low, value), np.maximum(high, value)))
    reason = np.where(empty, "no prediction of the window carries a latency", np.where(np.isnan(low + high), _FEW, "")).astype(object)
    yield measurement(
        name,
        "ms",
        value=value[kept],
        low=low[kept],
        high=high[kept],
        n=n[kept],
        method="order-statistics",
        window=kept,
        reason=reason[kept],
    )


_FEW = "too few predictions for both ends of the interval"


def _bin_of_rank(below: Floats, rank: Floats) -> Integers:
    """The bin that holds the row of that rank (from 1), per window."""
    return np.asarray(np.minimum((below < rank[:, None]).sum(axis=1), below.shape[1] - 1), dtype=np.int64)


def _range(evidence: Evidence, column: str) -> tuple[float, float]:
    """Smallest and largest latency of the period: the ends of the two open bins."""
    moments = evidence.tally.moments
    rows = moments["column"] == evidence.tally.columns.index(column)
    if not rows.any():
        return 0.0, 0.0
    return float(np.nanmin(moments["min"][rows].astype(np.float64))), float(np.nanmax(moments["max"][rows].astype(np.float64)))
