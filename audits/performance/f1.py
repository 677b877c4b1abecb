"""The audit `f1`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit, over_slices
from audits.estimate import Estimates
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share, wilson
from audits.performance.rates import whole


@audit(name="f1", unit="score", needs=("decision", "outcome"))
def f1(evidence: Evidence) -> Iterator[Measurement]:
    """The harmonic mean of precision and recall.

    2 TP / (2 TP + FP + FN) = 2p / (1 + p) with p = TP / (TP + FP + FN). Since the second form is monotone in p, the Wilson interval of p
    maps to an interval of F1 with the same coverage; n is TP + FP + FN.

    It misleads because it ignores true negatives and weighs the two kinds of error as precision and recall happen to: it depends on the
    base rate and on which outcome is called positive.

    Source: C. J. van Rijsbergen, Information Retrieval (1979); scikit-learn, `f1_score`.

    >>> p = 6 / (6 + 2 + 2)
    >>> round(2 * p / (1 + p), 4), 2 * 6 / (2 * 6 + 2 + 2)
    (0.75, 0.75)
    """
    c = evidence.counts
    n = c.true_positives + c.false_positives + c.false_negatives
    low, high = wilson(c.true_positives, n)
    value = share(2 * c.true_positives, n + c.true_positives)
    found = Estimates(value=value, low=2 * low / (1 + low), high=2 * high / (1 + high), n=whole(n), method="wilson-f1")
    yield over_slices(evidence, "f1", "score", found, reason="no positive decision and no positive outcome")
