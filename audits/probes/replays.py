"""The same inputs more often than the reference explains."""

from __future__ import annotations

import math

import numpy as np

from audits.estimate import Floats

FEWEST = 4
"""So often may any inputs come: people press a button twice, and programs try again."""
CHANCE = 1e-6
MOST_CLUSTERS = 20_000
"""Inputs that are looked at: those that came most often."""


def upper(mean: Floats, chance: float = CHANCE) -> Floats:
    """How often inputs with this mean come at most, but for this chance (Poisson).

    >>> upper(np.asarray([0.0, 1.0, 100.0]))
    array([  0.,   9., 151.])
    """
    from scipy.stats import poisson

    return np.where(mean > 0, poisson.isf(chance, np.maximum(mean, 1e-300)), 0.0)


def recurring(earlier: Floats, later: Floats, inputs: Floats) -> float:
    """The share of the reference's later rows whose inputs had come in its earlier part: how far inputs recur by themselves.

    >>> recurring(np.asarray([0.0, 2.0]), np.asarray([1.0, 1.0]), np.asarray([3.0, 1.0]))
    0.25
    """
    rows = float((later * inputs).sum())
    return float((later * inputs)[earlier > 0].sum()) / rows if rows else 0.0


def slack(earlier: Floats, later: Floats, inputs: Floats, again: float) -> float:
    """How many times more often than `allowed` says did inputs come in the reference's later part, at most; at least 1."""
    before, after = float((earlier * inputs).sum()), float((later * inputs).sum())
    if not before or not after:
        return 1.0
    expected = np.maximum(upper(after * (earlier + again) / before), FEWEST)
    return max(1.0, float((later / expected).max()))


def allowed(seen: Floats, *, rows: float, reference: float, again: float, slack: float) -> Floats:
    """How often inputs may come among so many rows that the reference's rows held so often.

    >>> allowed(np.asarray([0.0, 10.0]), rows=1000, reference=1000, again=0.0, slack=1.0)
    array([ 4., 28.])
    """
    mean = rows * (seen + again) / max(reference, 1.0)
    return np.asarray([math.floor(slack * each) for each in np.maximum(upper(mean), FEWEST).tolist()], dtype=np.float64)
