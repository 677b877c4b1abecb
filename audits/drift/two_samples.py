"""Two samples side by side, column by column and window by window: what every drift statistic compares.

A numeric column is compared over its ten reference-decile bins (the full grid is kept for the distances that want it), a categorical
one over its vocabulary, everything rarer, and everything not seen before. Missing values are left to `missing_rate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audits.bins import ColumnBins, NumericBins
from audits.drift.readings import column_counts
from audits.estimate import Floats, Integers
from audits.evidence import DECISION, OUTCOME, ColumnCounts, Evidence
from audits.interval import z_of
from audits.once import once

FEW = 5.0
"""Expected rows of a bin below which chi-squared is no good approximation."""

OTHER, UNSEEN = "(other)", "(not in the reference)"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column in few bins: counts of the reference by [bin] and of each window by [window, bin].

    Parameters
    ----------
    position
        In `Evidence.columns`.
    bins
        The frozen bins; None for decisions and outcomes that are levels, which come from the outcome counts.
    edges
        Lower edges of bins 1, 2, ... of a numeric column.
    missing
        Rows without a value, not-a-number included, by window.
    """

    position: int
    bins: ColumnBins | None
    labels: tuple[str, ...]
    edges: tuple[float, ...] | None
    reference: Floats
    windows: Floats
    missing: Floats
    reference_missing: float


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Columns of one kind stacked, padded with empty bins: `windows` by [column, window, bin], `reference` by [column, 1, bin] where one
    sample is the reference of all windows, by [column, window, bin] where each has its own."""

    columns: tuple[Column, ...]
    reference: Floats
    windows: Floats

    @cached_property
    def n(self) -> Floats:
        """Reference rows with a value, by [column, 1 or window]."""
        return np.asarray(self.reference.sum(axis=-1))

    @cached_property
    def m(self) -> Floats:
        """Rows of the window with a value, by [column, window]."""
        return np.asarray(self.windows.sum(axis=-1))

    @cached_property
    def usable(self) -> NDArray[np.bool_]:
        """Where both have values, by [column, window]."""
        return (self.n > 0) & (self.m > 0)

    @cached_property
    def p(self) -> Floats:
        """Shares of the reference, by [column, 1 or window, bin]; 0 where it is empty."""
        return np.asarray(self.reference / np.maximum(self.n, 1)[..., None])

    @cached_property
    def q(self) -> Floats:
        """Shares of each window, by [column, window, bin]; 0 where it is empty."""
        return np.asarray(self.windows / np.maximum(self.m, 1)[..., None])

    @cached_property
    def c(self) -> Floats:
        """1/n + 1/m: the scale of what chance alone makes of two samples."""
        return np.asarray(1 / np.maximum(self.n, 1) + 1 / np.maximum(self.m, 1))

    @cached_property
    def free(self) -> Floats:
        """Bins that either sample uses, less one: the degrees of freedom of the comparison."""
        return np.asarray(np.maximum(((self.reference > 0) | (self.windows > 0)).sum(axis=-1) - 1, 0), dtype=np.float64)

    @cached_property
    def chi_squared(self) -> Floats:
        """The two-sample chi-squared statistic Σ (p - q)² / (p/m + q/n), by [column, window]."""
        both = self.p / np.maximum(self.m, 1)[..., None] + self.q / np.maximum(self.n, 1)[..., None]
        return np.asarray(np.divide((self.p - self.q) ** 2, both, out=np.zeros_like(both), where=both > 0).sum(axis=-1))

    @cached_property
    def p_value(self) -> Floats:
        """That both samples come from one distribution, by the two-sample chi-squared test; 1 where they share a single bin.

        Where a bin is expected to hold fewer than five rows of either sample, the statistic is held against a gamma distribution of the
        mean and variance that it has over all ways to deal the rows out to the two samples, instead of against chi-squared; and no p is
        smaller than one such way's, 1 / C(n + m, n).

        Sources: J. B. S. Haldane (1940), Biometrika 31, 346-355; R. B. Dawson (1954), Biometrika 41, 280-281, for the variance.
        """
        from scipy.special import chdtrc, gammaincc, gammaln

        found = np.where(self.free > 0, chdtrc(np.maximum(self.free, 1), self.chi_squared), 1.0)
        both, size = self.reference + self.windows, self.n + self.m
        smallest = np.where(both > 0, both, np.finfo(np.float32).max).min(axis=-1)
        few = (self.free > 0) & (smallest * np.minimum(self.n, self.m) < FEW * size) & (size > 3) & self.usable
        if few.any():
            n, m = (np.broadcast_to(of, few.shape)[few] for of in (self.n, self.m))
            total, free, bins = n + m, self.free[few], both[few]
            inverse = np.divide(1.0, bins, out=np.zeros_like(bins), where=bins > 0).sum(axis=-1) * total
            rows = (total / n + total / m - 4) / (total - 2), (total - 2) / (total - 1)
            columns = (inverse - (free + 1) ** 2) / (total - 2), free * (total - free - 1) / (total - 1)
            variance = 2 * total / (total - 3) * (rows[1] - rows[0]) * (columns[1] - columns[0])
            variance += total**2 / (total - 1) * rows[0] * columns[0]
            mean = total / (total - 1) * free
            shape = mean**2 / np.maximum(variance, 1e-12)
            least = np.exp(gammaln(n + 1) + gammaln(m + 1) - gammaln(total + 1))
            found[few] = np.maximum(gammaincc(shape, self.chi_squared[few] * shape / mean), least)
        return found


@once
def two_samples(evidence: Evidence) -> tuple[Samples, ...]:
    """The numeric columns together, then the categorical ones; either may be absent."""
    columns: list[Column] = []
    roles = evidence.model.columns
    for position, name in enumerate(evidence.columns):
        if name in (roles.decision, roles.outcome):
            marginal = _marginal(evidence, position, DECISION if name == roles.decision else OUTCOME)
            columns += [marginal] if marginal is not None else []
        else:
            columns.append(_coarse(position, evidence.bins.by_name[name], column_counts(evidence, name)))
    split = [[c for c in columns if (c.edges is not None) == numeric] for numeric in (True, False)]
    return tuple(_stacked(part) for part in split if part)


def _marginal(evidence: Evidence, position: int, axis: int) -> Column | None:
    """The decision or the outcome as a column of levels: favorable or not, or the classes; a numeric outcome by its own grid."""
    rest = (OUTCOME if axis == DECISION else DECISION) - 2
    if evidence.task == "multiclass":
        seen, held = (np.asarray(each.confusion[0, :, 0].sum(axis=rest)) for each in (evidence, evidence.of_reference()))
        return _levels(position, (*evidence.classes, OTHER), seen, held[0])
    windows, reference = (np.asarray(c.table[0, :, 0].sum(axis=rest)) for c in (evidence.counts, evidence.reference_counts))
    if evidence.task == "regression" and axis == OUTCOME:
        grid = evidence.bins.outcome_bins
        if grid is None:
            return None
        column = _coarse(position, grid, column_counts(evidence, grid.name))
        return replace(column, missing=windows[:, 2], reference_missing=float(reference[0, 2]))
    favorable = str(evidence.model.favorable)
    return _levels(position, (f"not {favorable}", favorable), windows, reference[0])


def _levels(position: int, labels: tuple[str, ...], windows: Floats, reference: Floats) -> Column:
    """A column from counts by [window, level] and [level], the last level being the missing values."""
    return Column(
        position=position, bins=None, labels=labels, edges=None, reference=reference[:-1], windows=windows[:, :-1],
        missing=windows[:, -1], reference_missing=float(reference[-1]),
    )  # fmt: skip


def _coarse(position: int, bins: ColumnBins, counts: ColumnCounts) -> Column:
    missing = counts.special["missing"] + counts.special["not_a_number"]
    reference_missing = counts.reference_special["missing"] + counts.reference_special["not_a_number"]
    if isinstance(bins, NumericBins):
        starts, edges = coarse_bins(bins)
        return Column(
            position=position, bins=bins, labels=range_labels(edges), edges=edges, missing=missing, reference_missing=reference_missing,
            reference=np.add.reduceat(counts.reference, starts), windows=np.add.reduceat(counts.windows, starts, axis=-1),
        )  # fmt: skip
    rest = [counts.reference_special[name] for name in ("other", "unseen")]
    rests = [counts.special[name][:, None] for name in ("other", "unseen")]
    return Column(
        position=position, bins=bins, labels=(*bins.levels, OTHER, UNSEEN), edges=None, missing=missing,
        reference_missing=reference_missing, reference=np.append(counts.reference, rest),
        windows=np.concatenate([counts.windows, *rests], axis=1),
    )  # fmt: skip


def coarse_bins(bins: NumericBins) -> tuple[Integers, tuple[float, ...]]:
    """The ten reference-decile bins of a grid: first grid bin of each, and the edges between them.

    Tied deciles leave fewer. Where more than nine tenths of the reference share its smallest value, no decile edge is left: below
    it, at it and above it are then told apart, so that a move of the rest is not overlooked.
    """
    if not bins.deciles:
        return np.asarray([0, 1, 2]), (bins.low, float(bins.edges[1]))
    return np.searchsorted(bins.decile_of, np.arange(len(bins.deciles) + 1)).astype(np.int64), bins.deciles


def range_labels(edges: Sequence[float]) -> tuple[str, ...]:
    """Names of the bins that edges make.

    >>> range_labels([0.5, 12])
    ('< 0.5', '0.5 to < 12', '>= 12')
    """
    text = [f"{edge:.6g}" for edge in edges]
    return (f"< {text[0]}", *(f"{a} to < {b}" for a, b in pairwise(text)), f">= {text[-1]}")


def _stacked(columns: Sequence[Column]) -> Samples:
    width = max(len(column.reference) for column in columns)
    reference = np.zeros((len(columns), 1, width))
    windows = np.zeros((len(columns), len(columns[0].windows), width))
    for place, column in enumerate(columns):
        reference[place, 0, : len(column.reference)] = column.reference
        windows[place, :, : len(column.reference)] = column.windows
    return Samples(columns=tuple(columns), reference=reference, windows=windows)


def around(
    estimate: Floats, bias: Floats, variance: Floats, *, most: float = np.inf, p_value: Floats | float = 0.0
) -> tuple[Floats, Floats]:
    """Interval of a divergence that chance alone pushes up: estimate - bias ± 1.96 √variance, from 0 to `most`, the estimate in it.

    Where less was found than chance alone makes, the upper end is reckoned from 0: equal shares are no proof of equality. Where the test of
    no difference does not reject at 5 %, the lower end is 0: interval and test agree.
    """
    half = z_of() * np.sqrt(np.maximum(variance, 0.0))
    low = np.where(np.asarray(p_value) < 0.05, np.clip(estimate - bias - half, 0.0, most), 0.0)
    high = np.clip(np.maximum(estimate - bias, 0.0) + half, 0.0, most)
    return np.minimum(low, estimate), np.maximum(high, estimate)


def delta_variance(samples: Samples, by_p: Floats, by_q: Floats) -> Floats:
    """Variance of a function of both samples' shares, from its derivatives by p and by q (0 where the share is 0)."""
    p, q = samples.p, samples.q
    spread_p = np.maximum((p * by_p**2).sum(axis=-1) - (p * by_p).sum(axis=-1) ** 2, 0.0)
    spread_q = np.maximum((q * by_q**2).sum(axis=-1) - (q * by_q).sum(axis=-1) ** 2, 0.0)
    return np.asarray(spread_p / np.maximum(samples.n, 1) + spread_q / np.maximum(samples.m, 1))
