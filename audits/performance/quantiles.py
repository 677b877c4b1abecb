"""Quantiles from the counts of a frozen grid, with intervals between order statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.bins import NumericBins
from audits.estimate import Floats, Integers
from audits.interval import quantile_ranks

FEW = "too few predictions for both ends of the interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """A quantile of each cell, the ends of its interval, and the width of the bin it lies in; `place` is that bin."""

    n: Floats
    value: Floats
    low: Floats
    high: Floats
    resolution: Floats
    place: Integers
    wanted: Floats
    high_rank: Integers

    def reason(self, empty: str) -> NDArray[np.object_]:
        """Why a figure or an end of it is absent, by cell."""
        return np.where(self.n == 0, empty, np.where(np.isnan(self.low + self.high), FEW, "")).astype(object)


def quantiles(
    counts: Floats, grid: NumericBins, q: float, *, smallest: float, largest: float, running: Floats | None = None
) -> Quantiles:  # fmt: skip
    """The q-quantile of each cell, from counts by [cell, bin].

    The value lies within the bin that holds row ⌈q n⌉, in proportion to the rows below it. The interval reaches from the lower edge of the
    bin of the lower order statistic to the upper edge of the bin of the upper one, so that it covers the width of the bins too.

    Parameters
    ----------
    smallest, largest
        The ends of the two open bins.
    running
        Running sums of the counts over the bins, where they are known.

    Source: W. J. Conover, Practical Nonparametric Statistics (1999), section 3.2.
    """
    edges = np.clip(np.concatenate([[smallest], grid.edges, [largest]]), smallest, largest)
    below = np.cumsum(counts, axis=1) if running is None else running
    n = below[:, -1]
    low_rank, high_rank = quantile_ranks(n.astype(np.int64), q)
    wanted = np.maximum(np.ceil(q * n), 1.0)
    place = bin_of_rank(below, wanted)
    value, width = _within(counts, below, grid, edges, place, wanted)
    uppers = edges[1:]
    if grid.whole:  # a bin within the grid holds one whole number
        uppers = np.append(np.clip(np.ceil(grid.edges) - 1, smallest, largest), edges[-1])
    low = np.where(low_rank > 0, edges[bin_of_rank(below, low_rank.astype(np.float64))], np.nan)
    high = np.where(high_rank <= n, uppers[bin_of_rank(below, high_rank.astype(np.float64))], np.nan)
    empty = n == 0
    value, low, high = (np.where(empty, np.nan, found) for found in (value, np.minimum(low, value), np.maximum(high, value)))
    return Quantiles(n=n, value=value, low=low, high=high, resolution=width, place=place, wanted=wanted, high_rank=high_rank)


def values_at(
    counts: Floats, grid: NumericBins, qs: Sequence[float], *, smallest: float, largest: float, running: Floats | None = None
) -> Floats:  # fmt: skip
    """Several quantiles of each cell, without intervals, by [cell, quantile]; NaN for a cell without rows."""
    edges = np.clip(np.concatenate([[smallest], grid.edges, [largest]]), smallest, largest)
    below = np.cumsum(counts, axis=1) if running is None else running
    found = np.full((len(counts), len(qs)), np.nan)
    filled = below[:, -1] > 0
    for i, q in enumerate(qs):
        wanted = np.maximum(np.ceil(q * below[:, -1]), 1.0)
        value, _ = _within(counts, below, grid, edges, bin_of_rank(below, wanted), wanted)
        found[filled, i] = value[filled]
    return found


def _within(counts: Floats, below: Floats, grid: NumericBins, edges: Floats, place: Integers, wanted: Floats) -> tuple[Floats, Floats]:
    """Where in its bin the row of a rank lies, and how wide the bin is; a bin within a grid of whole numbers holds one."""
    lines = np.arange(len(place))
    inside = counts[lines, place]
    part = np.where(inside > 0, (wanted - 0.5 - below[lines, place] + inside) / np.maximum(inside, 1), 0.0)
    width = edges[place + 1] - edges[place]
    value = edges[place] + part * width
    exact = grid.whole & (place > 0) & (place < grid.size - 1)
    return np.where(exact, np.ceil(edges[place]), value), np.where(exact, 0.0, width)


def bin_of_rank(below: Floats, rank: Floats) -> Integers:
    """The bin that holds the row of that rank (from 1), by cell."""
    return np.asarray(np.minimum((below < rank[:, None]).sum(axis=1), below.shape[1] - 1), dtype=np.int64)
