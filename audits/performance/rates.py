"""What the rate measures share: a proportion of counts over every version, window and slice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import over_slices
from audits.estimate import Estimates, Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import mean_t, proportion, share, wilson

FEW_OF_ONE_KIND = "no interval: fewer than two outcomes of one kind"
SINGLE_ROW = "no interval: a single row"


def rate(evidence: Evidence, name: str, hits: Floats, n: Floats, *, reason: str) -> Measurement:
    """hits / n by [version, window, slice] with Wilson intervals; `reason` says what n = 0 means."""
    return over_slices(evidence, name, "proportion", proportion(hits, n), reason=reason)


def mean(evidence: Evidence, name: str, unit: str, total: Floats, total_squared: Floats, n: Floats, *, reason: str) -> Measurement:
    """Σx / n by [version, window, slice] with t intervals."""
    value, low, high = mean_t(total, total_squared, n)
    found = Estimates(value=value, low=low, high=high, n=whole(n), method="t")
    return shaped(evidence, name, unit, found, reason=reason, note=of_one_row(n))


def of_one_row(n: NDArray[Any]) -> NDArray[np.object_]:
    """What to say where a figure rests on one row, which tells nothing about how far rows lie from each other."""
    return np.where(np.rint(n) == 1, SINGLE_ROW, "").astype(object)


def stratified(evidence: Evidence, name: str, unit: str, total: Floats, total_squared: Floats, n: Floats, *, reason: str) -> Measurement:
    """Σx / n by [version, window, slice] from sums by [version, window, slice, outcome], with the intervals of `stratified_mean`."""
    value, low, high = stratified_mean(total, total_squared, n)
    size = n[..., :2].sum(axis=-1)
    found = Estimates(value=value, low=low, high=high, n=whole(size), method="stratified-t")
    return shaped(evidence, name, unit, found, reason=reason, note=np.where(np.isnan(low), FEW_OF_ONE_KIND, "").astype(object))


def stratified_mean(total: Floats, total_squared: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean and its interval from Σx, Σx² and n by [..., outcome]; the interval needs two rows of each outcome.

    The mean is (1 - π) x̄₀ + π x̄₁, with π the share of outcome 1: Wilson's interval of π and the t intervals of the two means are put
    together by squares (MOVER). A t interval of the whole does not see that rows of a rare outcome, which weigh most, may have been missed.

    Source: G. Y. Zou and A. Donner (2008), Statistics in Medicine 27, 1693-1702.

    >>> value, low, high = stratified_mean(np.array([8.0, 1.0]), np.array([2.0, 0.2]), np.array([40.0, 10.0]))
    >>> round(float(value), 3), round(float(low), 3), round(float(high), 3)
    (0.18, 0.147, 0.211)
    """
    size, hits = n[..., :2].sum(axis=-1), n[..., 1]
    value, pi = share(total[..., :2].sum(axis=-1), size), share(hits, size)
    ends = wilson(hits, size)
    (m0, low0, high0), (m1, low1, high1) = (mean_t(total[..., o], total_squared[..., o], n[..., o]) for o in (0, 1))
    gap = m1 - m0
    down = np.abs(gap) * np.where(gap > 0, pi - ends[0], ends[1] - pi)
    up = np.abs(gap) * np.where(gap > 0, ends[1] - pi, pi - ends[0])
    low = value - np.sqrt(down**2 + (pi * (m1 - low1)) ** 2 + ((1 - pi) * (m0 - low0)) ** 2)
    high = value + np.sqrt(up**2 + (pi * (high1 - m1)) ** 2 + ((1 - pi) * (high0 - m0)) ** 2)
    few = (hits < 2) | (size - hits < 2)
    return value, np.where(few, np.nan, low), np.where(few, np.nan, high)


def shaped(
    evidence: Evidence, name: str, unit: str, found: Estimates, *, reason: str, note: NDArray[np.object_] | None = None,
    special: tuple[NDArray[np.bool_], str] | None = None,
) -> Measurement:  # fmt: skip
    """`over_slices`, with a note by [version, window, slice] on figures that are there, and another method where `special` says so."""
    block = over_slices(evidence, name, unit, found, reason=reason)
    at = (block.version, block.window, block.slice)
    if note is not None:
        block.reason[:] = np.where(np.isfinite(block.value), note[at], block.reason)
    if special is not None:
        block.method[:] = np.where(special[0][at], special[1], block.method)
    return block


def of_topic(evidence: Evidence, k: int, block: Measurement) -> Measurement:
    """The same block as findings about class k."""
    block.column[:] = len(evidence.columns) + k
    return block


def with_tables(block: Measurement, tables: dict[int, dict[str, Any]]) -> Measurement:
    """The same block with tables, by position."""
    return replace(block, tables=tables)


def charted(evidence: Evidence, block: Measurement) -> NDArray[np.int64]:
    """Positions of the figures that readers draw: the whole period of every version, and everybody in each window, versions together."""
    singles = np.asarray([len(found.attributes) <= 1 for found in evidence.slices])
    shown = singles[block.slice] & ((block.window == 0) | ((block.slice == 0) & (block.version == 0)))
    return np.flatnonzero(shown & np.isfinite(block.value)).astype(np.int64)


def whole(n: NDArray[Any]) -> NDArray[np.int64]:
    """Counts as integers."""
    found: NDArray[np.int64] = np.rint(n).astype(np.int64)
    return found
