"""Means over classes: what the measures of a multiclass task share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import NO, YES, Evidence
from audits.finding import Measurement
from audits.interval import wilson, z_of
from audits.performance.score_bins import ScoreBins, class_bins, split


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One class's figure over the cells of a block, and how much one row of each [cell, bin] moves it, by its outcome.

    `free` are the degrees of freedom of the variance; the exact figure is at most `resolution` away, and at most `above` higher.
    """

    value: Floats
    variance: Floats
    free: Floats
    resolution: Floats
    above: Floats
    of_positives: Floats
    of_negatives: Floats


def left_out(evidence: Evidence, has: NDArray[np.bool_], *, what: str = "no outcome is") -> NDArray[np.object_]:
    """Which classes a mean leaves out, in words, by cell; "" where it leaves out none. `has` is by [..., class]."""
    names, flat = evidence.classes, has.reshape(-1, has.shape[-1])
    patterns, place = np.unique(flat, axis=0, return_inverse=True)
    said = np.empty(len(patterns), dtype=object)
    for i, pattern in enumerate(patterns):
        gone = [f'"{name}"' for name, kept in zip(names, pattern, strict=True) if not kept]
        if not gone or len(gone) == len(names):
            said[i] = ""
            continue
        shown = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
        said[i] = f"{what} {shown}: the mean is over the other {len(names) - len(gone)} of {len(names)} classes"
    return np.asarray(said[place.ravel()].reshape(has.shape[:-1]), dtype=object)


def joined(first: NDArray[np.object_], second: NDArray[Any]) -> NDArray[np.object_]:
    """Two reasons a cell as one, where either may be empty."""
    between = np.where((first != "") & (second != ""), "; ", "").astype(object)
    return np.asarray(first + between + second.astype(object), dtype=object)


def macro(
    evidence: Evidence, name: str, part_of: Callable[[ScoreBins], Part], measured: Callable[[ScoreBins, Part], Measurement]
) -> Iterator[Measurement]:
    """One-vs-rest figures of scores: their mean over the classes that have them, then each class's, a block a version and kind of bins.

    The figures of two classes rest on the same rows and are correlated, by an amount that histograms of single classes do not hold in full.
    The rows of one cell of the confusion matrix have a mean influence on each class's figure, and these means are added up over the classes
    cell by cell, with nothing assumed. What varies within the cells is taken to be correlated by 1 / (K - 1)² between two of K classes:
    exact for two, whose scores mirror each other, and simulated for more (standard errors within 10 % of the truth for 3 to 8 classes).
    """
    classes = len(evidence.classes)
    of_class: list[Measurement] = []
    shares: list[list[_Share]] = []
    for k in range(classes):
        blocks = class_bins(evidence, k)
        shares = shares or [[] for _ in blocks]
        for block, kept in zip(blocks, shares, strict=True):
            part = part_of(block)
            of_class.append(measured(block, part))
            kept.append(_share(evidence.of_class(k), block, part))
    for block, kept in zip(class_bins(evidence, 0), shares, strict=True):
        has = np.stack([one.has for one in kept], axis=1)
        size = has.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(has, np.stack([one.value for one in kept], axis=1), 0.0).sum(axis=1) / size
            resolution = np.where(has, np.stack([one.resolution for one in kept], axis=1), 0.0).sum(axis=1) / size
            above = np.where(has, np.stack([one.above for one in kept], axis=1), 0.0).sum(axis=1) / size
            variance = _variance(evidence, block, kept) / size**2
        low, high, certain = logit_interval(mean, variance, np.stack([one.positives for one in kept], axis=1).min(axis=1))
        high = widened(block, high, above)
        found = replace(block, column=-1).measurement(
            evidence, name, "score", value=mean, low=low, high=high, n=np.stack([one.n for one in kept], axis=1).max(axis=1),
            reason="needs scored rows with outcomes of two classes at least",
            method=said(block, np.where(certain, "wilson", "delta-logit")),
            tables={int(i): {"resolution": float(resolution[i])} for i in np.flatnonzero(np.isfinite(resolution) & block.charted)},
        )  # fmt: skip
        few = np.where(np.isfinite(mean) & np.isnan(found.low), "a class has a single outcome, too few for an interval", "")
        found.reason[:] = np.where(np.isfinite(mean), joined(left_out(evidence, has, what="no figure of"), few), found.reason)
        yield found
    yield from of_class


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """What one class contributes to the mean, by cell; `pull` is the mean influence of a row by [cell, decision, outcome (no, yes)]."""

    value: Floats
    resolution: Floats
    above: Floats
    has: NDArray[np.bool_]
    n: Floats
    positives: Floats
    pull: Floats
    rest: Floats


