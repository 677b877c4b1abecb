"""Wasserstein distance: how far values moved on average, in standard deviations of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.bins import NumericBins
from audits.drift.moments import moments_by_window, reference_moments, squares
from audits.drift.two_samples import grids, per_column, two_samples
from audits.estimate import Floats
from audits.evidence import ColumnCounts, Evidence
from audits.finding import Measurement
from audits.interval import z_of

BLOCKS = 64
"""Stretches of the grid over which chance is integrated: its share varies slowly."""

LARGEST = 1e10
"""Values of more standard deviations than this add up too coarsely: rounding would look like a move."""

SAME = "every value of the reference is the same, so there is no standard deviation to measure in"
ROUNDED = "the values are too large, alone or for their spread: their sums are rounded by more than a thousandth of a standard deviation"


@audit(name="wasserstein_distance", unit="distance", needs=("columns",), tasks=EVERY_TASK)
def wasserstein_distance(evidence: Evidence) -> Iterator[Measurement]:
    """Area between the cumulative distributions of reference and window, over the reference's standard deviation.

    Formula
        ∫ |F(x) - G(x)| dx / SD(reference). Inside a grid cell the area is exact from the sum of the cell's values unless the two
        distributions cross there: the value is at most about 0.001 too small. 1 means that values moved by one standard deviation on
        average. Numeric columns only; there is no figure for a reference without spread, or with values above 1e10 deviations.
    Interval and test
        With s(x) the sign of F - G the distance is a difference of means of ∫ s, to which the central limit theorem applies. Chance
        alone pushes it up by E|N(F - G, v)| - |F - G| at each x, v = F(1-F)/n + G(1-G)/m: the low end takes this off, with its spread
        added to the variance, and is cut at 0. The high end needs no such correction; since ∫ s never stretches distances, its
        variance is at most that of the values themselves, which is used. p from a gamma distribution with the mean and variance that
        two samples of the pooled distribution have. n is the window's rows with a value.
    When it misleads
        A few extreme values dominate it. It has no direction: see the counts by decile in `population_stability_index`.
    Source
        S. Vallender (1974), Theory of Probability and its Applications 18; E. del Barrio, E. Giné and C. Matrán (1999), Annals of
        Probability 27.
    """
    from scipy.special import gammaincc

    numeric = [samples for samples in two_samples(evidence) if samples.columns[0].edges is not None]
    if not numeric:
        return
    samples = numeric[0]
    reference, windows = reference_moments(evidence), moments_by_window(evidence)
    found, spreads = [], []
    for grid, counts in grids(evidence):
        before, now = squares(evidence, grid.name, counts, reference, windows)
        spreads.append(before)
        found.append(transport(grid, counts, np.append(before, now)))
    value, low, high, expected, ratio = (np.stack([getattr(t, name) for t in found]) for name in Transport.__slots__)
    spread = np.stack(spreads) / np.maximum(samples.n, 1)
    deviation = np.sqrt(np.where(spread < np.finfo(np.float64).max / np.maximum(samples.n, 1) / 2, spread, np.nan))
    largest = np.stack([[max(abs(grid.low), abs(grid.high))] for grid, _ in grids(evidence)])
    scale = np.where((deviation > 0) & (largest <= LARGEST * deviation), deviation, np.nan)
    shape = 1 / np.maximum(ratio, 1e-6) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = np.where(expected > 0, gammaincc(shape, value * shape / expected), 1.0)
    yield per_column(
        evidence, "wasserstein_distance", samples, value / scale, low / scale, high / scale, method="clt", p_value=p_value,
        reason=np.where(deviation == 0, SAME, ROUNDED).astype(object),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """By window, in the column's own unit: the distance, its interval, and its mean and the ratio of its deviation to its mean if both
    samples came from the pooled distribution."""

    value: Floats
    low: Floats
    high: Floats
    expected: Floats
    ratio: Floats


def transport(grid: NumericBins, counts: ColumnCounts, squares: Floats) -> Transport:
    """The distance of each window from the reference; `squares` are sums of squared deviations, the reference's first."""
    n, m = max(float(counts.reference.sum()), 1.0), np.maximum(counts.windows.sum(axis=-1), 1.0)
    lower, upper = np.append(grid.edges[0], grid.edges), np.append(grid.edges, grid.edges[-1])
    width = upper - lower  # 0 for both tails, whose values are measured from the end of the grid
    off_p, off_q = counts.reference_total - counts.reference * lower, counts.total - counts.windows * lower
    under_p = (np.cumsum(counts.reference) * width - off_p) / n  # the integral of F over the cell
    under_q = np.cumsum(counts.windows, axis=-1)
    under_q *= width
    under_q -= off_q
    under_q /= m[:, None]
    area = under_p - under_q
    value = np.abs(area).sum(axis=-1)
    sign = np.sign(area)
    start = np.cumsum(sign * width, axis=-1)
    start -= sign * width
    tails = [_tails(grid, lower, counts.reference[None], off_p[None], squares[:1]), _tails(grid, lower, counts.windows, off_q, squares[1:])]
    first_p, first_q = (
        start @ counts.reference + sign @ off_p,
        np.einsum("wb,wb->w", start, counts.windows) + np.einsum("wb,wb->w", sign, off_q),
    )
    sign *= start
    crossed_p, crossed_q = sign @ off_p, np.einsum("wb,wb->w", sign, off_q)
    start *= start
    second_p = (start @ counts.reference + 2 * crossed_p + tails[0]) / n
    second_q = (np.einsum("wb,wb->w", start, counts.windows) + 2 * crossed_q + tails[1]) / m
    variance = np.maximum(second_p - (first_p / n) ** 2, 0.0) / n + np.maximum(second_q - (first_q / m) ** 2, 0.0) / m
    first = np.arange(0, len(width), max(len(width) // BLOCKS, 1))
    under_p[[0, -1]], under_q[:, [0, -1]] = 0.0, 0.0  # beyond the grid there is no width to take a mean over
    weight = np.add.reduceat(width, first)
    wide = weight > 0
    f = np.clip(np.add.reduceat(under_p, first)[wide] / weight[wide], 0.0, 1.0)
    g = np.clip(np.add.reduceat(under_q, first, axis=-1)[:, wide] / weight[wide], 0.0, 1.0)
    weight = weight[wide]
    chance = np.sqrt(f * (1 - f) / n + g * (1 - g) / m[:, None])
    pooled = (n * f + m[:, None] * g) / (n + m[:, None])
    expected = np.sqrt(2 / np.pi * (1 / n + 1 / m)) * (np.sqrt(pooled * (1 - pooled)) @ weight)
    bias = _folded(f - g, chance) @ weight
    ratio = np.full(len(m), null_ratio(f, weight))
    low = value - bias - z_of() * np.sqrt(variance + (ratio * bias) ** 2)
    high = value + z_of() * np.sqrt(squares[0] / n**2 + squares[1:] / m**2)
    return Transport(value=value, low=np.clip(low, 0.0, value), high=high, expected=expected, ratio=ratio)


def _tails(grid: NumericBins, lower: Floats, n: Floats, off: Floats, squares: Floats) -> Floats:
    """Sum of squared distances from the end of the grid of the values beyond it: what is left of all squares after the cells'.

    Inside the grid a cell is a sliver and its values are taken to lie at its middle; beyond it there may be anything.
    """
    ends = n[:, [0, -1]]
    middle = (lower + np.append(lower[1:], lower[-1])) / 2 - grid.mean
    middle[[0, -1]] = 0.0
    size = np.maximum(n.sum(axis=-1), 1.0)
    mean = (off.sum(axis=-1) + n @ (lower - grid.mean)) / size
    beyond = squares + size * mean**2 - n @ middle**2
    end = lower[[0, -1]] - grid.mean
    away = beyond - 2 * (off[:, [0, -1]] @ end) - ends @ end**2
    least = np.divide(off[:, [0, -1]] ** 2, ends, out=np.zeros_like(ends), where=ends > 0).sum(axis=-1)
    return np.where(ends.sum(axis=-1) > 0, np.maximum(away, least), 0.0)


def _folded(difference: Floats, chance: Floats) -> Floats:
    """E|N(d, v)| - |d| with v = chance², at the difference that is left when what chance adds to its square is taken off."""
    from scipy.special import erfc

    left = np.sqrt(np.maximum(difference**2 - chance**2, 0.0))
    t = np.divide(left, chance, out=np.full_like(left, 40.0), where=chance > 0)
    return np.asarray(chance * (np.sqrt(2 / np.pi) * np.exp(-t * t / 2) - t * erfc(t / np.sqrt(2))))


def null_ratio(f: Floats, weight: Floats) -> float:
    """Standard deviation over mean of ∫ |B(F(x))| dx for a Brownian bridge B: 0.43 for a uniform column, 0.76 for a binary one.

    >>> round(null_ratio((np.arange(200) + 0.5) / 200, np.ones(200)), 2)
    0.43
    """
    sure = np.clip(f, 0.0, 1.0) * (1 - np.clip(f, 0.0, 1.0))
    part = np.sqrt(sure) * weight
    if part.sum() <= 0:
        return 0.7555
    f = np.clip(f, 1e-12, 1 - 1e-12)
    odds = np.sqrt(f / (1 - f))
    correlation = np.minimum(odds[:, None], odds) / np.maximum(odds[:, None], odds)
    shared = np.sqrt(np.maximum(1 - correlation**2, 0.0)) + correlation * np.arcsin(correlation) - 1
    return float(np.sqrt(max(part @ shared @ part, 0.0)) / part.sum())
