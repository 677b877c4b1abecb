"""The audit `calibration_gap`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import mean


@audit(name="calibration_gap", unit="difference", needs=("probability", "outcome"))
def calibration_gap(evidence: Evidence) -> Iterator[Measurement]:
    """The mean score minus the observed rate of positive outcomes (calibration in the large).

    Σ (score - outcome) / n over scored predictions with a known outcome; t interval of the row-wise differences. Above 0 the model
    promises too much, below 0 too little.

    It misleads when errors cancel: a model that is too high for one half and too low for the other has no gap
    (see `expected_calibration_error`).

    Source: E. W. Steyerberg, Clinical Prediction Models (2019), chapter 15.

    >>> round((0.8 + 0.3) / 2 - 1 / 2, 4)
    0.05
    """
    c = evidence.counts
    n = c.total("scored", labelled=True)
    total = c.total("score", labelled=True) - c.positives
    squared = c.total("error_2", labelled=True)
    yield mean(evidence, "calibration_gap", "difference", total, squared, n, reason="no scored prediction with a known outcome")
