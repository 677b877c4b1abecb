"""The audit `negative_predictive_value`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="negative_predictive_value", unit="proportion", needs=("decision", "outcome"))
def negative_predictive_value(evidence: Evidence) -> Iterator[Measurement]:
    """The share of negative decisions whose outcome was negative.

    TN / (TN + FN); Wilson interval. "Positive" is the outcome that the score predicts (`columns.positive`).

    It misleads in comparisons as `positive_predictive_value` does, and cannot be known at all where outcomes are seen only after a
    positive decision.

    Source: D. G. Altman and J. M. Bland (1994), BMJ 309, 102.
    """
    c = evidence.counts
    yield rate(
        evidence,
        "negative_predictive_value",
        c.true_negatives,
        c.true_negatives + c.false_negatives,
        reason="no negative decision with a known outcome",
    )
