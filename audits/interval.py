"""Intervals and tests: how sure a figure is, from counts alone.

Every function is vectorised: counts are arrays of any shapes that broadcast, results are arrays of that shape, at 95 % unless `level`
says otherwise. NaN stands for what cannot be computed (no rows, one row for a variance). scipy.special is imported when first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audits.estimate import Estimates, Floats

Pair = tuple[Floats, Floats]
FEW_EVENTS = 5
FEW_EXPECTED = 5.0
_REACH = 52


def z_of(level: float = 0.95) -> float:
    """The two-sided normal quantile of a confidence level.

    >>> round(z_of(0.95), 4)
    1.96
    """
    return NormalDist().inv_cdf(0.5 + level / 2)


def share(hits: ArrayLike, n: ArrayLike) -> Floats:
    """hits / n, and NaN where n is 0.

    >>> share([1, 0], [4, 0])
    array([0.25,  nan])
    """
    top, bottom = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64))
    return np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)


def wilson(hits: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> Pair:
    """Interval of one proportion: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n).

    It never leaves [0, 1] and holds its level for small n too. It misleads when rows are not independent (one person many times):
    then it is too narrow.

    Source: E. B. Wilson (1927), JASA 22; Brown, Cai and DasGupta (2001), Statistical Science 16.

    >>> low, high = wilson([8, 0], [10, 10])
    >>> low.round(3), high.round(3)
    (array([0.49, 0.  ]), array([0.943, 0.278]))
    """
    return wilson_at(hits, n, z_of(level))


def wilson_at(hits: ArrayLike, n: ArrayLike, z: ArrayLike) -> Pair:
    """Wilson's interval at any normal quantile, one for all or one a cell: for intervals that hold several at once.

    >>> low, high = wilson_at([8, 8], [10, 10], [1.96, 2.58])
    >>> low.round(3), high.round(3)
    (array([0.49, 0.4 ]), array([0.943, 0.96 ]))
    """
    x, m, z1 = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (hits, n, z)))
    z2 = z1**2
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (x + z2 / 2) / (m + z2)
        half = np.sqrt(z2 * np.maximum(x * (m - x) / m + z2 / 4, 0.0)) / (m + z2)
    empty = ~(m > 0)
    low = np.where(x <= 0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(x >= m, 1.0, np.minimum(centre + half, 1.0))
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def proportion(hits: ArrayLike, n: ArrayLike) -> Estimates:
    """Proportions with their Wilson intervals.

    >>> proportion([8], [10]).value
    array([0.8])
    """
    low, high = wilson(hits, n)
    value = share(hits, n)
    size = np.broadcast_to(np.asarray(n), value.shape)
    return Estimates(value=value, low=low, high=high, n=np.rint(size).astype(np.int64), method="wilson")


def newcombe(hits1: ArrayLike, n1: ArrayLike, hits2: ArrayLike, n2: ArrayLike, *, level: float = 0.95) -> Pair:
    """Interval of a difference of two independent proportions p1 - p2, from the Wilson interval of each.

    low = d - √((p1-l1)² + (u2-p2)²), high = d + √((u1-p1)² + (p2-l2)²). It misleads when the two groups share rows or people.

    Source: R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.

    >>> low, high = newcombe(56, 70, 48, 80)  # the example of the paper
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    first, second = wilson(hits1, n1, level=level), wilson(hits2, n2, level=level)
    return mover([share(hits1, n1), share(hits2, n2)], [first, second], [1.0, -1.0])


def mover(values: Sequence[ArrayLike], intervals: Sequence[tuple[ArrayLike, ArrayLike]], weights: Sequence[float]) -> Pair:
    """Interval of a weighted sum of independent estimates, Σ wᵢ pᵢ, from the interval of each.

    low = Σ wᵢpᵢ - √Σ(wᵢpᵢ - lᵢ)², with lᵢ the lower end of wᵢpᵢ; high likewise. It misleads where the estimates are correlated.

    Source: G. Y. Zou and A. Donner (2008), Statistics in Medicine 27, 1693-1702.

    >>> low, high = mover([0.8, 0.9], [(0.7, 0.88), (0.85, 0.94)], [0.5, 0.5])
    >>> round(float(low), 3), round(float(high), 3)
    (0.794, 0.895)
    """
    centre, below, above = np.float64(0.0), np.float64(0.0), np.float64(0.0)
    for value, (low, high), weight in zip(values, intervals, weights, strict=True):
        p, ends = np.asarray(value, dtype=np.float64), (np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64))
        down, up = (ends[0], ends[1]) if weight >= 0 else (ends[1], ends[0])
        centre = centre + weight * p  # type: ignore[assignment]
        below = below + (weight * (p - down)) ** 2  # type: ignore[assignment]
        above = above + (weight * (up - p)) ** 2  # type: ignore[assignment]
    return np.asarray(centre - np.sqrt(below)), np.asarray(centre + np.sqrt(above))


