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


def impact(selected: Floats, n: Floats, allowed: NDArray[np.bool_]) -> Impact:
    """Selection rate of each group over the yardstick's, from counts by [group, threshold].

    The yardstick is that of the audit `impact_ratio`. Intervals are Katz's, or Koopman's below five events; the yardstick's own ratio is
    1 by definition. The smallest is taken over groups with `ENOUGH_ROWS` rows; NaN where there are no two groups or nobody is selected.
    """
    reference = yardstick(share(selected, n).T, n.T, n.sum(axis=0), allowed)
    place = np.maximum(reference, 0)[None]
    top, top_n = (np.broadcast_to(np.take_along_axis(values, place, axis=0), n.shape) for values in (selected, n))
    own = np.arange(len(n))[:, None] == reference
    usable = (reference >= 0) & ((n > 0).sum(axis=0) >= 2) & (top > 0)
    value = np.where(usable, np.where(own, 1.0, share(share(selected, n), np.where(top > 0, share(top, top_n), 0.0))), np.nan)
    low, high, _ = ratio_interval(selected, n, top, top_n)
    each = (value, *(np.where(own | ~np.isfinite(value), value, end) for end in (low, high)))
    compared = np.where((n >= ENOUGH_ROWS) & ~own & np.isfinite(value), value, np.inf)
    lowest = np.argmin(compared, axis=0)
    found = np.isfinite(compared.min(axis=0)) if len(n) else np.zeros(n.shape[1], dtype=np.bool_)
    least = [np.where(found, np.take_along_axis(values, lowest[None], axis=0)[0], np.nan) for values in each]
    return Impact(
        each=(each[0], each[1], each[2]), smallest=(least[0], least[1], least[2]), highest=np.where(found, reference, -1),
        lowest=np.where(found, lowest, -1),
    )  # fmt: skip
