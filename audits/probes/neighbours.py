"""Similar logged predictions: the nearest rows in spreads of the reference, over all inputs alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.interval import wilson
from audits.probes.feasible import Space

K = 10


@dataclass(frozen=True, kw_only=True)
class Near:
    """Positions of the nearest rows, nearest first, one a unit; their distances; and the median distance over all rows."""

    place: Integers
    distance: Floats
    usual: float


def apart(space: Space, x0: Floats, rows: Floats) -> Floats:
    """[row] the sum over inputs of the difference in spreads, 1 for another level, 1 where one of the two is missing.

    A mean over inputs would order alike; the sum is the cost of a counterfactual that would turn the one into the other. Missing in both is
    the same. It misleads where inputs say the same thing twice, for that then counts twice, and where one that the model hardly uses varies
    a lot.

    Source: J. C. Gower (1971), Biometrics 27, for mixed types; spreads in the place of ranges, which a single odd value stretches.
    """
    origin = np.broadcast_to(x0, rows.shape)
    one_sided = np.isfinite(origin) != np.isfinite(rows)
    return np.asarray((np.abs(space.moves(origin, rows)) + one_sided).sum(axis=1), dtype=np.float64)


def nearest(distance: Floats, unit: NDArray[np.object_], own: object, *, k: int = K) -> Near:
    """The `k` nearest rows of other units than `own`, one a unit; ties in the order of the rows.

    >>> found = nearest(np.asarray([2.0, 0.0, 1.0, 0.5]), np.asarray(["a", "me", "b", "b"], dtype=object), "me", k=2)
    >>> found.place, found.distance
    (array([3, 0]), array([0.5, 2. ]))
    """
    others = np.flatnonzero(unit != own)
    order = others[np.argsort(distance[others], kind="stable")]
    chosen: list[int] = []
    seen: set[object] = set()
    for place in order.tolist():
        if unit[place] not in seen:
            seen.add(unit[place])
            chosen.append(place)
        if len(chosen) == k:
            break
    place = np.asarray(chosen, dtype=np.int64)
    usual = float(np.median(distance[others])) if len(others) else float("nan")
    return Near(place=place, distance=distance[place], usual=usual)


def share_of(outcome: Floats) -> tuple[int, float | None, float | None, float | None]:
    """Known outcomes, the share of favorable ones, and Wilson's interval; no share where none is known.

    >>> n, value, low, high = share_of(np.asarray([1.0, 1.0, 0.0, np.nan]))
    >>> n, round(value, 3), round(low, 3), round(high, 3)
    (3, 0.667, 0.208, 0.939)
    """
    known = outcome[np.isfinite(outcome)]
    if not len(known):
        return 0, None, None, None
    low, high = wilson(known.sum(), len(known))
    return len(known), float(known.mean()), float(low), float(high)


def mean_of(outcome: Floats) -> tuple[int, float | None, float | None, float | None]:
    """The same of outcomes that are numbers: their mean with Student's interval, none of one alone.

    >>> n, value, low, high = mean_of(np.asarray([1.0, 2.0, 3.0]))
    >>> n, value, round(low, 3), round(high, 3)
    (3, 2.0, -0.484, 4.484)
    """
    known = outcome[np.isfinite(outcome)]
    if not len(known):
        return 0, None, None, None
    value = float(known.mean())
    if len(known) < 2:
        return 1, value, None, None
    from scipy.stats import t

    half = float(t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known)))
    return len(known), value, value - half, value + half
