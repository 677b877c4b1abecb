"""The audit `accuracy`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="accuracy", unit="proportion", needs=("decision", "outcome"))
def accuracy(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions that agree with the outcome.

    (TP + TN) / (TP + FP + FN + TN), over the predictions whose decision and outcome are both known; Wilson interval.

    It misleads when one outcome is rare: deciding "no" for everybody is 99 % accurate when 1 % of outcomes are positive. Read it beside
    `base_rate` and `balanced_accuracy`. Outcomes known only for favorable decisions make it the accuracy of those alone.

    Source: scikit-learn, `accuracy_score`.

    >>> from audits.interval import share
    >>> float(share(8 + 90, 8 + 1 + 1 + 90))  # TP + TN over all
    0.98
    """
    c = evidence.counts
    yield rate(
        evidence,
        "accuracy",
        c.true_positives + c.true_negatives,
        c.true_positives + c.true_negatives + c.false_positives + c.false_negatives,
        reason="no prediction with a decision and a known outcome",
    )
