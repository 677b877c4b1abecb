"""Format change: values written in another way than in the reference: another pattern, scale, or what its type cannot read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.bins import CategoricalBins, NumericBins
from audits.drift.moments import Moments, moments_by_window, reference_moments
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import proportion
from audits.quality.arrived import placed, whole
from audits.quality.category_explosion import unseen_by_window
from audits.quality.layout import absent, binned, valued

FACTOR, ALIKE = 5.0, 2.0
"""A scale changed when mean and spread grew or shrank by at least the first, and by the same factor to within the second."""


@audit(name="format_change", unit="proportion", needs=("columns",), tasks=EVERY_TASK, compared=True, units="own")
def format_change(evidence: Evidence) -> Iterator[Measurement]:
    """Share of a column's values that are written in another way than in the reference.

    Formula
        Of the rows of a window: (a) those quarantined because the column's value could not be read as its type, such as a decimal comma;
        (b) in a column of categories, unseen values whose pattern no category of the reference has: letters as a or A, digits as 9, runs as
        one, the rest as it is; (c) all, in a column of numbers whose mean and standard deviation changed by one factor, 5 or more, such
        as thousands for units. (a) is spread over the windows of its batch. Tables hold the rows of each kind and the factor.
    Interval
        Wilson. n is the rows of the window and those quarantined.
    When it misleads
        A change of scale by less than five, such as net for gross or miles for kilometres, is left to the drift measures. A population of
        which everything is larger by one factor looks like a change of unit. Rare patterns may be missing from a short reference.
    Source
        E. Breck et al. (2019), Data Validation for Machine Learning, MLSys; S. Schelter et al. (2018), Automating Large-Scale Data Quality
        Verification, VLDB 11.
    """
    windows, reference = moments_by_window(evidence), reference_moments(evidence)
    for column, bins, counts in binned(evidence):
        rows = valued(counts) + absent(counts)
        unreadable = _unreadable(evidence, bins.name)
        patterned = np.zeros(len(rows))
        factor = np.full(len(rows), np.nan)
        if isinstance(bins, CategoricalBins) and bins.complete:
            known = {pattern(level) for level in bins.levels}
            listed = unseen_by_window(evidence, bins.name)
            patterned = np.asarray(
                [sum(n for level, n in each.items() if pattern(level) not in known) for each, _ in listed], dtype=np.float64
            )
        elif isinstance(bins, NumericBins):
            place = evidence.tally.columns.index(bins.name)
            factor = _factor(reference, windows, place)
        n = rows + unreadable
        scaled = np.isfinite(factor)
        hits = np.where(scaled, n, np.minimum(patterned + unreadable, n))
        shown = np.flatnonzero(n > 0)
        found = proportion(hits[shown], n[shown])
        tables: dict[int, dict[str, Any]] = {
            i: {
                "unreadable": round(float(unreadable[w])), "pattern": int(patterned[w]),
                "factor": float(f"{factor[w]:.3g}") if scaled[w] else None,
            }
            for i, w in enumerate(shown.tolist()) if hits[w] > 0
        }  # fmt: skip
        yield measurement(
            "format_change", "proportion", value=found.value, low=found.low, high=found.high, n=np.rint(n[shown]), method=found.method,
            window=shown, slice=0, column=column, tables=tables,
        )  # fmt: skip


def pattern(text: str) -> str:
    """How a text is written: runs of small letters as a, of capitals as A, of digits as 9, the rest as it is; words of one kind as one.

    >>> pattern("2026-01-31"), pattern("31/01/2026"), pattern("car loan"), pattern("CAR"), pattern("1,50")
    ('9-9-9', '9/9/9', 'a', 'A', '9,9')
    """
    letters = "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in text)
    runs = re.sub(r"(.)\1+", r"\1", letters)
    return re.sub(r"\b(Aa|A|a)(?:[ _-]\1)+\b", r"\1", runs)


def _unreadable(evidence: Evidence, name: str) -> Floats:
    """Rows quarantined because of a column, by window: those of each batch are spread as its accepted rows are."""
    found = placed(evidence)
    refused = np.asarray([batch.refused.get(name, 0) for batch in found.batches], dtype=np.float64)
    total = (found.held * refused[:, None]).sum(axis=0) if len(refused) else np.zeros(len(evidence.windows))
    return whole(total)


def _factor(reference: Moments, windows: Moments, place: int) -> Floats:
    """By what factor a column's values changed as one, by window; NaN where they did not.

    A column around zero has no mean to compare: its smallest and largest values stand in for it.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation, before = (np.sqrt(each.m2[place] / each.n[place]) for each in (windows, reference))
        spread = deviation / before[0]
        centred = abs(reference.mean[place, 0]) > before[0] / 5
        width = (windows.high[place] - windows.low[place]) / (reference.high[place, 0] - reference.low[place, 0])
        middle = windows.mean[place] / reference.mean[place, 0] if centred else width
        together = np.sqrt(spread * middle)
        apart = np.maximum(spread / middle, middle / spread)
        changed = (apart <= ALIKE) & (np.maximum(together, 1 / together) >= FACTOR) & (windows.n[place] > 1)
    return np.where(changed, together, np.nan)
