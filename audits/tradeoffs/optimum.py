"""Per-group thresholds that equalise a rate between groups at the least loss: what fairlearn's `ThresholdOptimizer` finds.

Each group may draw lots between two thresholds of its own, so it can take any point on the hull of its ROC curve. Rates are compared on
a grid of `GRID` steps from 0 to 1, as there. All rates are about the favorable value.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from audits.estimate import Floats, Integers
from audits.tradeoffs.confusion import Confusion
from audits.tradeoffs.hull import Hull

Constraint = Literal["demographic_parity", "true_positive_rate_parity", "equalized_odds"]
Objective = Literal["accuracy", "balanced_accuracy"]
OBJECTIVES: tuple[Objective, ...] = ("accuracy", "balanced_accuracy")
RATE: dict[Constraint, str] = {
    "demographic_parity": "selection_rate", "true_positive_rate_parity": "true_positive_rate", "equalized_odds": "false_positive_rate"
}  # fmt: skip
"""The rate that is read off the hulls at even steps."""

GRID = 1000
CLOSE = 1e-12
"""Objectives this close are ties: the first, or the one with the smaller gap, is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The best per-group rules under one constraint, for several tolerances.

    Parameters
    ----------
    objective
        The objective reached, by [tolerance]: each group's weighted by its rows (equalized odds: that of all rows together).
    confusion
        Expected rows by [group, tolerance], about the favorable value.
    at
        The point taken on each group's grid, by [group, tolerance]: places from 0 to `GRID`.
    """

    objective: Floats
    confusion: Confusion
    at: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The hulls of all groups, read off at even steps of one rate.

    Parameters
    ----------
    constraint
        Which rate: `RATE[constraint]`.
    hulls
        By group.
    true_positive_rate, false_positive_rate
        By [group, step].
    corners
        For each group the distinct values of the rate and the corners of the hull that they belong to.
    """

    constraint: Constraint
    hulls: Sequence[Hull]
    true_positive_rate: Floats
    false_positive_rate: Floats
    corners: Sequence[tuple[list[float], list[int]]]


def read(hulls: Sequence[Hull], constraint: Constraint) -> Read:
    """Interpolate every hull at even steps of the constrained rate."""
    steps = np.linspace(0, 1, GRID + 1)
    rates: tuple[list[Floats], list[Floats]] = [], []
    corners = []
    for one in hulls:
        x, kept = one.distinct(RATE[constraint])
        for rows, name in zip(rates, ("true_positive_rate", "false_positive_rate"), strict=True):
            rows.append(np.interp(steps, x, one.rate(name)[kept]))
        corners.append((x.tolist(), kept.tolist()))
    return Read(
        constraint=constraint, hulls=hulls, true_positive_rate=np.asarray(rates[0]), false_positive_rate=np.asarray(rates[1]),
        corners=corners,
    )  # fmt: skip


def optimum(given: Read, objective: Objective, tolerances: Floats) -> Optimum:
    """The rules with the highest objective whose constrained rates differ by at most each tolerance.

    Equalized odds has tolerance 0 only: at each false positive rate all groups can share, they share the lowest true positive rate on
    their hulls.
    """
    n = np.asarray([[one.hits[-1], one.alarms[-1]] for one in given.hulls])
    tpr, fpr = given.true_positive_rate, given.false_positive_rate
    if given.constraint == "equalized_odds":
        return _equalized(tpr.min(axis=0), n, objective)
    total = n.sum(axis=1, keepdims=True)
    part = n / total if objective == "accuracy" else np.full(n.shape, 0.5)
    value = total / total.sum() * (part[:, :1] * tpr + part[:, 1:] * (1 - fpr))
    peak, group = np.argmax(value, axis=1), np.arange(len(n))[:, None]
    best = np.zeros((len(n), len(tolerances)), dtype=np.int64)
    reached = np.zeros(len(tolerances))
    for t, wide in enumerate(np.minimum(np.floor(tolerances * GRID + 1e-9).astype(np.int64), GRID).tolist()):
        # Each curve is concave: within a stretch the step nearest to its peak is best, and stretches beyond all peaks are worse.
        first = int(np.clip(peak.min() - wide, 0, GRID - wide))
        start = np.arange(first, max(min(int(peak.max()), GRID - wide), first) + 1)
        at = np.clip(peak[:, None], start, start + wide)
        found = value[group, at].sum(axis=0)
        tied = np.flatnonzero(found >= found.max() - CLOSE)
        chosen = tied[int(np.argmin(np.ptp(at[:, tied], axis=0)))]
        best[:, t], reached[t] = at[:, chosen], found[chosen]
    return Optimum(objective=reached, confusion=expected(tpr[group, best], fpr[group, best], n), at=best)


def _equalized(shared: Floats, n: Floats, objective: Objective) -> Optimum:
    steps = np.linspace(0, 1, GRID + 1)
    positives, negatives = n.sum(axis=0).tolist()
    if objective == "accuracy":
        value = (positives * shared + negatives * (1 - steps)) / (positives + negatives)
    else:
        value = (shared + 1 - steps) / 2
    place = int(np.flatnonzero(value >= value.max() - CLOSE)[0])
    tpr, fpr = np.full((len(n), 1), shared[place]), np.full((len(n), 1), steps[place])
    return Optimum(objective=value[[place]], confusion=expected(tpr, fpr, n), at=np.full((len(n), 1), place, dtype=np.int64))


def expected(tpr: Floats, fpr: Floats, n: Floats) -> Confusion:
    """Expected rows by [group, way] from rates and from rows with favorable and unfavorable outcomes by [group, 2]."""
    positives, negatives = n[:, :1], n[:, 1:]
    return Confusion(
        true_positives=tpr * positives, false_positives=fpr * negatives, false_negatives=(1 - tpr) * positives,
        true_negatives=(1 - fpr) * negatives,
    )  # fmt: skip


def mix(given: Read, group: int, step: int, shared: float | None = None) -> list[tuple[int, float]]:
    """How a group reaches a step of the grid: thresholds (places) and how often each is used.

    For equalized odds, `shared` is the true positive rate to come down to, by drawing "everybody" and "nobody" now and then.
    """
    one, x = given.hulls[group], step / GRID
    values, kept = given.corners[group]
    right = min(max(bisect_left(values, x), 1), len(values) - 1)
    weight = (values[right] - x) / (values[right] - values[right - 1])
    parts = [(int(one.place[kept[right - 1]]), weight), (int(one.place[kept[right]]), 1 - weight)]
    if shared is not None:
        own = float(given.true_positive_rate[group, step])
        ignored = (own - shared) / (own - x) if own > x else 0.0
        ends = [(int(one.place[-1]), ignored * x), (int(one.place[0]), ignored * (1 - x))]
        parts = [(place, (1 - ignored) * share) for place, share in parts] + ends
    merged: dict[int, float] = {}
    for place, share in parts:
        merged[place] = merged.get(place, 0.0) + share
    return [(place, share) for place, share in sorted(merged.items()) if share > CLOSE]
