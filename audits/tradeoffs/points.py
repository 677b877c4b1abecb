"""Accuracy, cost and every disparity of a way to decide, from its right and wrong predictions in each group."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.interval import newcombe, share
from audits.tradeoffs.confusion import Confusion, Interval, listed, proportion
from audits.tradeoffs.impact import Impact, impact

OVERALL = ("accuracy", "balanced_accuracy", "cost")


def favorable(found: Confusion, same: bool) -> Confusion:
    """The confusion about the favorable value instead of the positive one."""
    return found if same else found.turned()


def columns(found: Confusion, *, same: bool, allowed: NDArray[np.bool_], costs: Floats | None) -> dict[str, Interval | None]:
    """Figures of several ways to decide, from labelled rows by [group, way]; decisions may be random, rows then being expected ones.

    Selection rate, accuracy and balanced accuracy are over all groups; cost likewise. The demographic parity difference is the highest
    selection rate minus the lowest, the equal opportunity difference the same among favorable outcomes, and the equalized odds
    difference the larger of that and the same among unfavorable outcomes. Wilson, Newcombe and Katz intervals: the ways are given.
    """
    total, benefit = found.total(), favorable(found, same)
    rates = total.rates(costs)
    chosen = benefit.true_positives + benefit.false_positives
    opportunity = widest(benefit.true_positives, benefit.positives)
    alarms = widest(benefit.false_positives, benefit.negatives)
    larger = (np.maximum(opportunity[0], alarms[0]), np.maximum(opportunity[1], alarms[1]), np.maximum(opportunity[2], alarms[2]))
    return {
        "selection_rate": proportion(chosen.sum(axis=0), found.n.sum(axis=0)),
        **{name: rates[name] for name in OVERALL},
        "demographic_parity_difference": widest(chosen, found.n),
        "impact_ratio": impacts(found, same=same, allowed=allowed).smallest,
        "equal_opportunity_difference": opportunity,
        "equalized_odds_difference": larger,
    }


def impacts(found: Confusion, *, same: bool, allowed: NDArray[np.bool_]) -> Impact:
    """Impact ratios over labelled rows by [group, way]."""
    benefit = favorable(found, same)
    return impact(benefit.true_positives + benefit.false_positives, found.n, allowed)


def widest(hits: Floats, n: Floats) -> Interval:
    """The highest proportion of a group minus the lowest, by [group, way], with the Newcombe interval of these two, cut at 0.

    NaN where fewer than two groups have rows.
    """
    rate = share(hits, n)
    present = n > 0
    ends = [np.argmax(np.where(present, rate, -np.inf), axis=0)[None], np.argmin(np.where(present, rate, np.inf), axis=0)[None]]
    pairs = [np.take_along_axis(values, end, axis=0)[0] for end in ends for values in (hits, n)]
    low, high = newcombe(*pairs)
    enough = present.sum(axis=0) >= 2
    value = share(pairs[0], pairs[1]) - share(pairs[2], pairs[3])
    return np.where(enough, value, np.nan), np.where(enough, np.maximum(low, 0.0), np.nan), np.where(enough, high, np.nan)


def point(
    found: Confusion, slices: list[dict[str, str]], *, same: bool, allowed: NDArray[np.bool_], costs: Floats | None
) -> dict[str, Any]:
    """Everything about one way to decide, for tables; its right and wrong predictions by [group]."""
    way = found.at((slice(None), np.newaxis))
    benefit = favorable(found, same)
    chosen = proportion(benefit.true_positives + benefit.false_positives, found.n)
    rates = {
        "true_positive_rate": proportion(benefit.true_positives, benefit.positives),
        "false_positive_rate": proportion(benefit.false_positives, benefit.negatives),
    }
    return {
        **{name: listed(value, 0) for name, value in columns(way, same=same, allowed=allowed, costs=costs).items()},
        "groups": [
            {"slice": levels, "selection_rate": listed(chosen, i), **{name: listed(rate, i) for name, rate in rates.items()}}
            for i, levels in enumerate(slices)
        ],
    }
