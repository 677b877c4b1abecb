"""The audit `average_precision`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import z_of
from audits.performance.score_bins import score_bins


@audit(name="average_precision", unit="score", needs=("score", "outcome"))
def average_precision(evidence: Evidence) -> Iterator[Measurement]:
    """The precision at each positive outcome, going down from the highest score, averaged over the positive outcomes.

    Σ (recall step x precision) over score bins from the top. Rows of a bin count as tied: the exact figure differs by at most `resolution`
    (in `tables`), found by ordering every bin as well and as badly as it can be; intersections have 20 bins only. Interval on the logit
    scale, with the number of positives as n: low, high = 1 / (1 + exp(-logit ± z / √(P a (1 - a)))); Wilson's at 0 and 1.

    It misleads in comparisons: a random score has the base rate for its average precision, so groups or periods with other base rates
    differ.

    Source: scikit-learn, `average_precision_score`; K. Boyd, K. H. Eng and C. D. Page (2013), ECML, for the interval.

    >>> import numpy as np
    >>> from audits.performance.average_precision import binned
    >>> float(binned(np.array([[0.0, 1.0, 1.0]]), np.array([[1.0, 1.0, 0.0]]))[0][0])  # 1/2 x 1/1 + 1/2 x 2/3
    0.8333333333333333
    """
    from audits.interval import wilson

    for block in score_bins(evidence):
        value, resolution = binned(block.positives, block.negatives)
        p = block.positives.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            logit, half = np.log(value / (1 - value)), z_of() / np.sqrt(p * value * (1 - value))
            low, high = 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))
        edge = (value <= 0) | (value >= 1)
        ends = wilson(np.where(edge, value * p, 0.0), p)
        tables = {int(i): {"resolution": float(resolution[i])} for i in np.flatnonzero(np.isfinite(resolution))}
        yield block.measurement(
            evidence, "average_precision", "score", value=value, low=np.where(edge, ends[0], low), high=np.where(edge, ends[1], high),
            n=p + block.negatives.sum(axis=1), method=np.where(edge, "wilson", "logit").astype(object),
            reason="needs scored rows with a positive outcome", tables=tables,
        )  # fmt: skip


def binned(positives: Floats, negatives: Floats) -> tuple[Floats, Floats]:
    """Average precision with the rows of a bin tied, and how far any order within the bins can be from it; by [cell, bin] of counts.

    At best a bin's positives come first and together, at worst last and one by one; the sum of (t + k) / (t + k + f) over k = 1 ... p is
    p - f (ψ(t + f + p + 1) - ψ(t + f + 1)).
    """
    from scipy.special import digamma

    p, q = positives[:, ::-1], negatives[:, ::-1]
    hits, alarms = np.cumsum(p, axis=1), np.cumsum(q, axis=1)
    total = hits[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.nansum(p * hits / (hits + alarms), axis=1) / total
        best = np.nansum(p * hits / (hits + alarms - q), axis=1) / total
        cell, place = np.nonzero((p > 0) & (alarms > 0))
        before, wrong, right = hits[cell, place] - p[cell, place], alarms[cell, place], p[cell, place]
        loss = wrong * (digamma(before + wrong + right + 1) - digamma(before + wrong + 1))
        worst = 1 - np.bincount(cell, weights=loss, minlength=len(p)) / total
    return value, np.maximum(best - value, value - worst)
