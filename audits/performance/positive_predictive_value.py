"""The audit `positive_predictive_value`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="positive_predictive_value", unit="proportion", needs=("decision", "outcome"))
def positive_predictive_value(evidence: Evidence) -> Iterator[Measurement]:
    """The share of positive decisions whose outcome was positive (precision).

    TP / (TP + FP); Wilson interval. "Positive" is the outcome that the score predicts (`columns.positive`).

    It misleads in comparisons: it falls with the base rate, so two groups or two periods with other base rates differ in it even when the
    model treats equal cases alike.

    Source: scikit-learn, `precision_score`.
    """
    c = evidence.counts
    yield rate(
        evidence,
        "positive_predictive_value",
        c.true_positives,
        c.true_positives + c.false_positives,
        reason="no positive decision with a known outcome",
    )
