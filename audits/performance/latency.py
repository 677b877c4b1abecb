"""Latency percentiles from the bins of the latency column; `latency_p50`, `latency_p95` and `latency_p99` are made of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import measurement
from audits.bins import NumericBins
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.quantiles import quantiles


def percentile(evidence: Evidence, name: str, q: float) -> Iterator[Measurement]:
    """The q-quantile of the latency per window, for everybody, to within the width of a bin of the latency column's grid."""
    column = evidence.model.columns.latency_ms
    grid = evidence.bins.by_name.get(column or "")
    if not isinstance(grid, NumericBins) or column is None:
        return
    smallest, largest = _range(evidence, column)
    found = quantiles(evidence.column(column).windows, grid, q, smallest=smallest, largest=largest)
    kept = np.flatnonzero(evidence.counts.rows[0, :, 0] > 0)
    yield measurement(
        name, "ms", value=found.value[kept], low=found.low[kept], high=found.high[kept], n=found.n[kept], method="order-statistics",
        window=kept, reason=found.reason("no prediction of the window carries a latency")[kept],
    )  # fmt: skip


def _range(evidence: Evidence, column: str) -> tuple[float, float]:
    """Smallest and largest latency of the period: the ends of the two open bins."""
    moments = evidence.tally.moments
    rows = moments["column"] == evidence.tally.columns.index(column)
    if not rows.any():
        return 0.0, 0.0
    return float(np.nanmin(moments["min"][rows].astype(np.float64))), float(np.nanmax(moments["max"][rows].astype(np.float64)))
