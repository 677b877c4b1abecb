"""The audit `accuracy`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import charted, rate, with_tables
from audits.slices import OTHER


@audit(name="accuracy", unit="proportion", needs=("decision", "outcome"), tasks=("binary", "multiclass"))
def accuracy(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions that agree with the outcome.

    (TP + TN) / (TP + FP + FN + TN), over the predictions whose decision and outcome are both known; Wilson interval. In a multiclass task:
    the diagonal of the confusion matrix, which is in `tables`, over all of it. Classes that were not there when bins were frozen count as
    one, "(other)": a row with "(other)" on one side only is an error, one with both is left out, for the two may differ.

    It misleads when one outcome is rare: deciding "no" for everybody is 99 % accurate when 1 % of outcomes are positive. Read it beside
    `base_rate` and `balanced_accuracy`. Outcomes known only for favorable decisions make it the accuracy of those alone.

    Source: scikit-learn, `accuracy_score`.

    >>> from audits.interval import share
    >>> float(share(8 + 90, 8 + 1 + 1 + 90))  # TP + TN over all
    0.98
    """
    reason = "no prediction with a decision and a known outcome"
    if evidence.task == "multiclass":
        classes = len(evidence.classes)
        table = evidence.confusion[..., : classes + 1, : classes + 1]
        hits = np.diagonal(table, axis1=-2, axis2=-1)
        block = rate(evidence, "accuracy", hits[..., :classes].sum(axis=-1), table.sum(axis=(-2, -1)) - hits[..., classes], reason=reason)
        yield with_tables(block, _confusions(evidence, block))
        return
    c = evidence.counts
    yield rate(
        evidence,
        "accuracy",
        c.true_positives + c.true_negatives,
        c.true_positives + c.true_negatives + c.false_positives + c.false_negatives,
        reason=reason,
    )


def _confusions(evidence: Evidence, block: Measurement) -> dict[int, dict[str, Any]]:
    """The confusion matrix, decisions down and outcomes across, by position of the figure."""
    classes = len(evidence.classes)
    found = {}
    for i in charted(evidence, block).tolist():
        table = evidence.confusion[block.version[i], block.window[i], block.slice[i]]
        size = classes + int(table[classes, : classes + 1].sum() + table[:classes, classes].sum() > 0)
        found[i] = {"classes": [*evidence.classes, OTHER][:size], "confusion": np.rint(table[:size, :size]).astype(np.int64).tolist()}
    return found
