"""Two by two tables in strata: the odds ratio they share, whether it is 1, and whether they share one.

A table is a group's and the reference group's favorable and other decisions, a, b and c, d. Arrays end in the axis of strata; a stratum in
which either group has no row, or in which everybody or nobody was selected, says nothing and drops out of every sum by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats
from audits.interval import z_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Favorable and other decisions of a group (a, b) and of the reference group (c, d), by [..., stratum]."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats

    @classmethod
    def of(cls, hits: Floats, n: Floats, hits_r: Floats, n_r: Floats) -> Tables:
        """From hits and rows of both; strata in which either has no row are emptied."""
        both = (n > 0) & (n_r > 0)
        a, b, c, d = (np.where(both, values, 0.0) for values in np.broadcast_arrays(hits, n - hits, hits_r, n_r - hits_r))
        return cls(a=a, b=b, c=c, d=d)

    @property
    def size(self) -> Floats:
        """Rows of the stratum, both groups."""
        return self.a + self.b + self.c + self.d


def common_odds_ratio(tables: Tables) -> tuple[Floats, Floats, Floats]:
    """The Mantel-Haenszel odds ratio, Σ ad/N / Σ bc/N, and its Robins-Breslow-Greenland interval; NaN where either sum is 0.

    Source: N. Mantel and W. Haenszel (1959), JNCI 22; J. Robins, N. Breslow and S. Greenland (1986), Biometrics 42.
    """
    a, b, c, d, size = tables.a, tables.b, tables.c, tables.d, np.maximum(tables.size, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r, s, p, q = a * d / size, b * c / size, (a + d) / size, (b + c) / size
        up, down = r.sum(axis=-1), s.sum(axis=-1)
        variance = (
            (p * r).sum(axis=-1) / (2 * up**2) + (p * s + q * r).sum(axis=-1) / (2 * up * down) + (q * s).sum(axis=-1) / (2 * down**2)
        )
        value = np.where((up > 0) & (down > 0), up / down, np.nan)
        half = z_of() * np.sqrt(variance)
        return value, value * np.exp(-half), value * np.exp(half)


def conditional_independence(tables: Tables) -> tuple[Floats, Floats, Floats]:
    """Cochran, Mantel and Haenszel's chi-squared of one degree without continuity correction, its p-value, and how many events carry it.

    The last is the distance from Σ E(a) to the nearest sum that the margins allow: below five (N. Mantel and J. L. Fleiss, 1980) the
    p-value is rough.

    Source: W. G. Cochran (1954), Biometrics 10; N. Mantel and W. Haenszel (1959), JNCI 22.
    """
    from scipy.special import chdtrc

    a, size = tables.a, tables.size
    own, selected = a + tables.b, a + tables.c
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(size > 0, own * selected / size, 0.0)
        variance = np.where(size > 1, expected * (size - own) * (size - selected) / (size * (size - 1)), 0.0).sum(axis=-1)
        statistic = np.where(variance > 0, (a - expected).sum(axis=-1) ** 2 / variance, np.nan)
    least, most = np.maximum(0.0, own + selected - size).sum(axis=-1), np.minimum(own, selected).sum(axis=-1)
    carried = np.minimum(expected.sum(axis=-1) - least, most - expected.sum(axis=-1))
    return statistic, np.asarray(chdtrc(1, statistic)), carried


def homogeneity(tables: Tables, ratio: Floats) -> tuple[Floats, Floats, Floats]:
    """Breslow and Day's chi-squared that all strata share the odds ratio, with Tarone's correction; degrees of freedom; p-value.

    Source: N. E. Breslow and N. E. Day (1980), Statistical Methods in Cancer Research I, section 4.4; R. E. Tarone (1985), Biometrika 72.
    """
    from scipy.special import chdtrc

    a, size = tables.a, tables.size
    own, selected = a + tables.b, a + tables.c
    psi = np.asarray(ratio)[..., None]
    informative = (own > 0) & (own < size) & (selected > 0) & (selected < size)
    with np.errstate(divide="ignore", invalid="ignore"):
        # a(d) / (b)(c) = psi with all margins kept: one root of a quadratic lies between the smallest and the largest possible a.
        quadratic, linear, constant = 1 - psi, size - own - selected + psi * (own + selected), -psi * own * selected
        root = np.sqrt(np.maximum(linear**2 - 4 * quadratic * constant, 0.0))
        expected = -2 * constant / (linear + root)
        parts = np.stack([expected, own - expected, selected - expected, size - own - selected + expected])
        variance = 1 / (1 / parts).sum(axis=0)
        off = np.where(informative, a - expected, 0.0)
        spread = np.where(informative, variance, 0.0)
        statistic = np.where(informative, off**2 / variance, 0.0).sum(axis=-1) - off.sum(axis=-1) ** 2 / spread.sum(axis=-1)
    free = informative.sum(axis=-1) - 1.0
    statistic = np.where((free > 0) & np.isfinite(psi[..., 0]), np.maximum(statistic, 0.0), np.nan)
    return statistic, free, np.asarray(chdtrc(np.maximum(free, 1), statistic))
