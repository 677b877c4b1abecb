"""The audit `false_positive_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="false_positive_rate", unit="proportion", needs=("decision", "outcome"))
def false_positive_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of negative outcomes that were decided positive (false alarms).

    FP / (FP + TN); Wilson interval. "Positive" is the outcome that the score predicts (`columns.positive`).

    It misleads when positives are rare: a low rate over many negatives can still mean that most alarms are false (see
    `positive_predictive_value`).

    Source: fairlearn, `false_positive_rate`.
    """
    c = evidence.counts
    yield rate(
        evidence,
        "false_positive_rate",
        c.false_positives,
        c.false_positives + c.true_negatives,
        reason="no negative outcome with a known decision",
    )
