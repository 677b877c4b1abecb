"""Population stability index: how far shares of bins moved, weighted by the logarithm of their ratio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.drift.chance import chance
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.two_samples import Column, Samples, around, delta_variance
from audits.estimate import Floats
from audits.finding import Measurement

EPSILON = 1e-4
"""A smaller share counts as this much: the logarithm of an empty bin is not finite."""

SHOWN = 20
"""Categories named in the tables; the rest come together as other."""


@audit(name="population_stability_index", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def population_stability_index(held: Comparison) -> Iterator[Measurement]:
    """Σ (q - p) ln(q / p) over bins, with p the reference's and q the window's share of each.

    Formula
        Numeric columns: the ten bins between the reference's deciles (fewer where deciles tie). Categorical: the vocabulary, other and
        unseen values. Shares below 1e-4 count as 1e-4. Missing values are left out; see `missing_rate`.
    Interval and test
        Two samples of one distribution make the index about (1/n + 1/m) χ² with k = bins - 1 degrees of freedom, and more where bins are
        expected to hold few rows. The interval is centred at value - bias, the bias being what chance alone makes (Poisson rows in each
        bin; k (1/n + 1/m) where there are many), its variance that of the delta method plus that of the chance; cut at 0, and at 0 where
        the test does not reject, and stretched to hold the value. p from the two-sample chi-squared test, with exact mean and variance
        where fewer than five rows are expected in a bin. n is the window's rows with a value.
    Tables
        `labels`, `edges` (null for categories), and the counts `reference` and `window` of each bin; at most 20 categories, then
        other, unseen and missing.
    When it misleads
        The usual lines at 0.1 and 0.25 ignore n: a small window exceeds them by chance, a large one stays below them with a change
        that is beyond doubt. With as many categories as rows, in both samples, chance makes it larger than the interval allows for. Bins
        hide what moves inside them. Tools differ: some bin the pooled data or by equal widths.
    Source
        N. Siddiqi (2006), Credit Risk Scorecards; B. Yurdakul (2018), Statistical Properties of PSI.
    """
    for samples in held.samples:
        value, bias, variance = index(samples)
        low, high = around(value, bias, variance, p_value=samples.p_value)
        shown = _Shown(samples).table if held.before is None else None
        yield per_column(
            held, "population_stability_index", samples, value, low, high, method="delta", p_value=samples.p_value, tables=shown
        )


def index(samples: Samples) -> tuple[Floats, Floats, Floats]:
    """The index, its bias and its variance, by [column, window]."""
    used = (samples.reference > 0) | (samples.windows > 0)
    p, q = np.maximum(samples.p, EPSILON), np.maximum(samples.q, EPSILON)
    ratio = np.where(used, q / p, 1.0)
    log = np.log(ratio)
    value = np.where(used, (q - p) * log, 0.0).sum(axis=-1)
    by_p, by_q = np.where(samples.p > EPSILON, 1 - ratio - log, 0.0), np.where(samples.q > EPSILON, 1 - 1 / ratio + log, 0.0)
    floor = EPSILON / samples.c[..., None]
    expected = (samples.reference + samples.windows) / (samples.c * np.maximum(samples.n + samples.m, 1))[..., None]
    empty = np.where(expected > floor, expected * np.log(np.maximum(expected, floor) / floor), 0.0)
    bias, variance = chance(samples, _term, 1.0, empty)
    return value, bias, delta_variance(samples, by_p, by_q) + variance


def _term(rows: Floats, expected: Floats) -> Floats:
    return np.where(rows > 0, (rows - expected) * np.log(np.maximum(rows, 1.0) / expected), 0.0)


class _Shown:
    """Tables of a stack of columns, with all counts turned into lists at once."""

    def __init__(self, samples: Samples) -> None:
        self.reference = samples.reference[:, 0].astype(np.int64).tolist()
        self.windows = samples.windows.astype(np.int64).tolist()
        self.missing = [column.missing.astype(np.int64).tolist() for column in samples.columns]

    def table(self, column: Column, place: int, window: int) -> dict[str, Any]:
        size = len(column.labels)
        reference, seen = self.reference[place][:size], self.windows[place][window][:size]
        if column.edges is not None:
            return {"labels": list(column.labels), "edges": list(column.edges), "reference": reference, "window": seen}
        labels = list(column.labels)
        if column.bins is not None:
            named = min(size - 2, SHOWN)
            labels = [*labels[:named], *labels[-2:]]
            reference, seen = ([*counts[:named], sum(counts[named:-1]), counts[-1]] for counts in (reference, seen))
        return {
            "labels": [*labels, "(missing)"], "edges": None, "reference": [*reference, int(column.reference_missing)],
            "window": [*seen, self.missing[place][window]],
        }  # fmt: skip
