"""Which of many overlapping slices do worse than everybody else: tested together, and each kept one on its own account.

A slice is a set of cells. It is compared with all the other cells; q-values are taken over every slice that was tested. Of those that
are worse beyond chance, a slice is kept only if it is still worse once the kept ones are taken into account: the comparison is made
within strata of people who belong to the same kept slices (Cochran, Mantel and Haenszel). A parent that is bad because one child is,
and a child that is no worse than the rest of its parent, both go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.interval import benjamini_hochberg, mean_t, newcombe, share, two_proportion_p, wilson

Flags = NDArray[np.bool_]
Measure = Literal["error_rate", "log_loss", "absolute_error"]
MIN_N = 30
"""A slice is tested from this many rows on, with as many rows outside it."""

ALPHA = 0.05

MOST_EXPLAINED = 10
"""Of the slices that a kept one explains, how many are named."""


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Rows, Σx and Σx² of a measure x, as arrays of one shape; x is 1 for an error and 0 for a hit, a loss, or an absolute error."""

    n: Floats
    total: Floats
    squared: Floats

    def each(self, change: Callable[[Floats], Floats]) -> Sums:
        """The same change made to all three."""
        return Sums(n=change(self.n), total=change(self.total), squared=change(self.squared))

    def __sub__(self, other: Sums) -> Sums:
        return Sums(n=self.n - other.n, total=self.total - other.total, squared=self.squared - other.squared)

    def __getitem__(self, place: Any) -> Sums:
        return self.each(lambda x: np.asarray(x[place]))

    def over(self, factor: Floats) -> Sums:
        """The same mean and spread from fewer rows: what dependent rows are worth."""
        return self.each(lambda x: np.asarray(x / factor))


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What some slices are made of: which cells belong to which slice, by [slice, cell], and sums by cell."""

    member: Flags
    sums: Sums


@dataclass(frozen=True, kw_only=True)
class Excess:
    """How much worse each slice is than everybody else: mean inside minus mean outside, by [slice]."""

    value: Floats
    low: Floats
    high: Floats
    p_value: Floats
    method: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The slices that are worse on their own account, worst (highest lower end) first."""

    slices: Integers
    excess: Excess
    q_value: Floats
    tested: int
    level: float
    """Confidence level of the intervals."""
    explains: tuple[Integers, ...]
    """For each kept slice, the slices that are worse than the rest too, but not on their own account."""


def search(
    inside: Sums, everybody: Sums, cells: Callable[[Integers], Cells], measure: Measure, *, inflation: Floats | None = None,
    rivals: Integers | None = None,
) -> Kept:  # fmt: skip
    """The slices that are worse than everybody else, on their own account.

    Parameters
    ----------
    inside, everybody
        Of each slice, and of all rows.
    cells
        Gives what some of the slices are made of.
    inflation
        By how much the variance of each slice's excess exceeds that of independent rows (1 where they are).
    rivals
        The number of the set that each slice belongs to: of one set only the surest slice is considered, though all count as tested.

    The false discovery rate is that of the kept ones: their p-values are held against all tests, but the shadows of a bad slice, which are
    dropped, do not count as discoveries. The intervals are at 1 - 0.05 R/m for R kept of m tested, so that at most one kept interval in
    twenty misses although the slices were chosen for being bad.

    Source: Y. Benjamini and Y. Hochberg (1995), J. R. Stat. Soc. B 57; Y. Benjamini and D. Yekutieli (2005), JASA 100, 71-81.
    """
    factor = np.ones(len(inside.n)) if inflation is None else np.maximum(inflation, 1.0)
    outside = everybody - inside
    tested = (inside.n >= MIN_N) & (outside.n >= MIN_N)
    m = int(tested.sum())
    found = excess(inside.over(factor), outside.over(factor), measure)
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero((benjamini_hochberg(np.where(tested, found.p_value, np.nan)) <= ALPHA) & (found.value > 0))
    table = cells(bad)
    if rivals is not None:
        alone = np.zeros(table.member.shape[1], dtype=np.int64)
        order = np.argsort([-residual(table, one, alone) / np.sqrt(factor[bad[one]]) for one in range(len(bad))], kind="stable")
        surest = np.sort(order[np.unique(rivals[bad[order]], return_index=True)[1]])
        bad, table = bad[surest], Cells(member=table.member[surest], sums=table.sums)
    chosen = own_account(table, found.p_value[bad], factor[bad], tests=m)
    shadows = np.setdiff1d(np.arange(len(bad)), chosen)
    q_value = of_all(found.p_value[bad[chosen]], m)
    chosen, q_value = chosen[q_value <= ALPHA], q_value[q_value <= ALPHA]
    level = 1 - ALPHA * max(len(chosen), 1) / max(m, 1)
    kept = bad[chosen]
    ends = excess(inside[kept].over(factor[kept]), outside[kept].over(factor[kept]), measure, level=level)
    order = np.argsort(-ends.low, kind="stable")
    explained = _explains(table, shadows, chosen[order])
    return Kept(
        slices=kept[order], q_value=q_value[order], tested=m, level=level, explains=tuple(bad[some] for some in explained),
        excess=Excess(
            value=ends.value[order], low=ends.low[order], high=ends.high[order], p_value=ends.p_value[order], method=ends.method
        ),
    )  # fmt: skip


def of_all(p_values: Floats, tests: int) -> Floats:
    """q-values of a few tests among many, as if the others had found nothing: the smallest over larger p of p x tests / rank.

    >>> of_all(np.asarray([0.001, 0.0001]), 10)
    array([0.005, 0.001])
    """
    order = np.argsort(p_values, kind="stable")
    q_value = np.empty(len(p_values))
    q_value[order] = np.minimum.accumulate((p_values[order] * tests / np.arange(1, len(order) + 1))[::-1])[::-1]
    return np.minimum(q_value, 1.0)


