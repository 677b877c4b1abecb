"""What chance alone makes of a distance between two samples of one distribution, also where bins are expected to hold few rows.

The usual expansion gives each degree of freedom the same: half a chi-squared variable's worth. With a handful of rows to a bin that is
wrong by a factor: a bin that happens to be empty counts for much in a logarithm. So what a bin adds is worked out from the Poisson
distribution of its rows, once for all expectations, and looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from audits.drift.two_samples import Samples
from audits.estimate import Floats

FEWEST, MOST, LEVELS = 1e-6, 64.0, 260
"""Expected rows of a bin from and up to which terms are tabulated; beyond, the expansion for many rows holds."""

Term = Callable[[Floats, Floats], Floats]
"""What a bin adds to a distance, times its effective rows: from the rows seen and the rows expected."""


def chance(samples: Samples, term: Term, dense: float, empty: Floats | None = None) -> tuple[Floats, Floats]:
    """Mean and variance of a distance if both samples came from the pooled distribution, by [column, window].

    With e = 1 / (1/n + 1/m) effective rows and s the pooled share of a bin, its rows are Poisson(e s) against an expectation of e s; a bin
    counts 1 - s times, since the others have the rest. Many rows to each bin give the mean `dense` (bins - 1) / e and a variance of
    2 dense² (bins - 1) / e², and less variance is never reckoned.

    Parameters
    ----------
    term
        Must be a function of a module: what it gives is remembered by it.
    dense
        Its mean where many rows are expected.
    empty
        The term of a bin without rows, by [column, window, bin], where that is not a function of the rows expected alone.
    """
    effective = 1 / samples.c[..., None]
    both = samples.reference + samples.windows
    pooled = both / np.maximum(samples.n + samples.m, 1)[..., None]
    expected = np.where(both > 0, effective * pooled, FEWEST)
    level = np.log(expected)
    grid, first, second = _table(term)
    mean, square = np.interp(level, grid, first, right=dense), np.interp(level, grid, second, right=3 * dense**2)
    if empty is not None:
        none = np.exp(-expected)
        mean, square = mean + none * empty, square + none * empty**2
    weight = np.where(both > 0, 1 - pooled, 0.0)
    spread = (weight * (square - mean**2)).sum(axis=-1)
    floor = 2 * np.maximum(samples.free, 1) * dense**2
    return (weight * mean).sum(axis=-1) * samples.c, np.maximum(spread, floor) * samples.c**2


@cache
def _table(term: Term) -> tuple[Floats, Floats, Floats]:
    """Logarithms of expectations, and the first and second moment of the term at each."""
    expected = np.geomspace(FEWEST, MOST, LEVELS)[:, None]
    rows = np.arange(int(MOST + 10 * np.sqrt(MOST)))[None, :].astype(np.float64)
    factorial = np.cumsum(np.log(np.maximum(rows, 1.0)), axis=-1)
    weight = np.exp(rows * np.log(expected) - expected - factorial)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = term(rows, expected)
    return np.log(expected[:, 0]), (weight * found).sum(axis=-1), (weight * found**2).sum(axis=-1)


def folded(difference: Floats, chance: Floats) -> Floats:
    """E|N(d, v)| - |d| with v = chance², at the difference that is left when what chance adds to its square is taken off."""
    from scipy.special import erfc

    left = np.sqrt(np.maximum(difference**2 - chance**2, 0.0))
    t = np.divide(left, chance, out=np.full_like(left, 40.0), where=chance > 0)
    return np.asarray(chance * (np.sqrt(2 / np.pi) * np.exp(-t * t / 2) - t * erfc(t / np.sqrt(2))))
