"""Thresholds that differ by group: tables for analysis, never a recommendation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.tradeoffs.confusion import Confusion, Interval, listed, plain
from audits.tradeoffs.group_histograms import GroupHistograms
from audits.tradeoffs.hull import Hull, hull
from audits.tradeoffs.optimum import OBJECTIVES, RATE, Objective, Optimum, Read, mix, optimum, read
from audits.tradeoffs.points import Ways, favorable, widest_of_all

TOLERANCES = np.asarray([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5])
NOTE = "possible disparate treatment: to decide by another threshold for another group may be unlawful; analysis only"
KEPT = ("accuracy", "balanced_accuracy", "cost", "demographic_parity_difference", "impact_ratio")
Rules = tuple[Read, Objective, Optimum]


def rules(of: GroupHistograms) -> list[Rules]:
    """The best per-group rules under each constraint and objective; every group must have both outcomes."""
    good, bad = (of.positives, of.negatives) if of.same else (of.negatives, of.positives)
    hulls = [hull(hits, alarms, same=of.same) for hits, alarms in zip(good, bad, strict=True)]
    found: list[Rules] = []
    for constraint in RATE:
        given = read(hulls, constraint)
        tolerances = np.zeros(1) if constraint == "equalized_odds" else TOLERANCES
        found += [(given, objective, optimum(given, objective, tolerances)) for objective in OBJECTIVES]
    return found


def confusions(found: Sequence[Rules], same: bool) -> list[Confusion]:
    """Their expected confusions about the positive value, by [group, tolerance]."""
    return [favorable(best.confusion, same) for _, _, best in found]


def per_group(of: GroupHistograms, found: Sequence[Rules], ways: Ways, start: int) -> dict[str, Any]:
    """The rules for tables; their figures are among `ways`, from place `start` on."""
    values = [None, *of.edges.tolist(), None]
    curves = []
    for given, objective, best in found:
        size = len(best.objective)
        figures = ways.columns(slice(start, start + size), KEPT)
        start += size
        curves.append(
            {
                "constraint": given.constraint, "objective": objective, "tolerance": TOLERANCES[:size].tolist(),
                "objective_value": plain(best.objective), "gap": listed(_gap(given, best)), **figures,
                "exact": {"objective_value": plain(best.objective[0]), "groups": _rules(given, best, values, ways.names, of.same)},
            }
        )  # fmt: skip
    return {"note": NOTE, "recommended": False, "curves": curves}


def _gap(given: Read, best: Optimum) -> Interval:
    """The largest difference between groups in the constrained rate; for equalized odds in the worse of the two."""
    c = best.confusion
    n = np.broadcast_to(c.n, c.true_positives.shape)
    if given.constraint == "demographic_parity":
        return widest_of_all(c.true_positives + c.false_positives, n)
    first = widest_of_all(c.true_positives, c.positives)
    if given.constraint == "true_positive_rate_parity":
        return first
    second = widest_of_all(c.false_positives, c.negatives)
    return np.maximum(first[0], second[0]), np.maximum(first[1], second[1]), np.maximum(first[2], second[2])


def _rules(given: Read, best: Optimum, values: Sequence[Any], names: Sequence[dict[str, str]], same: bool) -> list[dict[str, Any]]:
    """How each group would be decided at tolerance 0: lots between thresholds, with their chances."""
    c = best.confusion.at((slice(None), 0))
    rates = {
        "selection_rate": plain((c.true_positives + c.false_positives) / c.n), "true_positive_rate": plain(c.true_positives / c.positives),
        "false_positive_rate": plain(c.false_positives / c.negatives),
    }  # fmt: skip
    shared = float(c.true_positives[0] / c.positives[0]) if given.constraint == "equalized_odds" else None
    found = []
    for group, levels in enumerate(names):
        parts = mix(given, group, int(best.at[group, 0]), shared)
        lots = [{**_rule(place, given.hulls[group], values, same), "weight": round(weight, 8)} for place, weight in parts]
        found.append({"slice": levels, **{name: rate[group] for name, rate in rates.items()}, "mix": lots})
    return found


def _rule(place: int, one: Hull, values: Sequence[Any], same: bool) -> dict[str, Any]:
    """A threshold in words and numbers."""
    if place == one.place[0]:
        return {"threshold": None, "select": "nobody"}
    if place == one.place[-1]:
        return {"threshold": None, "select": "everybody"}
    return {"threshold": values[place], "select": "above" if same else "below"}
