"""Mean prediction: what the model predicts on average for each group."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import mean


@audit(name="mean_prediction", unit="score", needs=("score",), tasks=("regression",))
def mean_prediction(evidence: Evidence) -> Iterator[Measurement]:
    """The mean of the predicted number, for everybody, each group and each segment.

    Formula
        Σ prediction / n, in the unit of the outcome. The gap to the comparison group is `mean_prediction_difference`; `mean_error` by
        group says whether the predictions are right.
    Interval
        Student's t. n is the rows with a prediction.
    When it misleads
        Groups may differ in what they need or did, so a gap is a question and not an answer. A few huge predictions move a mean, and
        the interval of few rows is then too short on their side.
    Source
        A. Agarwal, M. Dudík and Z. S. Wu (2019), Fair Regression, ICML: statistical parity of a prediction that is a number.

    >>> from audits.interval import mean_t
    >>> [round(float(x), 2) for x in mean_t(60.0, 1400.0, 3)]  # predictions of 10, 20 and 30
    [20.0, -4.84, 44.84]
    """
    counts = evidence.counts
    sums = (counts.total(name) for name in ("score", "score_squared", "scored"))
    yield mean(evidence, "mean_prediction", "score", *sums, reason="no prediction is a number here")
