"""Per-group thresholds that equalise a rate between groups at the least loss: what fairlearn's `ThresholdOptimizer` finds.

Each group may draw lots between two thresholds of its own, so it can take any point on the hull of its ROC curve. Rates are compared on
a grid of `GRID` steps from 0 to 1, as there. All rates are about the favorable value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from audits.estimate import Floats, Integers
from audits.tradeoffs.confusion import Confusion
from audits.tradeoffs.hull import Hull

Constraint = Literal["demographic_parity", "true_positive_rate_parity", "equalized_odds"]
Objective = Literal["accuracy", "balanced_accuracy"]
CONSTRAINTS: tuple[Constraint, ...] = ("demographic_parity", "true_positive_rate_parity", "equalized_odds")
OBJECTIVES: tuple[Objective, ...] = ("accuracy", "balanced_accuracy")
CONSTRAINED = {"demographic_parity": "selection_rate", "true_positive_rate_parity": "true_positive_rate"}
GRID = 1000
CLOSE = 1e-12
"""Objectives this close are ties: the first, or the one with the smaller gap, is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The best per-group rules under one constraint, for several tolerances.

    Parameters
    ----------
    tolerance
        The largest gap allowed in the constrained rate, length T.
    objective
        The objective reached, length T: each group's weighted by its rows (equalized odds: that of all rows together).
    confusion
        Expected rows by [group, tolerance], about the favorable value.
    at
        The point taken on each group's grid, by [group, tolerance]: places from 0 to `GRID`.
    """

    tolerance: Floats
    objective: Floats
    confusion: Confusion
    at: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Hulls of all groups read off at even steps of one rate; arrays by [group, step]."""

    objective: Floats
    true_positive_rate: Floats
    false_positive_rate: Floats


def curves(hulls: Sequence[Hull], rate: str, objective: Objective) -> Curves:
    """Interpolate every hull at even steps of a rate; where several of its corners share a rate, the best of them counts."""
    steps = np.linspace(0, 1, GRID + 1)
    found: dict[str, list[Floats]] = {"objective": [], "true_positive_rate": [], "false_positive_rate": []}
    for one in hulls:
        x, kept = distinct(getattr(one, rate), getattr(one, objective))
        for name, values in zip(found, (objective, "true_positive_rate", "false_positive_rate"), strict=True):
            found[name].append(np.interp(steps, x, getattr(one, values)[kept]))
    return Curves(**{name: np.asarray(rows) for name, rows in found.items()})


def distinct(rate: Floats, objective: Floats) -> tuple[Floats, Integers]:
    """Distinct values of an ascending rate, and of the corners that share one the place of the best."""
    x, start = np.unique(rate, return_index=True)
    end = np.append(start[1:], len(rate)) - 1
    return x, np.where(objective[end] > objective[start], end, start)


def optimum(
    hulls: Sequence[Hull], constraint: Constraint, objective: Objective, tolerances: Floats, found: Curves | None = None
) -> Optimum:
    """The rules with the highest objective whose constrained rates differ by at most each tolerance.

    Equalized odds has tolerance 0 only: at each false positive rate all groups can share, they share the lowest true positive rate on
    their hulls.
    """
    n = np.asarray([[one.hits[-1], one.alarms[-1]] for one in hulls])
    rate = CONSTRAINED.get(constraint, "false_positive_rate")
    read = found or curves(hulls, rate, objective)
    if constraint == "equalized_odds":
        return _equalized(read, n, objective)
    weight = n.sum(axis=1) / n.sum()
    value = weight[:, None] * read.objective
    peak = np.argmax(value, axis=1)
    width = np.minimum(np.floor(tolerances * GRID + 1e-9).astype(np.int64), GRID)
    best = np.zeros((len(hulls), len(tolerances)), dtype=np.int64)
    reached = np.zeros(len(tolerances))
    for t, wide in enumerate(width.tolist()):
        start = np.arange(GRID + 1 - wide)
        at = np.clip(peak[:, None], start, start + wide)  # each curve is concave: nearest to its peak is best
        total = np.take_along_axis(value, at, axis=1).sum(axis=0)
        tied = np.flatnonzero(total >= total.max() - CLOSE)
        spread = at[:, tied].max(axis=0) - at[:, tied].min(axis=0)
        chosen = tied[int(np.argmin(spread))]
        best[:, t], reached[t] = at[:, chosen], total[chosen]
    tpr, fpr = (np.take_along_axis(values, best, axis=1) for values in (read.true_positive_rate, read.false_positive_rate))
    return Optimum(tolerance=tolerances, objective=reached, confusion=expected(tpr, fpr, n), at=best)


def _equalized(read: Curves, n: Floats, objective: Objective) -> Optimum:
    steps, shared = np.linspace(0, 1, GRID + 1), read.true_positive_rate.min(axis=0)
    positives, negatives = n.sum(axis=0).tolist()
    if objective == "accuracy":
        value = (positives * shared + negatives * (1 - steps)) / (positives + negatives)
    else:
        value = (shared + 1 - steps) / 2
    place = int(np.flatnonzero(value >= value.max() - CLOSE)[0])
    tpr, fpr = np.full((len(n), 1), shared[place]), np.full((len(n), 1), steps[place])
    return Optimum(
        tolerance=np.zeros(1), objective=value[[place]], confusion=expected(tpr, fpr, n), at=np.full((len(n), 1), place, dtype=np.int64)
    )


def expected(tpr: Floats, fpr: Floats, n: Floats) -> Confusion:
    """Expected rows by [group, way] from rates and from rows with favorable and unfavorable outcomes by [group, 2]."""
    positives, negatives = n[:, :1], n[:, 1:]
    return Confusion(
        true_positives=tpr * positives, false_positives=fpr * negatives, false_negatives=(1 - tpr) * positives,
        true_negatives=(1 - fpr) * negatives,
    )  # fmt: skip


def mix(one: Hull, x: float, constraint: Constraint, objective: Objective, shared: float | None = None) -> list[tuple[int, float]]:
    """How a group reaches a point of the grid: thresholds (places) and how often each is used.

    For equalized odds, `shared` is the true positive rate to come down to, by drawing "everybody" and "nobody" now and then.
    """
    rate = getattr(one, CONSTRAINED.get(constraint, "false_positive_rate"))
    values, kept = distinct(rate, getattr(one, objective if constraint != "equalized_odds" else "true_positive_rate"))
    right = int(np.clip(np.searchsorted(values, x), 1, len(values) - 1))
    weight = float((values[right] - x) / (values[right] - values[right - 1]))
    parts = [(int(one.place[kept[right - 1]]), weight), (int(one.place[kept[right]]), 1 - weight)]
    if shared is not None:
        own = float(np.interp(x, values, one.true_positive_rate[kept]))
        ignored = (own - shared) / (own - x) if own > x else 0.0
        ends = [(int(one.place[-1]), ignored * x), (int(one.place[0]), ignored * (1 - x))]
        parts = [(place, (1 - ignored) * share) for place, share in parts] + ends
    merged: dict[int, float] = {}
    for place, share in parts:
        merged[place] = merged.get(place, 0.0) + share
    return [(place, share) for place, share in sorted(merged.items()) if share > CLOSE]
