"""The audit `true_negative_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="true_negative_rate", unit="proportion", needs=("decision", "outcome"))
def true_negative_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of negative outcomes that were decided negative (specificity).

    TN / (TN + FP); Wilson interval. "Positive" is the outcome that the score predicts (`columns.positive`).

    It misleads in the same way as `false_positive_rate`, of which it is the complement.

    Source: fairlearn, `true_negative_rate`.
    """
    c = evidence.counts
    yield rate(
        evidence,
        "true_negative_rate",
        c.true_negatives,
        c.false_positives + c.true_negatives,
        reason="no negative outcome with a known decision",
    )
