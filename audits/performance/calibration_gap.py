"""The audit `calibration_gap`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import NO, YES, Evidence
from audits.finding import Measurement
from audits.performance.rates import stratified
from audits.performance.score_bins import squared_errors


@audit(name="calibration_gap", unit="difference", needs=("probability", "outcome"))
def calibration_gap(evidence: Evidence) -> Iterator[Measurement]:
    """The mean score minus the observed rate of positive outcomes (calibration in the large).

    Σ (score - outcome) / n over scored predictions with a known outcome. Above 0 the model promises too much, below 0 too little. Interval:
    of each outcome's mean difference by t, and of the share of positive outcomes by Wilson, put together.

    It misleads when errors cancel: a model that is too high for one half and too low for the other has no gap
    (see `expected_calibration_error`).

    Source: E. W. Steyerberg, Clinical Prediction Models (2019), chapter 15.

    >>> round((0.8 + 0.3) / 2 - 1 / 2, 4)
    0.05
    """
    c = evidence.counts
    total = c.sums["score"].copy()
    total[..., YES if c.same else NO] -= c.positives
    squared = squared_errors(evidence)
    reason = "no scored prediction with a known outcome"
    yield stratified(evidence, "calibration_gap", "difference", total, squared, c.sums["scored"], reason=reason)
