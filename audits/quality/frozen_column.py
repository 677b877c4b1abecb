"""Frozen column: a column that varies far less than it did in the reference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audits.audit import EVERY_TASK, audit, measurement
from audits.bins import NumericBins
from audits.drift.moments import Moments, moments_by_window, reference_moments
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import wilson
from audits.quality.layout import absent, binned, valued

CONSTANT = "the reference has a single value too"
ELSEWHERE = "most values lie outside what the reference held, or are finer than its bins: see out_of_range_rate and format_change"
RARE = "so few rows would rarely hold any but the most frequent value"
EXPECTED = 10
FEW_BINS, STILL = 0.9, 0.1
"""Numbers that share a bin may yet vary: they stand still where they also vary less, against their mean, by this factor."""


@audit(name="frozen_column", unit="ratio", needs=("columns",), tasks=EVERY_TASK, compared=True, units="own")
def frozen_column(evidence: Evidence) -> Iterator[Measurement]:
    """How varied a column is, over how varied it was in the reference: 0 where it stands still, 1 where nothing changed.

    Formula
        (1 - Σ q²) / (1 - Σ p²), with q and p the shares of the bins of the frozen grid or vocabulary in the window and in the reference:
        the chance that two rows differ. A single value is 0 exactly, wherever it lies. Where most values lie outside the reference there is
        no figure, and none where fewer than ten rows off the reference's most frequent value were to be expected.
    Interval
        Delta method for Σ q²; its upper end is at least what Wilson's interval leaves to rows off the most frequent value. n is the rows
        with a value.
    When it misleads
        Values that moved together into one bin look alike. A column that repeats each value for a while varies over the day and yet stands
        still within the hour.
    Source
        E. H. Simpson (1949), Measurement of Diversity, Nature 163.
    """
    moments, reference = moments_by_window(evidence), reference_moments(evidence)
    for column, bins, counts in binned(evidence):
        n = valued(counts)
        rest = np.stack([counts.special["other"], counts.special["unseen"]], axis=1)
        before = np.concatenate([counts.reference, [counts.reference_special["other"], counts.reference_special["unseen"]]])
        p = before / max(before.sum(), 1.0)
        usual = 1 - float((p**2).sum())
        held = np.concatenate([counts.windows, rest], axis=1)
        q = held / np.maximum(n, 1.0)[:, None]
        squares = (q**2).sum(axis=1)
        single = np.zeros(len(n), dtype=bool)
        outside = rest[:, 1] > n / 2
        if isinstance(bins, NumericBins):
            place = evidence.tally.columns.index(bins.name)
            single = (moments.low[place] == moments.high[place]) & (n > 0)
            outside = (counts.windows[:, 0] + counts.windows[:, -1] > n / 2) & ~single
            finer = (squares > FEW_BINS) & ~single & ~_still(moments, reference, place)
            outside = outside | finer
        squares = np.where(single, 1.0, squares)
        value = (1 - squares) / (usual or 1.0)
        low, high = _interval(q, squares, n, single)
        few = n * (1 - p.max(initial=0.0)) < EXPECTED
        told = (usual > 0) & (n > 0) & ~outside & ~few
        shown = np.flatnonzero(n + absent(counts) > 0)
        reason = np.where(n <= 0, "every value is missing", np.where(usual > 0, np.where(few, RARE, ELSEWHERE), CONSTANT))
        yield measurement(
            "frozen_column", "ratio", value=np.where(told, value, np.nan)[shown], low=np.where(told, low / (usual or 1.0), np.nan)[shown],
            high=np.where(told, np.maximum(high / (usual or 1.0), value), np.nan)[shown], n=np.rint(n[shown]), method="delta",
            window=shown, slice=0, column=column, reason=np.where(told, "", reason)[shown].astype(object),
        )  # fmt: skip


def _interval(q: Floats, squares: Floats, n: Floats, single: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Of 1 - Σ q²: derivative of Σ q² by q is 2 q."""
    spread = np.maximum(4 * ((q**3).sum(axis=1) - (q**2).sum(axis=1) ** 2), 0.0)
    half = 1.96 * np.sqrt(spread / np.maximum(n, 1.0))
    most = np.where(single, n, np.rint(q.max(axis=1, initial=0.0) * n))
    least, _ = wilson(most, n)
    possible = 1 - np.nan_to_num(least) ** 2
    low = np.clip(1 - squares - half, 0.0, 1.0)
    high = np.clip(1 - squares + half, 0.0, 1.0)
    return low, np.where(single, possible, np.maximum(high, np.where(most >= n, possible, 0.0)))


def _still(moments: Moments, reference: Moments, place: int) -> NDArray[np.bool_]:
    """Whether a column of numbers varies far less against its mean than it did, by window."""
    with np.errstate(divide="ignore", invalid="ignore"):
        now, before = (np.sqrt(each.m2[place] / each.n[place]) / np.abs(each.mean[place]) for each in (moments, reference))
        return np.asarray(now <= STILL * before[0])
