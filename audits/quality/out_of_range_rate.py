"""Out-of-range rate: share of values outside the reference's range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.bins import NumericBins
from audits.drift.moments import moments_by_window
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.layout import absent, binned, column_shares, valued

BEYOND = 5.5716
"""The upper 2.5 % point of a gamma variable of shape 2."""


@audit(name="out_of_range_rate", unit="proportion", needs=("columns",), tasks=EVERY_TASK, compared=True)
def out_of_range_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of a numeric column's values below the smallest or above the largest value of the reference.

    Formula
        (values in the first bin + values in the last bin of the frozen grid) / rows with a value, per numeric column and window. In a
        column of whole numbers a fraction above the largest, below the next whole number, still counts as inside.
        Tables hold `below`, `above`, the window's exact `min` and `max`, and the reference's.
    Interval
        Wilson, its low end less 5.57 / m for a reference of m values: that share of an unchanged column lies beyond the extremes of m
        values with a chance of 2.5 %. n is the rows with a value.
    When it misleads
        A reference with an absurd extreme of its own hides later ones. Growing amounts and dates leave any range in time.
    Source
        E. B. Wilson (1927), JASA 22, for the interval; S. S. Wilks (1941), Annals of Mathematical Statistics 12, for what lies beyond the
        extremes of a sample: Beta(2, m - 1), and 5.57 / m is its upper 2.5 % point for large m.
    """
    moments = moments_by_window(evidence)
    for column, bins, counts in binned(evidence):
        if isinstance(bins, NumericBins):
            n = valued(counts)
            below, above = counts.windows[:, 0], counts.windows[:, -1]
            place = evidence.tally.columns.index(bins.name)
            numbers = (below.astype(np.int64), above.astype(np.int64), moments.low[place], moments.high[place])
            lists = [values.tolist() for values in numbers]
            tables = {
                w: {
                    "below": lists[0][w], "above": lists[1][w], "min": lists[2][w], "max": lists[3][w],
                    "reference_min": bins.low, "reference_max": bins.high,
                }
                for w in np.flatnonzero((n > 0) & (moments.n[place] > 0)).tolist()
            }  # fmt: skip
            found = column_shares("out_of_range_rate", column, below + above, n, n + absent(counts), tables=tables)
            known = float(counts.reference.sum())
            yield replace(found, low=np.maximum(found.low - BEYOND / max(known, BEYOND), 0.0))
