"""Constant column: a column that has stopped varying."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audits.audit import EVERY_TASK, audit, measurement
from audits.bins import CategoricalBins, ColumnBins, NumericBins
from audits.drift.moments import Moments, moments_by_window
from audits.estimate import Floats
from audits.evidence import ColumnCounts, Evidence
from audits.finding import Measurement
from audits.quality.layout import absent, binned, valued

CONSTANT_BEFORE = "the reference has a single value too"
CANNOT_TELL = "every value is one that the reference lacks or has rarely, and these are counted together"


@audit(name="constant_column", unit="count", needs=("columns",), tasks=EVERY_TASK)
def constant_column(evidence: Evidence) -> Iterator[Measurement]:
    """1 where a column has one distinct value in a window although the reference has several, else 0.

    Formula
        Numeric columns: smallest equals largest value of the window, exactly. Categorical: all values are one category of the
        vocabulary; where all of them lie outside it there is no answer, and the reason says so. Missing values are left out.
        A column that is constant in the reference too gets 0, with that reason.
    Interval
        None needed: it is a fact about the rows of the window. n is the rows with a value.
    When it misleads
        A handful of rows is often constant by chance: look at n.
    Source
        E. Breck et al. (2017), The ML Test Score.
    """
    moments = moments_by_window(evidence)
    for column, bins, counts in binned(evidence):
        n = valued(counts)
        shown = np.flatnonzero(n + absent(counts) > 0)
        several = _several(bins, counts)
        value = _one_value(bins, counts, moments, evidence) * (1.0 if several else 0.0)
        value = np.where(n > 0, value, np.nan)
        reason = np.where(n > 0, np.where(np.isnan(value), CANNOT_TELL, "" if several else CONSTANT_BEFORE), "every value is missing")
        found = value[shown]
        yield measurement(
            "constant_column", "count", value=found, low=found, high=found, n=np.rint(n[shown]), method="exact", window=shown, slice=0,
            column=column, reason=reason[shown].astype(object),
        )  # fmt: skip


def _several(bins: ColumnBins, counts: ColumnCounts) -> bool:
    """Whether the reference has more than one value."""
    if isinstance(bins, NumericBins):
        return bins.high > bins.low
    rest = counts.reference_special["other"] + counts.reference_special["unseen"]
    return bool((counts.reference > 0).sum() + (rest > 0) > 1)


def _one_value(bins: ColumnBins, counts: ColumnCounts, moments: Moments, evidence: Evidence) -> Floats:
    """1 where a window has one distinct value, 0 where several, NaN where it cannot be told."""
    if isinstance(bins, CategoricalBins):
        used = (counts.windows > 0).sum(axis=-1)
        rest: NDArray[np.bool_] = counts.special["other"] + counts.special["unseen"] > 0
        found = np.where(rest, 0.0, (used == 1).astype(np.float64))
        # A single row outside the vocabulary is one value; several may be one or many.
        return np.where(rest & (used == 0), np.where(valued(counts) == 1, 1.0, np.nan), found)
    place = evidence.tally.columns.index(bins.name)
    return np.asarray(moments.low[place] == moments.high[place], dtype=np.float64)
