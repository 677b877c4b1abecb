"""Who sends far more in an hour than it ever did, and than ordinary clients do."""

from __future__ import annotations

import numpy as np

from audits.estimate import Floats
from audits.probes.client_signs import LEAST_CLIENTS, MAD
from audits.probes.replays import upper

LEAST_ROWS = 20
"""Rows in an hour from which on it may be a flood."""
ALPHA = 0.01
"""The chance that any hour of a quiet log is called a flood, if hours are as a Poisson distribution around the busiest has them."""


def population(peaks: Floats) -> float:
    """How many rows an hour an ordinary client may send: far beyond the middle of the clients' busiest hours, on a scale of logarithms."""
    from scipy.stats import t

    known = np.log1p(peaks[peaks > 0])
    if len(known) < LEAST_CLIENTS:
        return 0.0
    middle = float(np.median(known))
    spread = MAD * float(np.median(np.abs(known - middle)))
    return float(np.expm1(middle + spread * t.isf(ALPHA / len(known), len(known) - 1)))


def growth(before: Floats, now: Floats) -> float:
    """How much busier the busiest hours of clients became since the reference, in the middle; at least 1, and 1 for few clients.

    >>> growth(np.repeat([2.0, 4.0, 0.0], 4), np.repeat([3.0, 6.0, 9.0], 4))
    1.5
    """
    both = (before > 0) & (now > 0)
    return max(1.0, float(np.median(now[both] / before[both]))) if both.sum() >= LEAST_CLIENTS else 1.0


def slack(earlier: Floats, later: Floats, chance: float) -> float:
    """How much busier clients became within the reference than chance explains, at most; at least 1."""
    both = (earlier > 0) & (later > 0)
    return max(1.0, float((later[both] / np.maximum(upper(earlier[both], chance), 1.0)).max())) if both.any() else 1.0


def allowances(earlier: Floats, later: Floats, now: Floats, *, hours: int) -> Floats:
    """By client the most rows in an hour that are no flood: by its own busiest hour of the reference and by other clients'."""
    chance = ALPHA / max(hours, 1)
    before = np.maximum(earlier, later)
    grown = growth(before, now)
    own = upper(slack(earlier, later, chance) * grown * before, chance)
    return np.maximum(np.maximum(own, np.floor(grown * population(before))), LEAST_ROWS - 1)
