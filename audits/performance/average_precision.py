"""The audit `average_precision`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audits.audit import audit
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share, wilson
from audits.performance.macro import Part, logit_ends, macro, said, welch, widened
from audits.performance.score_bins import ScoreBins, score_bins


@audit(name="average_precision", unit="score", needs=("score", "outcome"), tasks=("binary", "multiclass"))
def average_precision(evidence: Evidence) -> Iterator[Measurement]:
    """The precision at each positive outcome, going down from the highest score, averaged over the positive outcomes.

    Σ (recall step x precision) over score bins from the top. Rows of a bin count as tied: the exact figure differs by at most `resolution`
    (in `tables`), found by ordering every bin as well and as badly as it can be; intersections have 20 bins only. In a multiclass task:
    of each class against the rest (`column`), and their plain mean over the classes that have an outcome in the cell.

    Interval: delta method on the logit scale. Every row's influence on the figure is known from the bins; the variance adds up that of the
    positives, that of the negatives and that of how many are positive, with Welch's degrees of freedom. At 0 and 1, Wilson's with the
    positives as n. With 20 bins the upper end is raised by what the best order within the bins adds. With ten positives or fewer the
    figure itself lies too high, and its interval with it.

    It misleads in comparisons: a random score has the base rate for its average precision, so groups or periods with other base rates
    differ.

    Source: scikit-learn, `average_precision_score`; K. Boyd, K. H. Eng and C. D. Page (2013), ECML, for intervals and the logit scale.

    >>> import numpy as np
    >>> from audits.performance.average_precision import binned
    >>> float(binned(np.array([[0.0, 1.0, 1.0]]), np.array([[1.0, 1.0, 0.0]]))[0][0])  # 1/2 x 1/1 + 1/2 x 2/3
    0.8333333333333333
    """
    if evidence.task == "multiclass":
        yield from macro(evidence, "average_precision", _part, lambda block, part: _measured(evidence, block, part))
        return
    for block in score_bins(evidence):
        yield _measured(evidence, block, _part(block))


def _measured(evidence: Evidence, block: ScoreBins, part: Part) -> Measurement:
    p = block.positives.sum(axis=1)
    low, high, certain = interval(part.value, part, p)
    tables = {int(i): {"resolution": float(part.resolution[i])} for i in np.flatnonzero(np.isfinite(part.resolution) & block.charted)}
    return block.measurement(
        evidence, "average_precision", "score", value=part.value, low=low, high=widened(block, high, part.above),
        n=p + block.negatives.sum(axis=1),
        method=said(block, np.where(certain, "wilson", "delta-logit")), reason="needs scored rows with a positive outcome",
        tables=tables,
    )  # fmt: skip


def _part(block: ScoreBins) -> Part:
    found = np.full((3, len(block.window)), np.nan)
    bound = np.flatnonzero(block.charted | block.merged)  # how far orders can be apart is asked for there only: it costs more than the rest
    found[:, bound] = binned(block.positives[bound], block.negatives[bound])
    value, above, resolution = tied(block.positives, block.negatives), found[1], np.maximum(found[1], found[2])
    of_positives, of_negatives = influence(block.positives, block.negatives)
    variances = _variances(block, of_positives, of_negatives)
    p, n = block.positives.sum(axis=1), block.negatives.sum(axis=1)
    return Part(
        value=value, variance=np.asarray(sum(variances)), free=welch(variances, (p, n, p + n)), resolution=resolution, above=above,
        of_positives=of_positives, of_negatives=of_negatives,
    )  # fmt: skip


def _variances(block: ScoreBins, of_positives: Floats, of_negatives: Floats) -> tuple[Floats, Floats, Floats]:
    """What the scores of the positives, those of the negatives, and the number of positives add to the variance; NaN from a single row."""
    found, means = [], []
    for rows, pull in ((block.positives, of_positives), (block.negatives, of_negatives)):
        n = rows.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.nan_to_num((rows * pull).sum(axis=1)) / n
            spread = np.nan_to_num((rows * (pull - mean[:, None]) ** 2).sum(axis=1)) * n / (n - 1)
        found.append(np.where(n > 1, spread, np.nan))
        means.append(mean * n)
    p, q = block.positives.sum(axis=1), block.negatives.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_mix = means[0] ** 2 / p + means[1] ** 2 / q
    return found[0], found[1], of_mix


def tied(positives: Floats, negatives: Floats) -> Floats:
    """Average precision with the rows of a bin tied, by [cell, bin] of counts."""
    p, hits = positives[:, ::-1], np.cumsum(positives[:, ::-1], axis=1)
    above = np.cumsum((positives + negatives)[:, ::-1], axis=1)
    return share(np.einsum("cb,cb->c", p, hits / np.maximum(above, 1.0)), hits[:, -1])


def binned(positives: Floats, negatives: Floats) -> tuple[Floats, Floats, Floats]:
    """Average precision with the rows of a bin tied, and how far above and below any order within them can be; by [cell, bin].

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
    return value, best - value, value - worst


def influence(positives: Floats, negatives: Floats) -> tuple[Floats, Floats]:
    """How much one row of each bin moves the average precision, by [cell, bin], for a positive and for a negative outcome.

    A positive adds its own precision and lifts that of all positives below it; a negative lowers the latter:
    (precision - a + Σ w (1 - precision)) / P and -Σ w precision / P, with w = positives / rows so far, summed over the bins at or below.
    """
    p, q = positives[:, ::-1], negatives[:, ::-1]
    hits, above = np.cumsum(p, axis=1), np.cumsum(p + q, axis=1)
    total = hits[:, -1:]
    safe = np.maximum(above, 1.0)
    precision, weight = hits / safe, p / safe
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (p * precision).sum(axis=1, keepdims=True) / total
        lifted = np.cumsum((weight * (1 - precision))[:, ::-1], axis=1)
        lowered = np.cumsum((weight * precision)[:, ::-1], axis=1)
        return (precision[:, ::-1] - value + lifted) / total, -lowered / total


def interval(value: Floats, part: Part, positives: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Low, high and where they are Wilson's: logit(value) ± t sd / (value (1 - value)), mapped back."""
    certain: NDArray[np.bool_] = (value <= 0) | (value >= 1)
    ends = logit_ends(value, part.variance, part.free)
    low, high = wilson(np.where(certain, value * positives, 0.0), positives)
    return np.where(certain, low, ends[0]), np.where(certain, high, ends[1]), certain
