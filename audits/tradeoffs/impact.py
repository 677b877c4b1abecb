"""Impact ratios at many thresholds at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.fairness.compare import ratio_interval
from audits.fairness.yardstick import ENOUGH_ROWS, yardstick
from audits.interval import share
from audits.tradeoffs.confusion import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Impact ratios by [group, threshold], and the smallest by [threshold] with the places of its two groups (-1: none)."""

    each: Interval
    smallest: Interval
    highest: Integers
    lowest: Integers


def impact(selected: Floats, n: Floats, allowed: NDArray[np.bool_], *, each: bool = True) -> Impact:
    """Selection rate of each group over the yardstick's, from counts by [group, threshold].

    The yardstick is that of the audit `impact_ratio`. Intervals are Katz's, or Koopman's below five events; the yardstick's own ratio is
    1 by definition. The smallest is taken over groups with `ENOUGH_ROWS` rows; NaN where there are no two groups or nobody is selected.
    Without `each`, only the smallest ratios get intervals.
    """
    n = np.broadcast_to(n, selected.shape)
    rate = share(selected, n)
    reference = yardstick(rate.T, n.T, n.sum(axis=0), allowed)
    way, place = np.arange(n.shape[1]), np.maximum(reference, 0)
    top, top_n, top_rate = selected[place, way], n[place, way], rate[place, way]
    own = np.arange(len(n))[:, None] == reference
    usable = (reference >= 0) & ((n > 0).sum(axis=0) >= 2) & (top > 0)
    value = np.divide(rate, top_rate, out=np.full(rate.shape, np.nan), where=usable & (n > 0))
    value[own & usable] = 1.0
    compared = np.where((n >= ENOUGH_ROWS) & ~own & np.isfinite(value), value, np.inf)
    lowest = np.argmin(compared, axis=0)
    found = np.isfinite(compared[lowest, way])
    if each:
        low, high, _ = ratio_interval(selected, n, np.broadcast_to(top, n.shape), np.broadcast_to(top_n, n.shape))
        low, high = (np.where(own | ~np.isfinite(value), value, end) for end in (low, high))
        least = [values[lowest, way] for values in (value, low, high)]
    else:
        low = high = np.full(value.shape, np.nan)
        least = [value[lowest, way], *ratio_interval(selected[lowest, way], n[lowest, way], top, top_n)[:2]]
    smallest = [np.where(found, values, np.nan) for values in least]
    return Impact(
        each=(value, low, high), smallest=(smallest[0], smallest[1], smallest[2]), highest=np.where(found, reference, -1),
        lowest=np.where(found, lowest, -1),
    )  # fmt: skip
