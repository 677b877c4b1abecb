"""The audit `balanced_accuracy`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit, over_slices
from audits.estimate import Estimates
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import mover, share, wilson
from audits.performance.macro import left_out
from audits.performance.rates import shaped, whole


@audit(name="balanced_accuracy", unit="proportion", needs=("decision", "outcome"), tasks=("binary", "multiclass"))
def balanced_accuracy(evidence: Evidence) -> Iterator[Measurement]:
    """The mean of the true positive rate and the true negative rate; with several classes, the mean of their recalls.

    (TP / (TP + FN) + TN / (TN + FP)) / 2; interval by MOVER from the Wilson interval of each class, which rest on different rows. Deciding
    the same for everybody scores 1/2, or 1/K with K classes. A class without outcomes in the cell is left out of the mean and named in the
    reason.

    It misleads when the two kinds of error do not cost the same, and is unstable where one outcome is rare: its interval shows it.

    Source: K. H. Brodersen et al. (2010), ICPR; scikit-learn, `balanced_accuracy_score`; interval: Zou and Donner (2008).

    >>> round((8 / 10 + 81 / 90) / 2, 4)
    0.85
    """
    if evidence.task == "multiclass":
        classes = len(evidence.classes)
        table = evidence.confusion[..., : classes + 1, :classes]
        hits, n = np.diagonal(table, axis1=-2, axis2=-1), table.sum(axis=-2)
        has = n > 0
        recall = np.where(has, share(hits, n), 0.0)
        low, high = wilson(hits, n)
        size = has.sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = recall.sum(axis=-1) / size
            down = np.sqrt(np.where(has, (recall - low) ** 2, 0.0).sum(axis=-1)) / size
            up = np.sqrt(np.where(has, (high - recall) ** 2, 0.0).sum(axis=-1)) / size
        found = Estimates(value=value, low=value - down, high=value + up, n=whole(n.sum(axis=-1)), method="mover-wilson")
        reason = "no prediction with a decision and a known outcome"
        yield shaped(evidence, "balanced_accuracy", "proportion", found, reason=reason, note=left_out(evidence, has))
        return
    c = evidence.counts
    positive, negative = c.true_positives + c.false_negatives, c.true_negatives + c.false_positives
    rates = [share(c.true_positives, positive), share(c.true_negatives, negative)]
    low, high = mover(rates, [wilson(c.true_positives, positive), wilson(c.true_negatives, negative)], [0.5, 0.5])
    found = Estimates(value=(rates[0] + rates[1]) / 2, low=low, high=high, n=whole(positive + negative), method="mover-wilson")
    yield over_slices(
        evidence, "balanced_accuracy", "proportion", found, reason="needs positive and negative outcomes with a known decision"
    )
