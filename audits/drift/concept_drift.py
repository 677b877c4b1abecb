"""Concept drift: whether the same score still means the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.audit import audit, measurement
from audits.bins import NumericBins
from audits.drift.chance import folded
from audits.drift.comparison import compared_windows, noted
from audits.drift.two_samples import coarse_bins, range_labels
from audits.estimate import Floats
from audits.evidence import NO, YES, Evidence
from audits.finding import Measurement
from audits.interval import share, z_of

COVERED = 0.5
"""Share of a window's scores that must lie in bins where both sides have outcomes."""

FEW = 10
"""Rows of a bin below which its errors' variance is taken from all bins."""

NOTHING_SHARED = "less than half of its scores lie in bins where both the window and the reference have outcomes"
FLAT = "the outcome of the reference has no spread to measure in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """The level of the outcome (or of the error) by score bin, of the reference by [1, bin] and of each window by [window, bin].

    `n` and `m` are rows with an outcome, `scored` the window's rows with a score; `variance` is that of the difference, `null` what it
    would be if both had one level.
    """

    before: Floats
    now: Floats
    n: Floats
    m: Floats
    scored: Floats
    variance: Floats
    null: Floats


@audit(name="concept_drift", unit="distance", needs=("score", "outcome"), tasks=("binary", "regression"), compared=True)
def concept_drift(evidence: Evidence) -> Iterator[Measurement]:
    """Mean absolute change of the outcome rate at equal scores between reference and window, weighted by the window's own scores.

    Formula
        Σ w_j |s_j - r_j| - bias over the ten reference-decile bins of the score, cut at 0: r_j and s_j are the shares of positive outcomes
        of the reference and of the window in bin j, w_j the share of the window's scores in it. The bias is what chance adds to each
        absolute difference, E|N(d, v)| - |d|. Of a regression, r_j and s_j are mean errors (prediction minus outcome), and the result is
        in standard deviations of the reference's outcome. Bins where either side has no outcome are left out. A mere change of the mix of
        scores leaves it at 0. Of several classes, each against the rest.
    Interval and test
        Delta method. Low end: the value less 1.96 √Σ w_j² (v_j + b_j²), with v_j the variance of a difference and b_j its bias, cut at 0.
        High end: the lower of Σ w_j |d_j| + 1.96 √Σ w_j² v_j and the root of the high end of the mean square, which is Σ w_j (d_j² - v_j)
        plus 2.24 of its standard errors (the lower of two misses more often than either). p from Σ d_j² / v_j, chi-squared with a degree
        of freedom for each bin. n is the window's rows with score and outcome.
    Tables
        `labels`, and by bin the rows with an outcome (`reference`, `n`), r_j and s_j (`reference_level`, `level`) and `weight`;
        `mean_change`: Σ w_j (s_j - r_j), with its sign; `covered`: the share of the window's scores in bins that count.
    When it misleads
        Within a bin scores may move too, and a steep curve then looks like a change. A change of the mix of people at the same score is
        one of the outcomes too: it need not be the world's. Early outcomes may be unlike late ones: see the note on immature windows. And
        outcomes known for one decision only speak of that decision.
    Source
        J. Gama et al. (2014), A Survey on Concept Drift Adaptation, ACM Computing Surveys 46, for the notion: P(y | x) changes, here
        given the score.
    """
    from scipy.special import chdtrc

    grid = evidence.bins.score_bins
    assert grid is not None  # the need for scores makes sure
    column = evidence.columns.index(grid.name) if grid.name in evidence.columns else -1
    found = _of_errors(evidence, grid) if evidence.task == "regression" else _of_rates(evidence, grid)
    usable = (found.n > 0) & (found.m > 0)
    rows = found.scored.sum(axis=-1)
    weight = np.where(usable, found.scored, 0.0)
    covered = share(weight.sum(axis=-1), rows)
    weight /= np.maximum(weight.sum(axis=-1, keepdims=True), 1.0)
    change, variance = np.where(usable, found.now - found.before, 0.0), np.where(usable, found.variance, 0.0)
    value, low, high = mean_change(change, variance, weight)
    tested = usable & (found.null > 0)
    statistic = np.where(tested, change**2 / np.where(tested, found.null, 1.0), 0.0).sum(axis=-1)
    free = tested.sum(axis=-1)
    p_value = np.where(free > 0, chdtrc(np.maximum(free, 1), statistic), 1.0)
    windows = np.flatnonzero((evidence.counts.rows[0, :, 0] > 0) & compared_windows(evidence))
    n = np.where(usable, found.m, 0.0).sum(axis=-1)
    known = (n > 0) & (np.nan_to_num(covered) >= COVERED) & np.isfinite(value)
    reason = np.where(known, "", np.where(found.m.sum(axis=-1) == 0, "no outcome of a scored prediction is known", NOTHING_SHARED))
    reason = np.where((reason != "") & (n > 0) & ~np.isfinite(value), FLAT, reason).astype(object)
    signed = (weight * change).sum(axis=-1)
    labels = list(range_labels(coarse_bins(grid)[1]))
    tables = {
        i: _table(found, int(w), labels, weight[w], float(signed[w]), float(covered[w])) for i, w in enumerate(windows.tolist()) if known[w]
    }
    value, low, high, p_value = (np.where(known, numbers, np.nan)[windows] for numbers in (value, low, high, p_value))
    yield measurement(
        "concept_drift", "distance", value=value, low=low, high=high, n=np.rint(n[windows]), method="delta", window=windows, column=column,
        p_value=p_value, reason=noted(evidence, reason[windows]), tables=tables,
    )  # fmt: skip


def mean_change(change: Floats, variance: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Weighted mean of absolute changes by [window] with what chance adds taken off, and its interval.

    The high end is the lower of two: the raw mean plus 1.96 standard errors, and the root of the high end of the mean square, which is at
    least the square of the mean and loses what chance adds, Σ w_j v_j, without having to guess each change.
    """
    raw = (weight * np.abs(change)).sum(axis=-1)
    added = folded(change, np.sqrt(variance))
    chance = (weight * added).sum(axis=-1)
    value = np.maximum(raw - chance, 0.0)
    low = value - z_of() * np.sqrt((weight**2 * (variance + added**2)).sum(axis=-1))
    square = np.maximum((weight * (change**2 - variance)).sum(axis=-1), 0.0)
    spread = np.sqrt((weight**2 * variance * (2 * variance + 4 * np.maximum(change**2 - variance, 0.0))).sum(axis=-1))
    high = np.minimum(raw + z_of() * np.sqrt((weight**2 * variance).sum(axis=-1)), np.sqrt(square + z_of(0.975) * spread))
    return value, np.maximum(low, 0.0), np.maximum(high, value)


