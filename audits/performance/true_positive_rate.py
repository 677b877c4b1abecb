"""The audit `true_positive_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="true_positive_rate", unit="proportion", needs=("decision", "outcome"))
def true_positive_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of positive outcomes that were decided positive (recall, sensitivity).

    TP / (TP + FN); Wilson interval. "Positive" is the outcome that the score predicts (`columns.positive`), which may be the
    unfavorable one.

    It misleads when outcomes are known only for those whom the decision let through: the misses are then invisible and the rate
    is too high.

    Source: scikit-learn, `recall_score`.

    >>> from audits.interval import share
    >>> float(share(8, 8 + 2))
    0.8
    """
    c = evidence.counts
    yield rate(
        evidence,
        "true_positive_rate",
        c.true_positives,
        c.true_positives + c.false_negatives,
        reason="no positive outcome with a known decision",
    )
