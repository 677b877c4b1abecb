"""L-infinity distance: the largest change of any category's share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.bins import CategoricalBins
from audits.drift.readings import column_counts
from audits.drift.two_samples import UNSEEN, Column, Samples, per_column, two_samples
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import newcombe, two_proportion_p

EXPECTED = 5
"""A category has vanished where at least this many of its rows were to be expected and none came."""

LISTED = 20


@audit(name="l_infinity", unit="distance", needs=("columns",), tasks=EVERY_TASK)
def l_infinity(evidence: Evidence) -> Iterator[Measurement]:
    """Largest absolute change of any category's share between reference and window.

    Formula
        max |q - p| over the vocabulary, other and unseen values (either of the last two as one category). Categorical columns only.
    Interval and test
        Newcombe interval of the change of that category, from 0 up; p of that category (z or Fisher's exact test) times the number of
        categories (Bonferroni). n is the window's rows with a value.
    Tables
        `category` and its signed `change`; `new`: rows of values that the reference does not have, `new_levels` their names (whole
        period only); `vanished`: categories of the reference of which at least 5 rows were to be expected and none came.
    When it misleads
        It looks at one category: many small changes escape it. The category is picked after looking, so in small windows the largest
        of many changes is large by chance, and the interval does not take that away.
    Source
        the Chebyshev distance of two distributions; also in Google's TensorFlow Data Validation as drift comparator.
    """
    for samples in two_samples(evidence):
        if samples.columns[0].edges is not None:
            continue
        change = samples.q - samples.p
        place = np.argmax(np.abs(change), axis=-1)
        moved = np.take_along_axis(change, place[..., None], axis=-1)[..., 0]
        now = np.take_along_axis(samples.windows, place[..., None], axis=-1)[..., 0]
        before = np.take_along_axis(np.broadcast_to(samples.reference, samples.windows.shape), place[..., None], axis=-1)[..., 0]
        low, high = newcombe(now, samples.m, before, samples.n)
        low, high = np.where(moved < 0, -high, low), np.where(moved < 0, -low, high)
        p_value = np.minimum(two_proportion_p(now, samples.m, before, samples.n) * (samples.free + 1), 1.0)
        shown = _Shown(evidence, samples)
        yield per_column(
            evidence, "l_infinity", samples, np.abs(moved), np.maximum(low, 0.0), high, method="newcombe", p_value=p_value,
            tables=shown.table,
        )  # fmt: skip


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
