"""The best that thresholds and lots drawn between them can do for one group: the upper hull of its ROC curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats, Integers

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hull:
    """Corners of the upper hull of one group's ROC curve, from "nobody is selected" to "everybody is".

    Parameters
    ----------
    place
        Thresholds, as places in `Thresholds.values`.
    hits, alarms
        Selected rows with the favorable and with the unfavorable outcome.
    """

    place: Integers
    hits: Floats
    alarms: Floats

    def rate(self, name: str) -> Floats:
        """A rate at each corner: of all rows, of the favorable or of the unfavorable outcomes, those selected."""
        if name == "true_positive_rate":
            return np.asarray(self.hits / self.hits[-1])
        if name == "false_positive_rate":
            return np.asarray(self.alarms / self.alarms[-1])
        return np.asarray((self.hits + self.alarms) / (self.hits[-1] + self.alarms[-1]))

    def distinct(self, name: str) -> tuple[Floats, Integers]:
        """The distinct values of a rate, ascending, and of the corners that share one the place of the best: most hits, fewest alarms."""
        values = self.rate(name)
        start = np.flatnonzero(np.append(True, values[1:] > values[:-1]))
        if name == "true_positive_rate":
            return values[start], start
        end = np.append(start[1:], len(values)) - 1
        return values[end], end


def hull(favorable: Floats, unfavorable: Floats, *, same: bool) -> Hull:
    """The hull from rows by bin, lowest scores first; both outcomes must occur.

    Bins whose outcomes do not rise with the score are pooled until they do (isotonic regression): the edges that are left are the corners
    of the hull. Every rate that is compared here, selection rate, accuracy, balanced accuracy and the two error rates, is linear in hits
    and alarms, so the same corners are best for all of them.

    Source: T. Fawcett and A. Niculescu-Mizil (2007), PAV and the ROC convex hull, Machine Learning 68.

    >>> found = hull(np.array([0.0, 2.0, 1.0, 3.0]), np.array([4.0, 1.0, 1.0, 0.0]), same=True)
    >>> found.place.tolist(), found.hits.tolist(), found.alarms.tolist()
    ([4, 3, 1, 0], [0.0, 3.0, 6.0, 6.0], [0.0, 0.0, 2.0, 6.0])
    """
    from scipy.optimize import isotonic_regression

    n = favorable + unfavorable
    kept = np.flatnonzero(n > 0)
    ordered = kept if same else kept[::-1]  # least favorable first
    blocks = np.asarray(isotonic_regression(favorable[ordered] / n[ordered], weights=n[ordered]).blocks, dtype=np.int64)[:-1]
    starts = ordered[blocks]
    # the block that begins at bin b is selected with all above it by threshold place b (or, the other way round, all up to b by b + 1)
    place = np.concatenate([starts if same else starts + 1, [len(n) if same else 0]])[::-1].astype(np.int64)
    sums = [np.add.reduceat(values[ordered], blocks) for values in (favorable, unfavorable)]
    hits, alarms = (np.concatenate([[0.0], np.cumsum(values[::-1])]) for values in sums)
    return Hull(place=place, hits=hits, alarms=alarms)
