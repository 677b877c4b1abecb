"""The audit `roc_auc`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audits.audit import audit
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share, wilson, z_of
from audits.performance.score_bins import score_bins


@audit(name="roc_auc", unit="score", needs=("score", "outcome"))
def roc_auc(evidence: Evidence) -> Iterator[Measurement]:
    """The chance that a positive outcome has a higher score than a negative one, ties counting half.

    Σ over bins of positives x (negatives below + half of those in the same bin) / (P N). Scores are binned: the exact figure differs by
    at most `resolution` (in `tables`), half the share of positive-negative pairs that share a bin; intersections have 20 bins only.
    Interval: DeLong's variance on the logit scale; where every pair is ordered alike that variance is 0, and it is Wilson's with the
    smaller class as n.

    It misleads as a sole measure: it says nothing about calibration or about the cut-off in use, and is dominated by easy pairs where one
    outcome is rare (see `average_precision`).

    Source: J. A. Hanley and B. J. McNeil (1982), Radiology 143; E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988), Biometrics 44;
    M. S. Pepe (2003), The Statistical Evaluation of Medical Tests, section 5.2, for the logit scale.

    >>> import numpy as np
    >>> from audits.performance.roc_auc import delong
    >>> value, variance = delong(np.array([[0.0, 1.0, 1.0]]), np.array([[1.0, 1.0, 0.0]]))
    >>> float(value[0])  # four pairs: three ordered, one tied
    0.875
    """
    for block in score_bins(evidence):
        value, variance = delong(block.positives, block.negatives)
        positives, negatives = block.positives.sum(axis=1), block.negatives.sum(axis=1)
        low, high, certain = interval(value, variance, positives, negatives)
        shared = 0.5 * share((block.positives * block.negatives).sum(axis=1), positives * negatives)
        tables = {int(i): {"resolution": float(shared[i])} for i in np.flatnonzero(np.isfinite(shared))}
        yield block.measurement(
            evidence, "roc_auc", "score", value=value, low=low, high=high, n=positives + negatives,
            method=np.where(certain, "wilson", "delong").astype(object), reason="needs scored rows of both outcomes", tables=tables,
        )  # fmt: skip


def delong(positives: Floats, negatives: Floats) -> tuple[Floats, Floats]:
    """AUC and DeLong's variance from counts by [cell, bin]; NaN without both outcomes, the variance also with a single row of one.

    Rows of a bin share a placement, so the variance over rows is a weighted variance over bins.
    """
    p, n = positives.sum(axis=1), negatives.sum(axis=1)
    below = np.cumsum(negatives, axis=1) - negatives / 2  # negatives below each positive
    above = p[:, None] - np.cumsum(positives, axis=1) + positives / 2  # positives above each negative
    value = share((positives * below).sum(axis=1), p * n)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_positives = (positives * (below / n[:, None] - value[:, None]) ** 2).sum(axis=1) / (p - 1)
        of_negatives = (negatives * (above / p[:, None] - value[:, None]) ** 2).sum(axis=1) / (n - 1)
        variance = of_positives / p + of_negatives / n
    return value, np.where((p > 1) & (n > 1), variance, np.nan)


def interval(value: Floats, variance: Floats, positives: Floats, negatives: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Low, high and whether the variance was 0: logit(value) ± z sd / (value (1 - value)), mapped back.

    On the plain scale the interval holds the truth in 89 % of samples of 20 and 60 rows at an AUC of 0.92; on this one in 95 %.
    """
    certain: NDArray[np.bool_] = variance <= 1e-15
    with np.errstate(invalid="ignore", divide="ignore"):
        logit, half = np.log(value / (1 - value)), z_of() * np.sqrt(variance) / (value * (1 - value))
        ends = 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))
    smaller = np.minimum(positives, negatives)
    low, high = wilson(np.where(certain, value * smaller, 0.0), smaller)
    return np.where(certain, low, ends[0]), np.where(certain, high, ends[1]), certain
