"""Quantiles from the counts of a frozen grid, with intervals between order statistics."""

from __future__ import annotations

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


def quantiles(counts: Floats, grid: NumericBins, q: float, *, smallest: float, largest: float) -> Quantiles:
    """The q-quantile of each cell, from counts by [cell, bin].

    The value lies within the bin that holds row ⌈q n⌉, in proportion to the rows below it. The interval reaches from the lower edge of the
    bin of the lower order statistic to the upper edge of the bin of the upper one, so that it covers the width of the bins too.

    Parameters
    ----------
    smallest, largest
        The ends of the two open bins.

    Source: W. J. Conover, Practical Nonparametric Statistics (1999), section 3.2.
    """
    edges = np.clip(np.concatenate([[smallest], grid.edges, [largest]]), smallest, largest)
    n = counts.sum(axis=1)
    below = np.cumsum(counts, axis=1)
    low_rank, high_rank = quantile_ranks(n.astype(np.int64), q)
    wanted = np.maximum(np.ceil(q * n), 1.0)
    place = bin_of_rank(below, wanted)
    lines = np.arange(len(n))
    inside = np.where(counts[lines, place] > 0, (wanted - 0.5 - (below - counts)[lines, place]) / np.maximum(counts[lines, place], 1), 0.0)
    width = edges[place + 1] - edges[place]
    value = edges[place] + inside * width
    uppers = edges[1:]
    if grid.whole:  # a bin within the grid holds one whole number
        exact = (place > 0) & (place < grid.size - 1)
        value, width = np.where(exact, np.ceil(edges[place]), value), np.where(exact, 0.0, width)
        uppers = np.append(np.ceil(edges[1:-1]) - 1, edges[-1])
    low = np.where(low_rank > 0, edges[bin_of_rank(below, low_rank.astype(np.float64))], np.nan)
    high = np.where(high_rank <= n, uppers[bin_of_rank(below, high_rank.astype(np.float64))], np.nan)
    empty = n == 0
    value, low, high = (np.where(empty, np.nan, found) for found in (value, np.minimum(low, value), np.maximum(high, value)))
    return Quantiles(n=n, value=value, low=low, high=high, resolution=width, place=place, wanted=wanted, high_rank=high_rank)


def bin_of_rank(below: Floats, rank: Floats) -> Integers:
    """The bin that holds the row of that rank (from 1), by cell."""
    return np.asarray(np.minimum((below < rank[:, None]).sum(axis=1), below.shape[1] - 1), dtype=np.int64)
