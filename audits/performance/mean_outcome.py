"""The audit `mean_outcome`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.estimate import Estimates
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import mean_t
from audits.performance.rates import of_one_row, shaped, whole


@audit(name="mean_outcome", unit="outcome", needs=("score", "outcome"), tasks=("regression",))
def mean_outcome(evidence: Evidence) -> Iterator[Measurement]:
    """The mean of the known outcomes of scored predictions, in their own unit.

    Σ outcome / n; t interval. It is what `base_rate` is to a binary task: read errors and mean predictions beside it.

    It misleads when the outcome is known for some kinds of cases sooner, or only at all, than for others.

    Source: Student (1908), Biometrika 6, for the interval.
    """
    c, grid = evidence.counts, evidence.bins.outcome_bins
    if grid is None or "truth_2" not in c.sums:
        return
    n = c.total("scored", labelled=True)
    found = mean_t(c.total("truth_1", labelled=True), c.total("truth_2", labelled=True), n)  # of standardised outcomes
    value, low, high = (grid.mean + (grid.deviation or 1.0) * np.asarray(each) for each in found)
    yield shaped(
        evidence, "mean_outcome", "outcome", Estimates(value=value, low=low, high=high, n=whole(n), method="t"),
        reason="no scored prediction with a known outcome", note=of_one_row(n),
    )  # fmt: skip