def _share(view: Evidence, block: ScoreBins, part: Part) -> _Share:
    has: NDArray[np.bool_] = np.isfinite(part.value)
    pull, between = np.zeros((len(has), 3, 2)), np.zeros(len(has))
    if view.without is None:  # a jackknife over units asks for values only, and makes its own intervals of them
        fine, crossed = split(view)
        slices, read = (crossed, view.decided_coarse) if block.crossed else (fine, view.decided_margin)
        place = np.full(len(view.slices), -1)
        place[slices] = np.arange(len(slices))
        rows = read(slices, version=block.version)[0][block.window, place[block.slice]][:, :, [NO, YES]]  # cell, decision, outcome, bin
        n = rows.sum(axis=-1)
        influence = np.stack([part.of_negatives, part.of_positives], axis=1)[:, None]
        pull = np.where(has[:, None, None], np.nan_to_num((rows * influence).sum(axis=-1)) / np.maximum(n, 1), 0.0)
        between = (n * pull**2).sum(axis=(1, 2))
    rest = np.where(has, part.variance - between, 0.0)
    positives = block.positives.sum(axis=1)
    return _Share(
        value=part.value, resolution=part.resolution, above=part.above, has=has, n=positives + block.negatives.sum(axis=1),
        positives=np.where(has, positives, np.inf), pull=pull, rest=np.maximum(rest, 0.0),
    )  # fmt: skip


def _variance(evidence: Evidence, block: ScoreBins, kept: Sequence[_Share]) -> Floats:
    """Variance of the sum of the classes' figures, by cell of the block."""
    classes = len(kept)
    m = np.stack([one.pull for one in kept], axis=1)  # cell, class, decision (no, yes, unknown), outcome (no, yes)
    table = evidence.confusion[block.version, block.window, block.slice][:, :, : classes + 1]  # cell, decision, outcome
    # Of a row decided i with outcome j, class k sees decision and outcome "no", but for i and for j: begin with "no" and correct.
    none = np.zeros((len(m), 1))
    by_decision = np.concatenate([m[:, :, 1, 0] - m[:, :, 0, 0], none], axis=1)
    by_outcome = np.concatenate([m[:, :, 0, 1] - m[:, :, 0, 0], none], axis=1)
    known = m[:, :, 0, 0].sum(axis=1)[:, None, None] + by_decision[:, :, None] + by_outcome[:, None]
    diagonal = np.arange(classes)
    known[:, diagonal, diagonal] += m[:, :, 1, 1] - m[:, :, 1, 0] - m[:, :, 0, 1] + m[:, :, 0, 0]
    unknown = m[:, :, 2, 0].sum(axis=1)[:, None] + np.concatenate([m[:, :, 2, 1] - m[:, :, 2, 0], none], axis=1)
    pull = np.concatenate([known, unknown[:, None]], axis=1)
    n = np.stack([one.n for one in kept], axis=1).max(axis=1)
    scored = n / np.maximum(table.sum(axis=(1, 2)), 1)  # the confusion matrix holds rows without a score too
    between = (table * pull**2).sum(axis=(1, 2)) * scored
    alone = np.stack([one.rest for one in kept], axis=1)
    separate = alone.sum(axis=1)
    together = np.sqrt(alone).sum(axis=1) ** 2
    return np.asarray(between + separate + (together - separate) / max(classes - 1, 1) ** 2)


def widened(block: ScoreBins, high: Floats, above: Floats) -> Floats:
    """The upper end, raised by what the best order within merged bins adds: there scores count as tied that are not."""
    return np.minimum(high + above, 1.0) if block.merged else high


def said(block: ScoreBins, method: NDArray[Any]) -> NDArray[np.object_]:
    """The methods, with a word on merged bins."""
    return np.asarray([f"{name}, widened by ties" if block.merged else name for name in method.tolist()], dtype=object)


def logit_interval(value: Floats, variance: Floats, smallest: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """logit(value) ± z sd / (value (1 - value)), mapped back; where nothing varies, Wilson's with the rarest class as n, which is said."""
    certain: NDArray[np.bool_] = (value <= 0) | (value >= 1) | (variance <= 1e-15)
    ends = logit_ends(value, variance)
    n = np.where(np.isfinite(smallest), smallest, 0.0)
    low, high = wilson(np.where(certain, np.nan_to_num(value) * n, 0.0), n)
    return np.where(certain, low, ends[0]), np.where(certain, high, ends[1]), certain


def logit_ends(value: Floats, variance: Floats, free: Floats | None = None) -> tuple[Floats, Floats]:
    """logit(value) ± q sd / (value (1 - value)), mapped back; q is normal, or Student's t with `free` degrees of freedom."""
    from scipy.special import stdtrit

    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        q = z_of() if free is None else stdtrit(free, 0.975)
        logit, half = np.log(value / (1 - value)), q * np.sqrt(variance) / (value * (1 - value))
        return 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))


def welch(variances: Sequence[Floats], n: Sequence[Floats]) -> Floats:
    """Degrees of freedom of a sum of variances, each estimated from so many rows; at least 1.

    Source: B. L. Welch (1947), Biometrika 34, 28-35.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        below = sum(v**2 / (m - 1) for v, m in zip(variances, n, strict=True))
        return np.maximum(sum(variances) ** 2 / below, 1.0)
