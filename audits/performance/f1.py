"""The audit `f1`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audits.audit import audit, over_slices
from audits.estimate import Estimates, Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share, wilson
from audits.performance.macro import left_out, logit_interval
from audits.performance.rates import of_topic, shaped, whole


@audit(name="f1", unit="score", needs=("decision", "outcome"), tasks=("binary", "multiclass"))
def f1(evidence: Evidence) -> Iterator[Measurement]:
    """The harmonic mean of precision and recall.

    2 TP / (2 TP + FP + FN) = 2p / (1 + p) with p = TP / (TP + FP + FN). Since the second form is monotone in p, the Wilson interval of p
    maps to an interval of F1 with the same coverage; n is TP + FP + FN.

    In a multiclass task: of each class against the rest (`column`), and their plain mean over the classes that have an outcome in the cell
    (macro F1). A class that is never predicted but has outcomes counts with 0, as scikit-learn's `zero_division=0` does; a class
    without outcomes is left out and named in the reason, where scikit-learn counts 0 for it if it was ever predicted. Interval of the mean:
    delta method over the confusion matrix, on the logit scale; Wilson's with the rarest class as n where all are 0 or all are 1.

    It misleads because it ignores true negatives and weighs the two kinds of error as precision and recall happen to: it depends on the
    base rate and on which outcome is called positive. In the mean over classes one of three rows weighs as much as one of three thousand.

    Source: C. J. van Rijsbergen, Information Retrieval (1979); scikit-learn, `f1_score`; for the interval of the mean K. Takahashi,
    K. Yamamoto, A. Kuchiba and T. Koyama (2022), Applied Intelligence 52, 4961-4972.

    >>> p = 6 / (6 + 2 + 2)
    >>> round(2 * p / (1 + p), 4), 2 * 6 / (2 * 6 + 2 + 2)
    (0.75, 0.75)
    """
    if evidence.task == "multiclass":
        classes = len(evidence.classes)
        table = evidence.confusion[..., : classes + 1, : classes + 1]
        value, variance, has = macro_f1(table)
        rarest = np.where(has, table.sum(axis=-2)[..., :classes], np.inf).min(axis=-1)
        low, high, certain = logit_interval(value, variance, rarest)
        n = whole(table.sum(axis=(-2, -1)))
        found = Estimates(value=value, low=low, high=high, n=n, method="delta-logit")
        reason = "no prediction with a decision and a known outcome"
        yield shaped(evidence, "f1", "score", found, reason=reason, note=left_out(evidence, has), special=(certain, "wilson"))
        for k in range(classes):
            hits = table[..., k, k]
            one = of_counts(hits, table[..., k, :].sum(axis=-1) + table[..., k].sum(axis=-1) - hits)
            yield of_topic(evidence, k, over_slices(evidence, "f1", "score", one, reason="no decision and no outcome is of this class"))
        return
    c = evidence.counts
    found = of_counts(c.true_positives, c.true_positives + c.false_positives + c.false_negatives)
    yield over_slices(evidence, "f1", "score", found, reason="no positive decision and no positive outcome")


def of_counts(hits: Floats, n: Floats) -> Estimates:
    """F1 from true positives and the rows where decision, outcome or both are positive."""
    low, high = wilson(hits, n)
    return Estimates(value=share(2 * hits, n + hits), low=2 * low / (1 + low), high=2 * high / (1 + high), n=whole(n), method="wilson-f1")


def macro_f1(table: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Macro F1, its variance by the delta method, and which classes have outcomes, from counts by [..., decision, outcome].

    The last decision and outcome stand for other classes, which the mean leaves out. With S_k = rows decided k + rows with outcome k, one
    row more in cell (i, j) moves the mean of M classes by (2 [i = j] / S_i - F_i / S_i - F_j / S_j) / M; over all rows that adds up to 0.

    >>> value, _, _ = macro_f1(np.array([[5.0, 1.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 0.0]]))
    >>> round(float(value), 4)  # (10/13 + 8/11) / 2
    0.7483
    """
    classes = table.shape[-1] - 1
    n = table.sum(axis=(-2, -1))
    hits = np.diagonal(table, axis1=-2, axis2=-1)[..., :classes]
    decided, seen = table.sum(axis=-1), table.sum(axis=-2)
    both = (decided + seen)[..., :classes]
    has: NDArray[np.bool_] = seen[..., :classes] > 0
    size = has.sum(axis=-1)
    each = np.where(has, 2 * hits / np.maximum(both, 1), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.asarray(each.sum(axis=-1) / size)
        gain = np.where(has, 2 * n[..., None] / np.maximum(both, 1) / size[..., None], 0.0)
        loss = gain * each / 2
        inner = table[..., :classes, :classes]
        spread = ((decided + seen)[..., :classes] * loss**2).sum(axis=-1) + (hits * gain * (gain - 4 * loss)).sum(axis=-1)
        spread += 2 * (loss * (inner @ loss[..., None])[..., 0]).sum(axis=-1)
        return value, np.asarray(np.maximum(spread, 0.0) / n**2), has