def katz(hits1: ArrayLike, n1: ArrayLike, hits2: ArrayLike, n2: ArrayLike, *, level: float = 0.95) -> Pair:
    """Interval of a ratio of two independent proportions p1 / p2.

    exp(log(p1/p2) ± z √(1/x1 - 1/n1 + 1/x2 - 1/n2)); where either group has fewer than five events, Koopman's score interval instead
    (`katz_method` says which). Without any event in group 2 the ratio has no upper end: NaN. It misleads when the groups share rows.

    Source: D. Katz et al. (1978), Biometrics 34, 469-474; P. A. R. Koopman (1984), Biometrics 40, 513-517.

    >>> low, high = katz(29, 262, 69, 524)
    >>> round(float(low), 3), round(float(high), 3)
    (0.559, 1.264)
    """
    x1, m1, x2, m2 = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (hits1, n1, hits2, n2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.log(x1 / m1) - np.log(x2 / m2)
        half = z_of(level) * np.sqrt(1 / x1 - 1 / m1 + 1 / x2 - 1 / m2)
        low, high = np.exp(centre - half), np.exp(centre + half)
    empty = ~((m1 > 0) & (m2 > 0))
    low, high = np.where(empty, np.nan, low), np.where(empty, np.nan, high)
    few = (np.minimum(x1, x2) < FEW_EVENTS) & ~empty
    if few.any():
        low[few], high[few] = koopman(x1[few], m1[few], x2[few], m2[few], level=level)
    return low, high


def katz_method(hits1: ArrayLike, hits2: ArrayLike) -> NDArray[np.object_]:
    """The name of the method that `katz` used for each cell.

    >>> katz_method([4, 5], [9, 9])
    array(['koopman-score', 'katz-log'], dtype=object)
    """
    few = np.minimum(np.asarray(hits1), np.asarray(hits2)) < FEW_EVENTS
    return np.where(few, "koopman-score", "katz-log").astype(object)


def koopman(hits1: ArrayLike, n1: ArrayLike, hits2: ArrayLike, n2: ArrayLike, *, level: float = 0.95) -> Pair:
    """Score interval of a ratio of proportions: all ratios whose score test does not reject, found by bisection.

    Source: P. A. R. Koopman (1984), Biometrics 40, 513-517.

    >>> low, high = koopman(36, 40, 16, 80)  # the example of the paper
    >>> round(float(low), 2), round(float(high), 2)
    (2.94, 7.15)
    """
    x1, m1, x2, m2 = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (hits1, n1, hits2, n2)))
    bound = z_of(level) ** 2

    def accepted(log_ratio: Floats) -> NDArray[np.bool_]:
        ratio = np.exp(log_ratio)
        b = ratio * (m1 + x2) + x1 + m2
        root = np.sqrt(np.maximum(b * b - 4 * (m1 + m2) * ratio * (x1 + x2), 0.0))
        p = np.clip(2 * ratio * (x1 + x2) / (b + root), 1e-300, 1.0)
        return np.asarray(_pearson(x1, m1, p) + _pearson(x2, m2, np.clip(p / ratio, 1e-300, 1.0)) <= bound)

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        start = np.log(np.maximum(x1, 0.5) / m1) - np.log(np.maximum(x2, 0.5) / m2)
        inside = np.stack([start, start])
        outside = np.stack([start - 40.0, start + 40.0])
        for _ in range(45):  # to within 40 / 2^45, that is 1e-12 of the ratio
            middle = (inside + outside) / 2
            held = accepted(middle)
            inside, outside = np.where(held, middle, inside), np.where(held, outside, middle)
        ends = np.exp(inside)
    empty = ~((m1 > 0) & (m2 > 0))
    low = np.where(x1 <= 0, 0.0, ends[0])
    return np.where(empty, np.nan, low), np.where(empty | (x2 <= 0), np.nan, ends[1])


def _pearson(hits: Floats, n: Floats, p: Floats) -> Floats:
    """(x - np)² / np(1-p), also where p is 0 or 1 because all or none of the rows are hits."""
    inner = (hits - n * p) ** 2 / (n * p * (1 - p))
    return np.where(hits >= n, n * (1 - p) / p, np.where(hits <= 0, n * p / (1 - p), inner))