def excess(inside: Sums, outside: Sums, measure: Measure, *, level: float = 0.95) -> Excess:
    """Mean inside minus mean outside with its interval and p-value: Newcombe and two proportions for errors, Welch's t for the others."""
    value = share(inside.total, inside.n) - share(outside.total, outside.n)
    if measure == "error_rate":
        low, high = newcombe(inside.total, inside.n, outside.total, outside.n, level=level)
        p_value = two_proportion_p(inside.total, inside.n, outside.total, outside.n)
        return Excess(value=value, low=low, high=high, p_value=p_value, method="newcombe")
    from scipy.special import stdtr, stdtrit

    with np.errstate(divide="ignore", invalid="ignore"):
        spread = [_variance(part) / part.n for part in (inside, outside)]
        deviation = np.sqrt(spread[0] + spread[1])
        free = (spread[0] + spread[1]) ** 2 / (spread[0] ** 2 / (inside.n - 1) + spread[1] ** 2 / (outside.n - 1))
        half = stdtrit(free, 0.5 + level / 2) * deviation
        p_value = np.minimum(2 * stdtr(free, -np.abs(value) / deviation), 1.0)
    return Excess(value=value, low=value - half, high=value + half, p_value=np.asarray(p_value), method="welch")


def figure(sums: Sums, measure: Measure) -> tuple[Floats, Floats, Floats]:
    """The mean itself with its 95 % interval: Wilson for errors, t for the others."""
    if measure == "error_rate":
        low, high = wilson(sums.total, sums.n)
        return share(sums.total, sums.n), low, high
    return mean_t(sums.total, sums.squared, sums.n)


def _variance(sums: Sums) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.maximum(sums.squared - sums.total**2 / sums.n, 0.0) / (sums.n - 1)
    return np.asarray(np.where(sums.n > 1, found, np.nan))


def own_account(table: Cells, p_value: Floats, factor: Floats, *, tests: int, most: int | None = None) -> Integers:
    """Of slices that are worse than the rest, the positions of those that still are once the other kept ones are taken into account.

    The surest is kept first, then the surest given those kept, and so on; at the end any that the later ones explain is dropped again. A
    slice is explained by others where it is less sure beside them than it was alone, and its p-value times the number of tests is above
    0.05.
    """
    from scipy.special import ndtr

    bound = np.maximum(p_value, ALPHA / max(tests, 1))

    def sureness(slices: Sequence[int], given: Sequence[int]) -> Floats:
        strata = _strata(table.member[list(given)])
        return np.asarray([residual(table, one, strata) / np.sqrt(factor[one]) for one in slices])

    kept: list[int] = []
    left = list(range(len(p_value)))
    while left and (most is None or len(kept) < most):
        z = sureness(left, kept)
        standing = (ndtr(-z) <= bound[left]) if kept else np.isfinite(z)
        left, z = [one for one, still in zip(left, standing, strict=True) if still], z[standing]  # what is explained stays explained
        if left:
            kept.append(left.pop(int(np.argmax(z))))
    while len(kept) > 1:
        z = np.concatenate([sureness([one], [other for other in kept if other != one]) for one in kept])
        doubt = ndtr(-z) / bound[kept]
        if doubt.max() <= 1:
            break
        kept.pop(int(np.argmax(doubt)))
    return np.asarray(kept, dtype=np.int64)


def residual(table: Cells, one: int, strata: Integers) -> float:
    """z of one slice's excess within strata of cells.

    Σ w d / √(Σ w s²), with w = n_in n_out / (n_in + n_out), d the difference of means and s² the variance in a stratum: the statistic of
    Cochran, Mantel and Haenszel where x is 0 or 1. It is -inf where fewer than `MIN_N` rows are left to compare.

    Source: N. Mantel and W. Haenszel (1959), JNCI 22, 719-748.
    """
    size = int(strata.max(initial=0)) + 1
    within = table.member[one]
    every = table.sums.each(lambda x: np.bincount(strata, x, size).astype(np.float64))
    inside = table.sums.each(lambda x: np.bincount(strata[within], x[within], size).astype(np.float64))
    both = (inside.n > 0) & (every.n > inside.n)
    every, inside = every[both], inside[both]
    outside = every - inside
    if min(inside.n.sum(), outside.n.sum()) < MIN_N:
        return -np.inf
    weight = inside.n * outside.n / every.n
    spread = (weight * np.maximum(every.squared / every.n - (every.total / every.n) ** 2, 0.0)).sum()
    away = (weight * (inside.total / inside.n - outside.total / outside.n)).sum()
    return float(away / np.sqrt(spread)) if spread > 0 else -np.inf


def _strata(member: Flags) -> Integers:
    """For each cell, the number of its pattern of membership."""
    code = np.zeros(member.shape[1], dtype=np.int64)
    for row in member:
        code = np.unique(code * 2 + row, return_inverse=True)[1].astype(np.int64)
    return code


def _explains(table: Cells, dropped: Integers, kept: Integers) -> tuple[Integers, ...]:
    """Each dropped slice beside the kept one with which it shares the largest part of the rows of either."""
    found: list[list[int]] = [[] for _ in kept]
    for one in dropped.tolist():
        shared = [jaccard(table, one, other) for other in kept.tolist()]
        if shared and max(shared) > 0:
            found[int(np.argmax(shared))].append(one)
    return tuple(np.asarray(some, dtype=np.int64) for some in found)


def jaccard(table: Cells, a: int, b: int) -> float:
    """Rows that two slices share, over rows of either."""
    both, either = table.member[a] & table.member[b], table.member[a] | table.member[b]
    return float(table.sums.n[both].sum() / max(table.sums.n[either].sum(), 1.0))
