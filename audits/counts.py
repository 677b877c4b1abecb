"""Counts laid out as arrays over version x window x slice: what evidence gives audits to measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers

DECISION, OUTCOME = 3, 4
NO, YES, UNKNOWN = 0, 1, 2

UNITS = 32
"""Groups that units (people, customers) are dealt into, so that intervals can respect repeated ones."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Confusion counts and sums over version x window x slice.

    Parameters
    ----------
    table
        Rows by [version, window, slice, decision, outcome]; on the last two axes 0 is unfavorable, 1 favorable, 2 unknown.
    sums
        Other sums by the same axes, decisions added up: by [version, window, slice, outcome]. `scored`, `score`,
        `score_squared`, `error_2` (sum of squared errors of the score), `error_4`, `log_loss`, `log_loss_squared`,
        and `latency_ms_n`, `latency_ms`, `latency_ms_squared` and so on for cost and energy. Of a multiclass task the errors and losses are
        those of all classes together, and a view of one class has none of them. In a regression the outcome is "favorable" where it is
        known, and there are sums of errors, of the standardised outcome and of prediction intervals (`audits/scan/outcome_side.py`).
    same
        Whether the positive outcome, which the score predicts, is the favorable one.
    """

    table: Floats
    sums: Mapping[str, Floats]
    same: bool

    @cached_property
    def rows(self) -> Floats:
        """All rows, by [version, window, slice]."""
        return np.asarray(self.table.sum(axis=(DECISION, OUTCOME)))

    @cached_property
    def decided(self) -> Floats:
        """Rows with a decision."""
        return np.asarray(self.table[..., :2, :].sum(axis=(DECISION, OUTCOME)))

    @cached_property
    def selected(self) -> Floats:
        """Rows with the favorable decision."""
        return np.asarray(self.table[..., YES, :].sum(axis=-1))

    @cached_property
    def labelled(self) -> Floats:
        """Rows with a known outcome."""
        return np.asarray(self.table[..., :2].sum(axis=(DECISION, OUTCOME)))

    @cached_property
    def favored(self) -> Floats:
        """Rows with a known, favorable outcome."""
        return np.asarray(self.table[..., YES].sum(axis=-1))

    def _confusion(self, decision_positive: bool, outcome_positive: bool) -> Floats:
        decision = YES if decision_positive == self.same else NO
        outcome = YES if outcome_positive == self.same else NO
        return self.table[..., decision, outcome]

    @cached_property
    def true_positives(self) -> Floats:
        """Rows decided positive whose outcome is positive."""
        return self._confusion(True, True)

    @cached_property
    def false_positives(self) -> Floats:
        """Rows decided positive whose outcome is negative."""
        return self._confusion(True, False)

    @cached_property
    def false_negatives(self) -> Floats:
        """Rows decided negative whose outcome is positive."""
        return self._confusion(False, True)

    @cached_property
    def true_negatives(self) -> Floats:
        """Rows decided negative whose outcome is negative."""
        return self._confusion(False, False)

    @cached_property
    def positives(self) -> Floats:
        """Scored rows with a positive outcome."""
        return self.sums["scored"][..., YES if self.same else NO]

    def total(self, name: str, *, labelled: bool = False) -> Floats:
        """A sum by [version, window, slice], over all rows or only those with a known outcome."""
        values = self.sums[name]
        return np.asarray(values[..., :2].sum(axis=-1) if labelled else values.sum(axis=-1))


@dataclass(frozen=True, kw_only=True)
class ColumnCounts:
    """One binned column: counts per bin for the reference and for each window (row 0 the whole period).

    `special` holds missing, not-a-number, other and unseen counts; `total` sums of values per bin (numeric columns).
    """

    reference: Floats
    windows: Floats
    reference_total: Floats
    total: Floats
    reference_special: Mapping[str, float]
    special: Mapping[str, Floats]
    unseen_levels: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class WeightedCounts:
    """Counts of groups that are known by probabilities only: rows count for each group with the probability that they belong to it.

    Parameters
    ----------
    attribute
        The name of the attribute.
    slices
        Positions of its groups in `Evidence.slices`.
    n, weight, weight_squared
        Rows that may belong to the group, the sum of their probabilities and of the squares; by [version, window, group, decision,
        outcome], the last two no, yes, unknown.
    """

    attribute: str
    slices: Integers
    n: Floats
    weight: Floats
    weight_squared: Floats


def one_against_rest(values: Floats, place: int, *, axis: int) -> Floats:
    """An axis of classes, any other and unknown as no, yes (the class at `place`) and unknown."""
    moved = np.moveaxis(values, axis, -1)
    known = moved[..., :-1].sum(axis=-1)
    yes = moved[..., place] if place < moved.shape[-1] - 2 else np.zeros(known.shape)
    return np.moveaxis(np.stack([known - yes, yes, moved[..., -1]], axis=-1), -1, axis)


def agreement(table: Floats) -> Floats:
    """Decisions by whether the outcome agrees with them: every known decision is "yes", and so is an outcome that agrees."""
    known = table[..., :-1, :-1]
    agree = np.trace(known, axis1=-2, axis2=-1)
    found = np.zeros((*table.shape[:-2], 3, 3))
    found[..., YES, YES], found[..., YES, NO] = agree, known.sum(axis=(-2, -1)) - agree
    found[..., YES, UNKNOWN], found[..., UNKNOWN, UNKNOWN] = table[..., :-1, -1].sum(axis=-1), table[..., -1, :].sum(axis=-1)
    return found


def summed(place: Integers, weights: NDArray[np.generic], size: int) -> Floats:
    """Weights added up by place, as floats."""
    return np.bincount(place, weights=weights.astype(np.float64), minlength=size).astype(np.float64)


def add_rows(target: Floats, place: Integers, rows: NDArray[np.generic]) -> None:
    """Add each row of counts to its place, all rows of one place in one sum."""
    if not len(place):
        return
    order = np.argsort(place, kind="stable")
    ranked = place[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    sorted_rows = rows if (order[1:] > order[:-1]).all() else rows[order]
    target[ranked[starts]] += np.add.reduceat(sorted_rows, starts, axis=0)
