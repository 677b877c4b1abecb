"""Two ways to decide about the same people: what changes, and how sure that is.

Both decide the same rows, so only rows on which they differ matter, and intervals are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.interval import share, z_of
from audits.tradeoffs.confusion import Confusion, Interval
from audits.tradeoffs.impact import Impact, impact
from audits.tradeoffs.points import favorable

NEGATIVE, POSITIVE = 0, 1


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Labelled rows by how the baseline and another way decide them; expected rows where a way draws lots.

    Parameters
    ----------
    counts
        By [group, way, outcome, baseline's decision, the way's decision]; on the last three axes 0 is negative, 1 positive.
    same, allowed
        As in `GroupHistograms`.
    """

    counts: Floats
    same: bool
    allowed: NDArray[np.bool_]

    @cached_property
    def baseline(self) -> Confusion:
        """The baseline's confusion by [group, way]: the same rows for every way."""
        return _confusion(self.counts.sum(axis=4))

    @cached_property
    def other(self) -> Confusion:
        """Each way's confusion by [group, way]."""
        return _confusion(self.counts.sum(axis=3))

    def loss(self) -> Interval:
        """The baseline's accuracy minus each way's, by [way].

        Rows that only the baseline decides right minus those only the other does, over all rows; Wald's interval after half a row has
        been added to each of the four cells (Agresti and Min), so that two ways that never differ are not certain to be equal.

        Source: A. Agresti and Y. Min (2005), Statistics in Medicine 24.
        """
        lost, won = self._moved()
        return contrast((lost - won).sum(axis=(0, 2)), (lost + won).sum(axis=(0, 2)), self.counts.sum(axis=(0, 2, 3, 4)))

    def balanced_loss(self) -> Interval:
        """The same for balanced accuracy: half the loss among positive outcomes plus half that among negative ones."""
        lost, won = (moved.sum(axis=0) for moved in self._moved())
        n = self.counts.sum(axis=(0, 3, 4))
        parts = [contrast(lost[:, o] - won[:, o], lost[:, o] + won[:, o], n[:, o]) for o in (NEGATIVE, POSITIVE)]
        value = (parts[0][0] + parts[1][0]) / 2
        half = np.sqrt((parts[0][2] - parts[0][0]) ** 2 + (parts[1][2] - parts[1][0]) ** 2) / 2
        return value, value - half, value + half

    def cost_increase(self, costs: Floats) -> Interval:
        """Each way's mean cost minus the baseline's, by [way]; `costs` as in `costs_of`."""
        step = np.asarray([costs[1] - costs[3], costs[0] - costs[2]])  # from negative to positive, by outcome
        up = self.counts[..., NEGATIVE, POSITIVE].sum(axis=0)
        down = self.counts[..., POSITIVE, NEGATIVE].sum(axis=0)
        squares = ((up + down) * step**2).sum(axis=1)
        return contrast(((up - down) * step).sum(axis=1), squares, self.counts.sum(axis=(0, 2, 3, 4)), added=float((step**2).sum() / 2))

    def _moved(self) -> tuple[Floats, Floats]:
        """Rows by [group, way, outcome] that the baseline decides right and the other way wrong, and the reverse."""
        to_positive, to_negative = self.counts[..., NEGATIVE, POSITIVE], self.counts[..., POSITIVE, NEGATIVE]
        lost = np.stack([to_positive[..., NEGATIVE], to_negative[..., POSITIVE]], axis=-1)
        won = np.stack([to_negative[..., NEGATIVE], to_positive[..., POSITIVE]], axis=-1)
        return lost, won

    @cached_property
    def impacts(self) -> tuple[Impact, Impact]:
        """Impact ratios of the baseline and of each way."""
        first, second = (impact(_selected(found, self.same), found.n, self.allowed, each=False) for found in (self.baseline, self.other))
        return first, second

    def gain(self) -> tuple[Interval, Floats]:
        """Each way's smallest impact ratio over the baseline's, by [way], with the p-value that they are equal.

        The logarithm is a sum of log selection rates of at most four groups, with the signs that these have in the two ratios; a group
        in both ratios has correlated rates. Normal interval on the log scale (delta method). NaN where either ratio has none, or is 0.
        """
        from scipy.special import ndtr

        before, after = self.impacts
        chosen = 1 if self.same else 0
        n = self.counts.sum(axis=(2, 3, 4))
        first, second = (_selected(found, self.same) for found in (self.baseline, self.other))
        both = share(self.counts[..., chosen, chosen].sum(axis=2), n)
        p0, p1 = share(first, n), share(second, n)
        a = _signs(after, len(n)) * (after.lowest >= 0)
        b = _signs(before, len(n)) * (before.lowest >= 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread: Floats = (1 - p1) / p1 * a**2 + (1 - p0) / p0 * b**2 - 2 * a * b * (both - p0 * p1) / (p0 * p1)
            variance = np.where((a != 0) | (b != 0), spread / n, 0.0).sum(axis=0)
            log = np.log(after.smallest[0]) - np.log(before.smallest[0])
            half = z_of() * np.sqrt(np.maximum(variance, 0.0))
            p = 2 * ndtr(-np.abs(log) / np.sqrt(variance))
        usable = np.isfinite(log) & np.isfinite(half)
        ends = (np.exp(log), np.exp(log - half), np.exp(log + half))
        value, low, high = (np.where(usable, end, np.nan) for end in ends)
        return (value, low, high), np.where(usable & (variance > 0), p, np.nan)


def contrast(total: Floats, squares: Floats, n: Floats, *, added: float = 1.0) -> Interval:
    """Mean of per-row differences from Σx, Σx² and n, with its interval after `added` squares and two rows have been added."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, total / n, np.nan)
        half = z_of() * np.sqrt(np.maximum(squares + added - total**2 / (n + 2), 0.0)) / (n + 2)
    return value, value - half, value + half


def _confusion(rows: Floats) -> Confusion:
    """From rows by [group, way, outcome, decision]."""
    return Confusion(
        true_positives=rows[..., POSITIVE, POSITIVE], false_positives=rows[..., NEGATIVE, POSITIVE],
        false_negatives=rows[..., POSITIVE, NEGATIVE], true_negatives=rows[..., NEGATIVE, NEGATIVE],
    )  # fmt: skip


def _selected(found: Confusion, same: bool) -> Floats:
    benefit = favorable(found, same)
    return benefit.true_positives + benefit.false_positives


def _signs(found: Impact, groups: int) -> Floats:
    """1 for the group of the smallest ratio, -1 for the one it is compared with, by [group, way]."""
    place = np.arange(groups)[:, None]
    return np.asarray((place == found.lowest).astype(np.float64) - (place == found.highest), dtype=np.float64)
