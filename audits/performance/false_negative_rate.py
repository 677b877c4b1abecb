"""The audit `false_negative_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="false_negative_rate", unit="proportion", needs=("decision", "outcome"))
def false_negative_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of positive outcomes that were decided negative (misses).

    FN / (FN + TP); Wilson interval. "Positive" is the outcome that the score predicts (`columns.positive`).

    It misleads in the same way as `true_positive_rate`, of which it is the complement.

    Source: fairlearn, `false_negative_rate`.
    """
    c = evidence.counts
    yield rate(
        evidence,
        "false_negative_rate",
        c.false_negatives,
        c.true_positives + c.false_negatives,
        reason="no positive outcome with a known decision",
    )
