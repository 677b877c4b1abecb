"""The audit `balanced_accuracy`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit, over_slices
from audits.estimate import Estimates
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import mover, share, wilson
from audits.performance.rates import whole


@audit(name="balanced_accuracy", unit="proportion", needs=("decision", "outcome"))
def balanced_accuracy(evidence: Evidence) -> Iterator[Measurement]:
    """The mean of the true positive rate and the true negative rate.

    (TP / (TP + FN) + TN / (TN + FP)) / 2; interval by MOVER from the two Wilson intervals. Deciding the same for everybody scores 0.5.

    It misleads when the two kinds of error do not cost the same, and is unstable where one outcome is rare: its interval shows it.

    Source: K. H. Brodersen et al. (2010), ICPR; interval: Zou and Donner (2008).

    >>> round((8 / 10 + 81 / 90) / 2, 4)
    0.85
    """
    c = evidence.counts
    positive, negative = c.true_positives + c.false_negatives, c.true_negatives + c.false_positives
    rates = [share(c.true_positives, positive), share(c.true_negatives, negative)]
    low, high = mover(rates, [wilson(c.true_positives, positive), wilson(c.true_negatives, negative)], [0.5, 0.5])
    found = Estimates(value=(rates[0] + rates[1]) / 2, low=low, high=high, n=whole(positive + negative), method="mover-wilson")
    yield over_slices(
        evidence, "balanced_accuracy", "proportion", found, reason="needs positive and negative outcomes with a known decision"
    )
