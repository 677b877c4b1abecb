"""Calibration: the outcome rate at each score, as the reference shows it, rising with the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats, Integers
from audits.histograms import COARSE

ENOUGH = 1000
"""Labelled reference rows that a curve is fitted on, at least."""

BOTH = 10
"""Outcomes of either kind that it takes at least."""

PRIOR = 20.0
"""Rows of a curve that the outcome rate of one coarse bin of a cell is pulled towards it with."""

MISFIT, CHANCE = 0.05, 0.001
"""A rising curve is not trusted where it misses the observed rates by more than the first on average, with a p-value below the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The outcome rate by score bin, constant over blocks of bins.

    Parameters
    ----------
    rate
        By bin.
    starts
        The first bin of each block, ascending from 0.
    variance
        Of each block's rate, as the reference sampled it.
    labels
        Labelled reference rows it was fitted on.
    first, last
        The outermost bins that hold such rows: beyond them the curve is carried on flat, which nothing supports.
    """

    rate: Floats
    starts: Integers
    variance: Floats
    labels: int
    first: int
    last: int


def fit(hits: Floats, n: Floats) -> Curve:
    """The rising curve nearest to the observed rates: isotonic regression, each bin weighted by its rows.

    A bin without labelled rows takes the rate of the nearest one that has some. The variance of a block is p(1-p)/n with half a row
    added to either outcome, so that a block without exception is not certain.

    Source: R. E. Barlow et al., Statistical Inference under Order Restrictions (1972); B. Zadrozny and C. Elkan (2002), KDD, for scores.

    >>> curve = fit(np.array([1.0, 0.0, 3.0]), np.array([4.0, 4.0, 4.0]))
    >>> curve.rate.round(3), curve.starts, curve.labels  # 1/4 and 0/4 would fall, so they are joined
    (array([0.125, 0.125, 0.75 ]), array([0, 2]), 12)
    """
    from scipy.optimize import isotonic_regression

    held = np.flatnonzero(n > 0)
    found = isotonic_regression(hits[held] / n[held], weights=n[held])
    block_of_held = np.repeat(np.arange(len(found.blocks) - 1), np.diff(found.blocks))
    middles = (held[1:] + held[:-1] + 1) // 2  # a bin between two belongs to the nearer
    block = block_of_held[np.searchsorted(middles, np.arange(len(n)), side="right")]
    starts = np.flatnonzero(np.append(True, np.diff(block) > 0)).astype(np.int64)
    rows, events = np.add.reduceat(n, starts), np.add.reduceat(hits, starts)
    smoothed = (events + 0.5) / (rows + 1)
    return Curve(
        rate=np.clip(events / rows, 0.0, 1.0)[block - block[0]], starts=starts, variance=smoothed * (1 - smoothed) / rows,
        labels=round(float(n.sum())), first=int(held[0]), last=int(held[-1]),
    )  # fmt: skip


def distrust(hits: Floats, n: Floats) -> str:
    """Why a reference cannot carry a curve; "" where it can.

    It takes `ENOUGH` labelled rows with a score and `BOTH` outcomes of either kind. And outcomes must rise with the score: in twenty coarse
    bins the fitted curve must not miss the observed rates by more than five points on average, beyond chance (chi-squared, p < 0.001). A
    score that is read the wrong way round, or whose middle is safest, fails here.

    >>> distrust(np.array([5.0]), np.array([10.0]))
    'the reference has 10 outcomes of scored predictions; it takes 1,000'
    """
    labels, events = float(n.sum()), float(hits.sum())
    if labels < ENOUGH:
        return f"the reference has {labels:,.0f} outcomes of scored predictions; it takes {ENOUGH:,}"
    if min(events, labels - events) < BOTH:
        return f"the reference has {min(events, labels - events):,.0f} outcomes of one kind; it takes {BOTH} of either"
    from scipy.special import chdtrc

    rate = fit(hits, n).rate
    place = np.arange(len(n)) * COARSE // len(n)
    rows, seen, fitted, spread = (
        np.bincount(place, weights=values, minlength=COARSE) for values in (n, hits, n * rate, n * rate * (1 - rate))
    )
    misfit = float(np.abs(seen - fitted).sum() / labels)
    squares = (seen - fitted) ** 2 / np.maximum(spread, 0.25)
    p_value = float(chdtrc(max(int((rows > 0).sum()) - 1, 1), squares.sum()))
    if misfit > MISFIT and p_value < CHANCE:
        points = f"{100 * misfit:.0f} points"
        return f"outcomes do not rise with the score: a rising curve misses the rates of the reference by {points} on average"
    return ""


def anchored(rate: Floats, known: Floats, hits: Floats) -> Floats:
    """A curve's rate by [..., decision, bin], moved so that each decision's outcomes of the reference come out as they were observed.

    logit(rate) + m of the decision, with Σ (hits - n rate) = m: the pull of one row keeps m near 0 where there are few. A rising curve
    expects too much above any cut-off and too little below (its running sum lies under that of the observed outcomes); and where somebody
    who knows more than the score decides, outcomes differ between decisions at the same score.

    >>> known, hits = np.array([[50.0], [50.0], [0.0]]), np.array([[20.0], [40.0], [0.0]])
    >>> anchored(np.array([0.6]), known, hits).round(2)
    array([[0.41],
           [0.78],
           [0.6 ]])
    """
    inside = (rate > 0) & (rate < 1)
    logit = np.log(np.where(inside, rate, 0.5) / np.where(inside, 1 - rate, 0.5))
    total = hits.sum(axis=-1, keepdims=True)
    move, moved = np.zeros_like(total), np.broadcast_to(rate, known.shape)
    for _ in range(25):
        moved = np.where(inside, 1 / (1 + np.exp(-(logit + move))), rate)
        gap = total - (known * moved).sum(axis=-1, keepdims=True) - move
        if np.abs(gap).max() < 1e-9:
            break
        move = move + np.clip(gap / ((known * moved * (1 - moved)).sum(axis=-1, keepdims=True) + 1), -1, 1)
    return np.array(moved)


def pulled(rate: Floats, known: Floats, hits: Floats) -> Floats:
    """Outcome rates of a cell by [..., decision, coarse bin]: its own, pulled by `PRIOR` rows towards a curve anchored on its decisions.

    (hits + 20 r) / (n + 20), r being the curve's rate moved to the cell's own outcomes: few rows in a bin say little about that bin, but
    all bins together say how far the cell lies from the curve.

    >>> pulled(np.array([0.5, 0.5]), np.array([[400.0, 0.0]]), np.array([[300.0, 0.0]])).round(2)
    array([[0.75, 0.75]])
    """
    moved = anchored(rate, known, hits)
    return np.asarray((hits + PRIOR * moved) / (known + PRIOR))
