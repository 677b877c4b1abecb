"""Every threshold on the score grid, and the few of them that a reader is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audits.estimate import Floats, Integers
from audits.interval import share
from audits.tradeoffs.confusion import Confusion
from audits.tradeoffs.group_histograms import GroupHistograms

STEPS = 64
"""Thresholds shown lie at even steps of the share of people at or above them."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """All thresholds of one set of histograms: minus infinity, each edge of the grid, infinity.

    "Positive" is what has a score at or above the threshold. Arrays are by [group, threshold], or by [threshold] for all groups together.
    """

    of: GroupHistograms

    @cached_property
    def values(self) -> Floats:
        """The thresholds, ascending."""
        return np.concatenate([[-np.inf], self.of.edges, [np.inf]])

    @cached_property
    def scored(self) -> Floats:
        """Scored rows by [group]."""
        return np.asarray((self.of.positives + self.of.negatives + self.of.unlabelled).sum(axis=-1))

    @cached_property
    def selected(self) -> Floats:
        """Scored rows that would be decided favorably, by [group, threshold]."""
        over = above(self.of.positives + self.of.negatives + self.of.unlabelled)
        return over if self.of.same else self.scored[:, None] - over

    @cached_property
    def confusion(self) -> Confusion:
        """Labelled rows by [group, threshold]."""
        hits, alarms = above(self.of.positives), above(self.of.negatives)
        return Confusion(
            true_positives=hits, false_positives=alarms, false_negatives=hits[:, :1] - hits, true_negatives=alarms[:, :1] - alarms
        )

    @cached_property
    def together(self) -> Confusion:
        """Labelled rows of all groups by [threshold]."""
        return self.confusion.total()

    @cached_property
    def canonical(self) -> Integers:
        """For each threshold the one shown for all that decide alike: the highest of them, and for "nobody" the lowest."""
        over = self.selected.sum(axis=0)
        code = np.concatenate([[0], np.cumsum(over[1:] != over[:-1])])
        last = np.searchsorted(code, code, side="right") - 1
        return np.asarray(np.where(code == code[-1], np.searchsorted(code, code[-1]), last), dtype=np.int64)

    def best(self, objective: Floats) -> int | None:
        """The place of the highest objective, the shown one of those that decide alike; None where it is nowhere known."""
        if not np.isfinite(objective).any():
            return None
        return int(self.canonical[int(np.nanargmax(objective))])

    def shown(self, *more: int | None) -> Integers:
        """Places at even steps of the share at or above, and those asked for beside; thresholds without an end only if asked for."""
        chosen = share(self.selected.sum(axis=0), self.scored.sum())
        rising = -chosen if self.of.same else chosen
        wanted = np.linspace(rising[0], rising[-1], STEPS + 1)
        right = np.clip(np.searchsorted(rising, wanted), 1, len(rising) - 1)
        nearest = np.where(wanted - rising[right - 1] <= rising[right] - wanted, right - 1, right)
        places = np.unique(self.canonical[nearest])
        places = places[np.isfinite(self.values[places])]
        asked = np.asarray([place for place in more if place is not None], dtype=np.int64)
        return np.asarray(np.unique(np.concatenate([places, asked])), dtype=np.int64)


def above(counts: Floats) -> Floats:
    """For each threshold, the rows at or above it: all first, each edge between bins, none last.

    >>> above(np.array([4.0, 3.0, 2.0, 1.0]))
    array([10., 6., 3., 1., 0.])
    """
    over = np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([over, np.zeros((*counts.shape[:-1], 1))], axis=-1)
