"""Thresholds that differ by group: tables for analysis, never a recommendation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.tradeoffs.confusion import listed, plain, tabled
from audits.tradeoffs.histograms import Histograms
from audits.tradeoffs.hull import Hull, hull
from audits.tradeoffs.optimum import CONSTRAINED, CONSTRAINTS, GRID, OBJECTIVES, Constraint, Objective, Optimum, mix, optimum
from audits.tradeoffs.points import columns, favorable, widest

TOLERANCES = np.asarray([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5])
NOTE = "possible disparate treatment: to decide by another threshold for another group may be unlawful; analysis only"
KEPT = ("accuracy", "balanced_accuracy", "cost", "demographic_parity_difference", "impact_ratio")


def per_group(of: Histograms, names: Sequence[dict[str, str]], costs: Floats | None) -> dict[str, Any]:
    """The best per-group rules under each constraint and objective, for tables; every group must have both outcomes."""
    good, bad = (of.positives, of.negatives) if of.same else (of.negatives, of.positives)
    hulls = [hull(hits, alarms, same=of.same) for hits, alarms in zip(good, bad, strict=True)]
    values = np.concatenate([[-np.inf], of.edges, [np.inf]])
    found = [_curve(of, hulls, values, names, costs, constraint, objective) for constraint in CONSTRAINTS for objective in OBJECTIVES]
    return {"note": NOTE, "recommended": False, "curves": found}


def _curve(
    of: Histograms, hulls: Sequence[Hull], values: Floats, names: Sequence[dict[str, str]], costs: Floats | None,
    constraint: Constraint, objective: Objective,
) -> dict[str, Any]:  # fmt: skip
    """One constraint and objective: the curve over tolerances, and the rules at tolerance 0."""
    tolerances = np.zeros(1) if constraint == "equalized_odds" else TOLERANCES
    best = optimum(hulls, constraint, objective, tolerances)
    benefit = best.confusion
    figures = columns(favorable(benefit, of.same), same=of.same, allowed=of.allowed, costs=costs)
    gap = widest(benefit.true_positives + benefit.false_positives, benefit.n)
    if constraint != "demographic_parity":
        gap = widest(benefit.true_positives, benefit.positives)
    return {
        "constraint": constraint, "objective": objective, "tolerance": tolerances.tolist(), "objective_value": plain(best.objective),
        **tabled({name: figures[name] for name in KEPT}), "gap": listed(gap),
        "exact": {
            "objective_value": plain(best.objective[0]),
            "groups": _rules(best, hulls, values, names, constraint, objective, of.same),
        },
    }  # fmt: skip


def _rules(
    best: Optimum, hulls: Sequence[Hull], values: Floats, names: Sequence[dict[str, str]], constraint: Constraint, objective: Objective,
    same: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    """How each group would be decided at tolerance 0: lots between thresholds, with their chances."""
    c = best.confusion
    rates = {
        "selection_rate": (c.true_positives + c.false_positives) / c.n,
        "true_positive_rate": c.true_positives / c.positives,
        "false_positive_rate": c.false_positives / c.negatives,
    }
    found = []
    for i, (one, levels) in enumerate(zip(hulls, names, strict=True)):
        shared = float(rates["true_positive_rate"][i, 0]) if constraint not in CONSTRAINED else None
        parts = mix(one, float(best.at[i, 0]) / GRID, constraint, objective, shared)
        found.append(
            {
                "slice": levels,
                **{name: plain(rate[i, 0]) for name, rate in rates.items()},
                "mix": [{**_rule(place, one, values, same), "weight": plain(weight)} for place, weight in parts],
            }
        )
    return found


def _rule(place: int, one: Hull, values: Floats, same: bool) -> dict[str, Any]:
    """A threshold in words and numbers."""
    if place == one.place[0]:
        return {"threshold": None, "select": "nobody"}
    if place == one.place[-1]:
        return {"threshold": None, "select": "everybody"}
    return {"threshold": plain(values[place]), "select": "above" if same else "below"}