def mean_t(total: ArrayLike, total_squared: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Mean and its t interval, from Σx, Σx² and n: x̄ ± t s/√n with n - 1 degrees of freedom.

    It misleads for few rows with a long tail (the interval is then too short on that side), and Σx² cancels where the mean is more
    than some ten million times the deviation.

    Source: Student (1908), Biometrika 6.

    >>> mean, low, high = mean_t(6.0, 14.0, 3)  # 1, 2, 3
    >>> float(mean), round(float(low), 3), round(float(high), 3)
    (2.0, -0.484, 4.484)
    """
    from scipy.special import stdtrit

    s, q, m = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (total, total_squared, n)))
    mean = share(s, m)
    free = np.where(m > 1, m - 1, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(q - s * mean, 0.0) / free
        half = stdtrit(free, 0.5 + level / 2) * np.sqrt(variance / m)
    return mean, mean - half, mean + half


def two_proportion_p(hits1: ArrayLike, n1: ArrayLike, hits2: ArrayLike, n2: ArrayLike) -> Floats:
    """Two-sided p-value that two independent proportions are equal.

    z = (p1 - p2) / √(p(1-p)(1/n1 + 1/n2)) with the pooled p; Fisher's exact test where an expected count is below five. It misleads
    when rows are not independent, and says nothing about how large the difference is.

    Source: the pooled z test; R. A. Fisher (1922), J. R. Stat. Soc. 85.

    >>> two_proportion_p([80, 3], [100, 5], [60, 0], [100, 6]).round(4)
    array([0.002 , 0.0606])
    """
    from scipy.special import ndtr

    x1, m1, x2, m2 = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (hits1, n1, hits2, n2)))
    size, events = m1 + m2, x1 + x2
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = events / size
        z = (x1 / m1 - x2 / m2) / np.sqrt(pooled * (1 - pooled) * (1 / m1 + 1 / m2))
        expected = np.minimum(m1, m2) * np.minimum(events, size - events) / size
    p = np.asarray(2 * ndtr(-np.abs(z)))
    usable = (m1 > 0) & (m2 > 0)
    p = np.where(usable, p, np.nan)
    few = usable & (expected < FEW_EXPECTED)
    if few.any():
        p[few] = fisher_p(x1[few], m1[few], x2[few], m2[few])
    return p


def fisher_p(hits1: ArrayLike, n1: ArrayLike, hits2: ArrayLike, n2: ArrayLike) -> Floats:
    """Two-sided p-value of Fisher's exact test: the probability of all tables no likelier than the one seen.

    Meant for an expected count below five or so: it adds up 52 tables from none in the smallest cell on, past which nothing is left.

    Source: R. A. Fisher (1922), J. R. Stat. Soc. 85; two-sided as in R's `fisher.test`.

    >>> round(float(fisher_p(3, 4, 1, 4)), 4)
    0.4857
    """
    from scipy.special import gammaln

    x1, m1, x2, m2 = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (hits1, n1, hits2, n2)))
    size, events = m1 + m2, x1 + x2
    second, rare = m2 < m1, events * 2 > size  # name the cell with the smallest expectation x
    row = np.where(second, m2, m1)
    seen = np.where(second, x2, x1)
    x = np.where(rare, row - seen, seen)
    column = np.where(rare, size - events, events)

    def log_choose(top: Floats, bottom: Floats) -> Floats:
        return np.asarray(gammaln(top + 1) - gammaln(bottom + 1) - gammaln(top - bottom + 1))

    start = np.maximum(x - 40.0, 0.0)  # both margins are at most half of all, so the cell can be 0
    first = np.exp(log_choose(column, start) + log_choose(size - column, row - start) - log_choose(size, row))
    step = start[..., None] + np.arange(_REACH - 1.0)  # each further table from the one before it
    a, b, rest = row[..., None], column[..., None], (size - row - column)[..., None] + 1
    tables = np.empty((*x.shape, _REACH))
    tables[..., 0] = first
    np.divide(np.maximum(a - step, 0.0) * np.maximum(b - step, 0.0), (step + 1) * (rest + step), out=tables[..., 1:])
    np.cumprod(tables, axis=-1, out=tables)
    here = np.take_along_axis(tables, (x - start).astype(np.int64)[..., None], axis=-1)
    total = np.where(tables <= here * (1 + 1e-7), tables, 0.0).sum(axis=-1)
    return np.asarray(np.minimum(total, 1.0))


def chi_squared_p(table: ArrayLike) -> Floats:
    """P-value that the rows of a contingency table (last two axes) have the same distribution.

    Σ (observed - expected)² / expected with (r-1)(c-1) degrees of freedom; empty rows and columns are left out. It misleads where
    expected counts are below five, and any difference becomes significant with enough rows.

    Source: K. Pearson (1900), Philosophical Magazine 50.

    >>> round(float(chi_squared_p([[30, 10], [20, 20]])), 4)
    0.0209
    """
    from scipy.special import chdtrc

    seen = np.asarray(table, dtype=np.float64)
    rows, columns = seen.sum(axis=-1, keepdims=True), seen.sum(axis=-2, keepdims=True)
    size = rows.sum(axis=-2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = rows * columns / size
        statistic = np.where(expected > 0, (seen - expected) ** 2 / expected, 0.0).sum(axis=(-2, -1))
    free = ((rows > 0).sum(axis=(-2, -1)) - 1) * ((columns > 0).sum(axis=(-2, -1)) - 1)
    return np.where(free > 0, chdtrc(np.maximum(free, 1), statistic), np.nan)


def bootstrap(
    counts: ArrayLike, statistic: Callable[[Floats], Floats], *, seed: int, replicates: int = 1000, level: float = 0.95,
    kind: Literal["multinomial", "poisson"] = "multinomial",
) -> Pair:  # fmt: skip
    """Percentile interval of any function of counts, by resampling the cells instead of the rows.

    Parameters
    ----------
    counts
        By [..., cell]: each vector over the last axis is one sample. Resampling n rows is drawing its cells from a multinomial;
        "poisson" lets n vary too, and is faster for many cells.
    statistic
        From counts [replicate, ..., cell] to values [replicate, ...]; NaN replicates are left out.

    It misleads at the edge of what is possible (a maximum, a rate of 0) and for few rows: intervals are then too short.

    Source: B. Efron (1979), Annals of Statistics 7.

    >>> low, high = bootstrap([80, 20], lambda c: c[..., 0] / c.sum(axis=-1), seed=1)
    >>> bool(0.70 < low < 0.75), bool(0.85 < high < 0.90)
    (True, True)
    """
    draw = np.random.default_rng(seed)
    cells = np.asarray(counts, dtype=np.float64)
    n = cells.sum(axis=-1)
    if kind == "poisson":
        drawn: Any = draw.poisson(cells, size=(replicates, *cells.shape))
    else:
        chances = np.divide(cells, n[..., None], out=np.full(cells.shape, 1.0 / cells.shape[-1]), where=n[..., None] > 0)
        drawn = draw.multinomial(np.rint(n).astype(np.int64), chances, size=(replicates, *n.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.asarray(statistic(drawn.astype(np.float64)))
    low, high = np.full(found.shape[1:], np.nan), np.full(found.shape[1:], np.nan)
    usable = np.isfinite(found).any(axis=0)
    if usable.any():
        low[usable], high[usable] = np.nanquantile(found[:, usable], [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return low, high


def quantile_ranks(n: ArrayLike, q: float, *, level: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ranks (from 1) of the order statistics between which the q-quantile of a population lies; 0 or n + 1 where there is none.

    The number of rows below the quantile is binomial(n, q), whatever the distribution. It misleads when rows are not independent.

    Source: W. J. Conover, Practical Nonparametric Statistics (1999), section 3.2.

    >>> [int(rank) for rank in quantile_ranks(100, 0.5)]
    [40, 61]
    """
    from scipy.special import bdtr

    size = np.asarray(n, dtype=np.int64)
    tail = 0.5 - level / 2
    spread = z_of(level) * np.sqrt(size * q * (1 - q))
    low, high = np.floor(size * q - spread), np.ceil(size * q + spread) + 1
    for _ in range(4):  # the normal ranks are off by two or three at most: settle them exactly
        low = np.where((low > 0) & (bdtr(np.clip(low - 1, 0, None), size, q) > tail), low - 1, low)
        low = np.where((low < size) & (bdtr(np.clip(low, 0, size), size, q) <= tail), low + 1, low)
        high = np.where((high <= size) & (bdtr(np.clip(high - 1, 0, size), size, q) < 1 - tail), high + 1, high)
        high = np.where((high > 1) & (bdtr(np.clip(high - 2, 0, size), size, q) >= 1 - tail), high - 1, high)
    return np.clip(low, 0, size).astype(np.int64), np.clip(high, 1, size + 1).astype(np.int64)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """q-values of a family of tests: the smallest false discovery rate at which each would be called; NaN stays NaN.

    Source: Y. Benjamini and Y. Hochberg (1995), J. R. Stat. Soc. B 57; also valid under positive dependence (2001).

    >>> benjamini_hochberg([0.01, 0.04, 0.03, np.nan])
    array([0.03, 0.04, 0.04,  nan])
    """
    given = np.asarray(p_values, dtype=np.float64)
    q = np.full(given.shape, np.nan)
    known = np.flatnonzero(np.isfinite(given))
    order = known[np.argsort(given[known], kind="stable")]
    scaled = given[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q