def _of_rates(evidence: Evidence, grid: NumericBins) -> Curves:
    """Shares of positive outcomes; the variance of each takes half an outcome of either kind more than there are."""
    starts, _ = coarse_bins(grid)
    positive = YES if evidence.counts.same else NO
    rows = evidence.decided_runs([0], [starts]).sum(axis=1)
    held = np.add.reduceat(evidence.reference_margin([0])[0][0].sum(axis=0), starts, axis=-1)[None]
    (n, x), (m, y) = ((side[:, :2].sum(axis=1), side[:, positive]) for side in (held, rows))

    def variance(hits: Floats, of: Floats) -> Floats:
        smoothed = (hits + 0.5) / (of + 1)
        return np.asarray(smoothed * (1 - smoothed) / np.maximum(of, 1))

    pooled = share(x + y, n + m)
    return Curves(
        before=share(x, n), now=share(y, m), n=n, m=m, scored=rows.sum(axis=1), variance=variance(x, n) + variance(y, m),
        null=np.nan_to_num(pooled * (1 - pooled)) * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)),
    )  # fmt: skip


def _of_errors(evidence: Evidence, grid: NumericBins) -> Curves:
    """Mean errors, in standard deviations of the reference's outcome."""
    starts, _ = coarse_bins(grid)
    outcome = evidence.bins.outcome_bins
    scale = outcome.deviation if outcome is not None and outcome.deviation > 0 else np.nan
    scored = np.add.reduceat(evidence.margin([0])[0][:, 0].sum(axis=1), starts, axis=-1)
    sides = []
    for found in (evidence.reference_error_margin([0]), evidence.error_margin([0])):
        n, error, squared = (np.add.reduceat(np.atleast_2d(found[name].squeeze(axis=-2)), starts, axis=-1) for name in _SUMS)
        spread = np.maximum(squared - error**2 / np.maximum(n, 1), 0.0)
        filled = n > 0
        common = spread.sum(axis=-1, keepdims=True) / np.maximum(n.sum(axis=-1, keepdims=True) - filled.sum(axis=-1, keepdims=True), 1)
        each = np.where(n >= FEW, spread / np.maximum(n - 1, 1), common)
        sides.append((n, share(error, n) / scale, each / np.maximum(n, 1) / scale**2))
    (n, before, first), (m, now, second) = sides
    return Curves(before=before, now=now, n=n, m=m, scored=scored, variance=first + second, null=first + second)


_SUMS = ("n", "error", "error_2")


def _table(found: Curves, window: int, labels: list[str], weight: Floats, signed: float, covered: float) -> dict[str, Any]:
    def numbers(values: Floats) -> list[float | None]:
        return [float(x) if np.isfinite(x) else None for x in values]

    return {
        "labels": labels, "reference_level": numbers(found.before[0]), "level": numbers(found.now[window]),
        "reference": found.n[0].astype(np.int64).tolist(), "n": found.m[window].astype(np.int64).tolist(),
        "weight": numbers(weight), "mean_change": signed, "covered": covered,
    }  # fmt: skip
