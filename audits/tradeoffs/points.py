"""Accuracy, cost and every disparity of many ways to decide, from their right and wrong predictions in each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.interval import newcombe, share
from audits.tradeoffs.confusion import Confusion, Interval, listed, proportion
from audits.tradeoffs.impact import Impact, impact

OVERALL = ("accuracy", "balanced_accuracy", "cost")
Listed = dict[str, Any]


def favorable(found: Confusion, same: bool) -> Confusion:
    """The confusion about the favorable value instead of the positive one."""
    return found if same else found.turned()


def joined(parts: Sequence[Confusion]) -> Confusion:
    """Several ways after each other; parts by [group, way]."""
    return Confusion(**{name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in Confusion.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Several ways to decide about labelled rows; decisions may be random, rows then being expected ones.

    Parameters
    ----------
    confusion
        By [group, way], about the positive value.
    same, allowed
        As in `GroupHistograms`.
    costs
        As in `costs_of`.
    names
        The levels of each group.
    """

    confusion: Confusion
    same: bool
    allowed: NDArray[np.bool_]
    costs: Floats | None
    names: Sequence[dict[str, str]]

    @cached_property
    def benefit(self) -> Confusion:
        """The same about the favorable value."""
        return favorable(self.confusion, self.same)

    @cached_property
    def chosen(self) -> Floats:
        """Rows decided favorably, by [group, way]."""
        return self.benefit.true_positives + self.benefit.false_positives

    @cached_property
    def impacts(self) -> Impact:
        """Impact ratios by [group, way]."""
        return impact(self.chosen, self.confusion.n, self.allowed, each=False)

    @cached_property
    def figures(self) -> dict[str, Interval | None]:
        """By [way], each with its interval: Wilson, Newcombe and Katz; the ways are taken as given.

        Selection rate, accuracy, balanced accuracy and cost are over all groups. The demographic parity difference is the highest
        selection rate minus the lowest, the equal opportunity difference the same among favorable outcomes, and the equalized odds
        difference the larger of that and the same among unfavorable outcomes.
        """
        rates = self.confusion.total().rates(self.costs, names=OVERALL)
        n = np.broadcast_to(self.confusion.n, self.chosen.shape)
        opportunity = widest(self.benefit.true_positives, self.benefit.positives)
        alarms = widest(self.benefit.false_positives, self.benefit.negatives)
        larger = (np.maximum(opportunity[0], alarms[0]), np.maximum(opportunity[1], alarms[1]), np.maximum(opportunity[2], alarms[2]))
        return {
            "selection_rate": proportion(self.chosen.sum(axis=0), n.sum(axis=0)), **rates,
            "demographic_parity_difference": widest(self.chosen, n), "impact_ratio": self.impacts.smallest,
            "equal_opportunity_difference": opportunity, "equalized_odds_difference": larger,
        }  # fmt: skip

    @cached_property
    def _lists(self) -> dict[str, Listed | None]:
        return {name: listed(found) for name, found in self.figures.items()}

    def columns(self, ways: slice, names: Sequence[str] = ()) -> dict[str, Any]:
        """The figures of consecutive ways, for tables."""
        return {
            name: None if found is None else {end: values[ways] for end, values in found.items()}
            for name, found in self._lists.items()
            if not names or name in names
        }

    def points(self, ways: Sequence[int] | Integers) -> list[dict[str, Any]]:
        """Everything about some ways, for tables, the rates of each group included: those about the favorable value."""
        benefit, chosen = self.benefit.at((slice(None), list(ways))), self.chosen[:, list(ways)]
        rates = {
            "selection_rate": listed(proportion(chosen, benefit.n)),
            "true_positive_rate": listed(proportion(benefit.true_positives, benefit.positives)),
            "false_positive_rate": listed(proportion(benefit.false_positives, benefit.negatives)),
        }
        return [
            {
                **{name: at(found, way) for name, found in self._lists.items()},
                "groups": [
                    {"slice": levels, **{name: at(rate, group, place) for name, rate in rates.items()}}
                    for group, levels in enumerate(self.names)
                ],
            }
            for place, way in enumerate(ways)
        ]


def at(found: Listed | None, *places: int) -> Listed | None:
    """One value, low and high out of lists of them."""
    if found is None:
        return None
    picked = dict(found)
    for place in places:
        picked = {end: values[place] for end, values in picked.items()}
    return picked


def widest(hits: Floats, n: Floats) -> Interval:
    """The highest proportion of a group minus the lowest, by [group, way], with the Newcombe interval of these two, cut at 0.

    NaN where fewer than two groups have rows.
    """
    rate, present = share(hits, n), n > 0
    way = np.arange(hits.shape[1])
    ends = [np.argmax(np.where(present, rate, -np.inf), axis=0), np.argmin(np.where(present, rate, np.inf), axis=0)]
    pairs = [values[end, way] for end in ends for values in (hits, n)]
    low, high = newcombe(*pairs)
    value = rate[ends[0], way] - rate[ends[1], way]
    enough = present.sum(axis=0) >= 2
    if enough.all():
        return value, np.maximum(low, 0.0), high
    return np.where(enough, value, np.nan), np.where(enough, np.maximum(low, 0.0), np.nan), np.where(enough, high, np.nan)


def widest_of_all(hits: Floats, n: Floats) -> Interval:
    """The same for rates that were made equal on these rows: which two groups lie furthest apart is then chance, so all pairs count.

    High is the largest end of the Newcombe intervals of all pairs, each at Bonferroni's level; low is 0 unless the pair furthest apart
    excludes it.
    """
    first, second = np.triu_indices(len(hits), 1)
    low, high = newcombe(hits[first], n[first], hits[second], n[second], level=1 - 0.05 / len(first))
    value = widest(hits, n)[0]
    return value, np.maximum(np.maximum(low, -high).max(axis=0), 0.0), np.maximum(high, -low).max(axis=0)
