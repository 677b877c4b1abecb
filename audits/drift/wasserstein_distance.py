"""Wasserstein distance: how far values moved on average, in standard deviations of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.bins import NumericBins
from audits.drift.cells import Cells
from audits.drift.chance import folded
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.moments import scales, squares
from audits.estimate import Floats
from audits.finding import Measurement
from audits.interval import z_of

BLOCKS = 64
"""Stretches of the grid over which chance is integrated: its share varies slowly."""


NORMAL = 0.7555
"""Standard deviation over mean of the absolute value of a normal variable."""


@audit(name="wasserstein_distance", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def wasserstein_distance(held: Comparison) -> Iterator[Measurement]:
    """Area between the cumulative distributions of reference and window, over the reference's standard deviation.

    Formula
        ∫ |F(x) - G(x)| dx / SD(reference). Inside a grid cell the area is exact from the sum of the cell's values unless the two
        distributions cross there: the value is at most about 0.001 too small. 1 means that values moved by one standard deviation on
        average. Numeric columns only; there is no figure for a reference without spread, or with values above 1e10 deviations.
    Interval and test
        With s(x) the sign of F - G the distance is a difference of means of ∫ s, to which the central limit theorem applies. Chance
        alone pushes it up by E|N(F - G, v)| - |F - G| at each x, v = F(1-F)/n + G(1-G)/m: the low end takes this off, with its spread
        added to the variance, is cut at 0, and is 0 where the test does not reject. The high end needs no such correction; since ∫ s never
        stretches distances, its variance is at most that of the values themselves, which is used, the window's with one row more of the
        reference's variance. p from a gamma distribution with the mean and variance that two samples of the pooled distribution have; what
        lies beyond the reference's range counts by its mean distance from it. n is the window's rows with a value.
    When it misleads
        A few extreme values dominate it. It has no direction: see the counts by decile in `population_stability_index`.
    Source
        S. Vallender (1974), Theory of Probability and its Applications 18; E. del Barrio, E. Giné and C. Matrán (1999), Annals of
        Probability 27.
    """
    for samples in held.numeric:
        found = []
        for place, column in enumerate(held.cells()):
            before, now = squares(held.evidence, column.grid.name)
            found.append(transport(column, before if held.before is None else held.earlier(place, now), now))
        value, low, high, p_value = (np.stack([getattr(t, name) for t in found]) for name in ("value", "low", "high", "p_value"))
        scale, why = scales(held.evidence)
        yield per_column(
            held, "wasserstein_distance", samples, value / scale, low / scale, high / scale, method="clt", p_value=p_value, reason=why
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """By window, in the column's own unit: the distance and its interval; its mean and the ratio of its deviation to its mean if both
    samples came from the pooled distribution."""

    value: Floats
    low: Floats
    high: Floats
    expected: Floats
    ratio: Floats

    @property
    def p_value(self) -> Floats:
        """That both did, by a gamma distribution with that mean and deviation."""
        from scipy.special import gammaincc

        shape = 1 / np.maximum(self.ratio, 1e-6) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.expected > 0, gammaincc(shape, self.value * shape / self.expected), 1.0)


def transport(cells: Cells, before: Floats, now: Floats) -> Transport:
    """The distance of each window from its reference; `before` and `now` are the sums of squared deviations of either, the first by [1]
    where one reference serves all windows."""
    grid, p, q = cells.grid, cells.reference, cells.windows
    n, m = np.maximum(cells.reference_running[:, -1], 1.0), np.maximum(cells.running[:, -1], 1.0)
    lower, upper = np.append(grid.edges[0], grid.edges), np.append(grid.edges, grid.edges[-1])
    width = upper - lower  # 0 for both tails, whose values are measured from the end of the grid
    off_p, off_q = cells.reference_total - p * lower, cells.total - q * lower
    under_p = (cells.reference_running * width - off_p) / n[:, None]  # the integral of F over the cell
    under_q = cells.running * width
    under_q -= off_q
    under_q /= m[:, None]
    area = under_p - under_q
    value = np.abs(area).sum(axis=-1)
    sign = np.sign(area)
    reached = sign * width
    start = np.cumsum(reached, axis=-1)
    start -= reached
    tails = [_tails(grid, lower, p, off_p, before), _tails(grid, lower, q, off_q, now)]
    first_p, first_q = _dot(start, p) + _dot(sign, off_p), _dot(start, q) + _dot(sign, off_q)
    sign *= start
    crossed_p, crossed_q = _dot(sign, off_p), _dot(sign, off_q)
    start *= start
    second_p = (_dot(start, p) + 2 * crossed_p + tails[0]) / n
    second_q = (_dot(start, q) + 2 * crossed_q + tails[1]) / m
    variance = np.maximum(second_p - (first_p / n) ** 2, 0.0) / n + np.maximum(second_q - (first_q / m) ** 2, 0.0) / m
    first = np.arange(0, len(width), max(len(width) // BLOCKS, 1))
    under_p[:, [0, -1]], under_q[:, [0, -1]] = 0.0, 0.0  # beyond the grid there is no width to take a mean over
    weight = np.add.reduceat(width, first)
    wide = weight > 0
    f = np.clip(np.add.reduceat(under_p, first, axis=-1)[:, wide] / weight[wide], 0.0, 1.0)
    g = np.clip(np.add.reduceat(under_q, first, axis=-1)[:, wide] / weight[wide], 0.0, 1.0)
    weight = weight[wide]
    chance = np.sqrt(f * (1 - f) / n[:, None] + g * (1 - g) / m[:, None])
    pooled = (n[:, None] * f + m[:, None] * g) / (n + m)[:, None]
    expected = np.sqrt(2 / np.pi * (1 / n + 1 / m)) * (np.sqrt(pooled * (1 - pooled)) @ weight)
    far_p, far_q = (np.abs(off[:, [0, -1]]).sum(axis=-1) for off in (off_p, off_q))
    outside = (1 / n + 1 / m) * np.maximum((tails[0] + tails[1]) / (n + m) - ((far_p + far_q) / (n + m)) ** 2, 0.0)
    beyond = np.sqrt(2 / np.pi * outside)
    bias = folded(f - g, chance) @ weight + folded(far_p / n - far_q / m, np.sqrt(tails[0] / n**2 + tails[1] / m**2))
    ratio = (null_ratio(n @ f / n.sum(), weight) * expected + NORMAL * beyond) / np.maximum(expected + beyond, 1e-300)
    low = value - bias - z_of() * np.sqrt(variance + (ratio * bias) ** 2)
    high = value + z_of() * np.sqrt(before / n**2 + (now + before / n) / m**2)
    found = Transport(value=value, low=np.clip(low, 0.0, value), high=high, expected=expected + beyond, ratio=ratio)
    return replace(found, low=np.where(found.p_value < 0.05, found.low, 0.0))


def _dot(first: Floats, second: Floats) -> Floats:
    """Sums of products over bins by window, either factor by [1, bin] or [window, bin].

    Not by `@`: handing so small a product to several threads costs more than it saves.
    """
    one = len(second) == 1
    return np.asarray(np.einsum("wb,b->w", first, second[0]) if one else np.einsum("wb,wb->w", first, second))


def _tails(grid: NumericBins, lower: Floats, n: Floats, off: Floats, squares: Floats) -> Floats:
    """Sum of squared distances from the end of the grid of the values beyond it: what is left of all squares after the cells'.

    Inside the grid a cell is a sliver and its values are taken to lie at its middle; beyond it there may be anything.
    """
    ends = n[:, [0, -1]]
    middle = (lower + np.append(lower[1:], lower[-1])) / 2 - grid.mean
    middle[[0, -1]] = 0.0
    size = np.maximum(n.sum(axis=-1), 1.0)
    mean = (off.sum(axis=-1) + _dot(n, (lower - grid.mean)[None])) / size
    beyond = squares + size * mean**2 - _dot(n, middle[None] ** 2)
    end = lower[[0, -1]] - grid.mean
    away = beyond - 2 * (off[:, [0, -1]] @ end) - ends @ end**2
    least = np.divide(off[:, [0, -1]] ** 2, ends, out=np.zeros_like(ends), where=ends > 0).sum(axis=-1)
    return np.where(ends.sum(axis=-1) > 0, np.maximum(away, least), 0.0)


def null_ratio(f: Floats, weight: Floats) -> float:
    """Standard deviation over mean of ∫ |B(F(x))| dx for a Brownian bridge B: 0.43 for a uniform column, 0.76 for a binary one.

    >>> round(null_ratio((np.arange(200) + 0.5) / 200, np.ones(200)), 2)
    0.43
    """
    sure = np.clip(f, 0.0, 1.0) * (1 - np.clip(f, 0.0, 1.0))
    part = np.sqrt(sure) * weight
    if part.sum() <= 0:
        return NORMAL
    f = np.clip(f, 1e-12, 1 - 1e-12)
    odds = np.sqrt(f / (1 - f))
    correlation = np.minimum(odds[:, None], odds) / np.maximum(odds[:, None], odds)
    shared = np.sqrt(np.maximum(1 - correlation**2, 0.0)) + correlation * np.arcsin(correlation) - 1
    return float(np.sqrt(max(part @ shared @ part, 0.0)) / part.sum())
