"""How far the largest and the smallest of several proportions lie apart: intervals that know that somebody has looked for them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.interval import share, wilson_at, z_of

Pair = tuple[Floats, Floats]
_GRID = np.linspace(-8.0, 16.0, 1601)


@lru_cache(maxsize=512)
def range_z(k: int, level: float = 0.95) -> float:
    """The normal quantile at which all pairs of k groups hold at once: that of the range of k normals, over √2.

    P(R <= q) = k ∫ φ(x) (Φ(x) - Φ(x - q))^(k - 1) dx, bisected.

    Source: J. W. Tukey (1953); tables of the studentized range with infinite degrees of freedom.

    >>> round(range_z(2), 4), round(range_z(5) * 2**0.5, 3)  # 1.96, and the table's 3.858
    (1.96, 3.858)
    """
    from scipy.special import ndtr

    density = np.exp(-(_GRID**2) / 2) / np.sqrt(2 * np.pi)
    low, high = 0.0, 14.0
    for _ in range(48):
        q = (low + high) / 2
        below = k * float(np.sum(density * (ndtr(_GRID) - ndtr(_GRID - q)) ** (k - 1)) * (_GRID[1] - _GRID[0]))
        low, high = (q, high) if below < level else (low, q)
    return low / 2**0.5


def largest_gap(hits: Floats, n: Floats, *, level: float = 0.95) -> Pair:
    """Interval of the largest minus the smallest proportion (last axis: groups), never below 0; NaN with fewer than two groups.

    low = max over pairs of p_i - p_j - √((p_i - l_i)² + (u_j - p_j)²) with Wilson's l and u at `range_z`: each such low end is, all at
    once, at most that pair's difference, hence at most the largest. high = max over pairs of p_i - p_j + √((u_i - p_i)² + (p_j - l_j)²) at
    the plain 1.96: it covers the pair that is furthest apart in truth, whichever that is. With two groups this is Newcombe's interval.
    The low end is held at `level`; the high end always at 95 %.

    Source: A. Agresti, M. Bini, B. Bertaccini and E. Ryu (2008), Simultaneous confidence intervals for comparing binomial parameters,
    Biometrics 64; R. G. Newcombe (1998), Statistics in Medicine 17.

    >>> low, high = largest_gap(np.array([56.0, 48.0]), np.array([70.0, 80.0]))  # two groups: the example of Newcombe's paper
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    p, (least, most), (plain_least, plain_most) = _limits(hits, n, level)
    gap = p[..., :, None] - p[..., None, :]
    low = _widest(gap - np.sqrt((p - least)[..., :, None] ** 2 + (most - p)[..., None, :] ** 2))
    high = _widest(gap + np.sqrt((plain_most - p)[..., :, None] ** 2 + (p - plain_least)[..., None, :] ** 2))
    enough = (n > 0).sum(axis=-1) >= 2
    return np.where(enough, np.maximum(low, 0.0), np.nan), np.where(enough, np.minimum(high, 1.0), np.nan)


def smallest_ratio(hits: Floats, n: Floats) -> Pair:
    """Interval of the smallest over the largest proportion, never above 1; NaN with fewer than two groups.

    The ratio of each pair by MOVER-R from Wilson's limits; high = the smallest of the high ends that hold all at once (at `range_z`), low =
    the smallest of the plain low ends.

    Source: A. Donner and G. Y. Zou (2012), Statistical Methods in Medical Research 21; M. W. Fagerland and R. G. Newcombe (2013),
    Statistics in Medicine 32.
    """
    p, (least, most), (plain_least, plain_most) = _limits(hits, n, 0.95)

    def at(values: Floats, axis: int) -> Floats:
        return np.asarray(values[..., :, None] if axis else values[..., None, :])

    product = at(p, 1) * at(p, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        up, down = at(plain_least * (2 * p - plain_least), 1), at(plain_most * (2 * p - plain_most), 0)
        low = up / (product + np.sqrt(np.maximum(product**2 - up * down, 0.0)))
        up, down = at(most * (2 * p - most), 1), at(least * (2 * p - least), 0)
        high = (product + np.sqrt(np.maximum(product**2 - up * down, 0.0))) / down
    low = np.where(at(hits, 1) > 0, low, np.where(at(n, 1) > 0, 0.0, np.nan))
    enough = (n > 0).sum(axis=-1) >= 2
    # A ratio of a group to itself is 1, which no smallest ratio exceeds.
    return np.where(enough, -_widest(-low), np.nan), np.where(enough, np.minimum(-_widest(-high), 1.0), np.nan)


def _limits(hits: Floats, n: Floats, level: float) -> tuple[Floats, Pair, Pair]:
    """Proportions, Wilson's limits at which all pairs hold at once, and plain ones; NaN for groups without rows."""
    present = (n > 0).sum(axis=-1)
    z = np.asarray([0.0 if k < 2 else range_z(k, level) for k in range(n.shape[-1] + 1)])[present][..., None]
    return share(hits, n), wilson_at(hits, n, z), wilson_at(hits, n, z_of())


def _widest(values: NDArray[np.float64]) -> Floats:
    """The largest over all ordered pairs of two groups, NaN left out."""
    k = values.shape[-1]
    apart = np.where(np.eye(k, dtype=np.bool_) | np.isnan(values), -np.inf, values)
    return np.asarray(apart.max(axis=(-2, -1), initial=-np.inf))
