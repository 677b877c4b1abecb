"""L-infinity distance: the largest change of any category's share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.bins import CategoricalBins
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.readings import column_counts
from audits.drift.two_samples import UNSEEN, Column, Samples
from audits.drift.vanished_categories import EXPECTED, LISTED
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import fisher_p, mover, two_proportion_p, wilson_at

EXACT = 20.0
"""Expected rows of a category up to which its change is tested exactly."""


@audit(name="l_infinity", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def l_infinity(held: Comparison) -> Iterator[Measurement]:
    """Largest absolute change of any category's share between reference and window.

    Formula
        max |q - p| over the vocabulary, other and unseen values (either of the last two as one category). Categorical columns only.
    Interval and test
        Newcombe intervals of the changes of all k categories at once, each at 1 - 0.05 / k (Bonferroni): from the largest of their lower
        ends, of those that the test calls changed, to the largest of their upper ends, sign put aside. So it allows for the category having
        been picked. p of that category (Fisher's exact test up to 20 expected rows, the pooled z test beyond) times k.
        n is the window's rows with a value.
    Tables
        `category` and its signed `change`; `new`: rows of values that the reference does not have, `new_levels` their names (whole
        period only); `vanished`: categories of the reference of which at least 5 rows were to be expected and none came.
    When it misleads
        It looks at one category: many small changes escape it. The category is picked after looking, so in small windows the value is
        large by chance; the interval allows for that, and is wide where there are many categories.
    Source
        the Chebyshev distance of two distributions; also in Google's TensorFlow Data Validation as drift comparator.
    """
    for samples in held.categorical:
        change = samples.q - samples.p
        place = np.argmax(np.abs(change), axis=-1)[..., None]
        reference = np.broadcast_to(samples.reference, samples.windows.shape)
        value, now, before = (np.take_along_axis(each, place, axis=-1)[..., 0] for each in (np.abs(change), samples.windows, reference))
        p_value = np.minimum(changed_p(now, samples.m, before, np.broadcast_to(samples.n, now.shape)) * (samples.free + 1), 1.0)
        low, high = largest_change(samples)
        shown = _Shown(held.evidence, samples)
        yield per_column(
            held, "l_infinity", samples, value, low, high, method="newcombe, all categories at once", p_value=p_value, tables=shown.table
        )


def largest_change(samples: Samples) -> tuple[Floats, Floats]:
    """Interval of the largest absolute change of a share, by [column, window]: it holds all changes at once."""
    from scipy.special import ndtri

    z = ndtri(1 - 0.025 / (samples.free + 1))[..., None]
    n, m = np.maximum(samples.n, 1)[..., None], np.maximum(samples.m, 1)[..., None]
    ends = mover([samples.q, samples.p], [wilson_at(samples.windows, m, z), wilson_at(samples.reference, n, z)], [1.0, -1.0])
    used = (samples.windows > 0) | (samples.reference > 0)
    low = np.where(used, np.maximum(ends[0], -ends[1]), 0.0)
    cell = np.nonzero(low > 0)
    before, held = (np.broadcast_to(of, low.shape)[cell] for of in (samples.reference, samples.n[..., None]))
    p_value = changed_p(samples.windows[cell], samples.m[cell[:2]], before, held) * (samples.free[cell[:2]] + 1)
    low[cell] *= p_value < 0.05
    return np.maximum(low.max(axis=-1), 0.0), np.where(used, np.maximum(ends[1], -ends[0]), 0.0).max(axis=-1)


def changed_p(now: Floats, m: Floats, before: Floats, n: Floats) -> Floats:
    """P-values that shares now / m and before / n are equal: exact up to an expectation of `EXACT`, the pooled z test beyond.

    So far out in the tail as a hundred categories at once ask for, the z test is wrong for longer than at 5 %.
    """
    p_value = two_proportion_p(now, m, before, n)
    few = (np.minimum(m, n) * (now + before) < EXACT * (m + n)) & (n > 0) & (m > 0)
    if few.any():
        p_value[few] = fisher_p(*(counts[few] for counts in (now, m, before, n)))
    return p_value


class _Shown:
    """Tables of a stack of columns."""

    def __init__(self, evidence: Evidence, samples: Samples) -> None:
        change = samples.q - samples.p
        self.place = np.argmax(np.abs(change), axis=-1).tolist()
        self.change = np.take_along_axis(change, np.asarray(self.place)[..., None], axis=-1)[..., 0].tolist()
        gone = (samples.windows == 0) & (samples.p * samples.m[..., None] >= EXPECTED)
        self.gone: dict[tuple[int, int], list[int]] = {}
        for c, w, level in zip(*(axis.tolist() for axis in np.nonzero(gone)), strict=True):
            self.gone.setdefault((c, w), []).append(level)
        self.new_levels = {
            c: sorted(found, key=lambda level: (-found[level], level))[:LISTED]
            for c, column in enumerate(samples.columns)
            if isinstance(column.bins, CategoricalBins) and (found := column_counts(evidence, column.bins.name).unseen_levels)
        }

    def table(self, column: Column, place: int, window: int) -> dict[str, Any]:
        new = int(column.windows[window, -1]) if column.labels[-1] == UNSEEN and column.bins is not None else 0
        found: dict[str, Any] = {
            "category": column.labels[self.place[place][window]],
            "change": self.change[place][window],
            "new": new,
            "vanished": [column.labels[level] for level in self.gone.get((place, window), ())][:LISTED],
        }
        if window == 0:
            found["new_levels"] = self.new_levels.get(place, [])
        return found
