"""The two groups furthest apart: one number an attribute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audits.audit import measurement
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.compare import ONE_GROUP, Compared, Words, ratio_interval
from audits.fairness.replicates import REPLICATES, replicated
from audits.fairness.spread import largest_gap, smallest_ratio
from audits.fairness.yardstick import Flags, Groups, of_group
from audits.figures import people
from audits.finding import Measurement
from audits.interval import chi_squared_p, share, two_proportion_p


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremes:
    """The groups with the highest and the lowest proportion, by [version, window], with their counts."""

    highest: Integers
    lowest: Integers
    hits_high: Floats
    n_high: Floats
    hits_low: Floats
    n_low: Floats
    enough: Flags
    """Whether at least two groups have rows."""
    gap_low: Floats
    gap_high: Floats
    """The interval of the highest minus the lowest."""
    many: Flags
    """Whether more than two groups have rows, so that the two were picked from several."""
    p_value: Floats
    """That all groups have one proportion."""


def extremes(hits: Floats, n: Floats, *, level: float = 0.95) -> Extremes:
    """The two groups furthest apart, of those with rows; by [version, window] from counts [version, window, group].

    `level` is that of the low end of the gap's interval.
    """
    if not n.shape[-1]:
        hits, n = np.zeros((*n.shape[:-1], 1)), np.zeros((*n.shape[:-1], 1))
    present, rate = n > 0, share(hits, n)
    highest = np.argmax(np.where(present, rate, -np.inf), axis=-1)
    lowest = np.argmin(np.where(present, rate, np.inf), axis=-1)
    of = {name: of_group(values, place)[..., 0] for name, values, place in (
        ("hits_high", hits, highest), ("n_high", n, highest), ("hits_low", hits, lowest), ("n_low", n, lowest))}  # fmt: skip
    low, high = largest_gap(hits, n, level=level)
    held = present.sum(axis=-1)
    return Extremes(
        highest=highest, lowest=lowest, enough=held >= 2, many=held > 2, gap_low=low, gap_high=high, p_value=equality_p(hits, n), **of
    )


def equality_p(hits: Floats, n: Floats) -> Floats:
    """P-value that all groups (last axis) have one proportion: chi-squared, and for two groups z or Fisher's exact test."""
    found = chi_squared_p(np.stack([hits, n - hits], axis=-1))
    two = np.flatnonzero((n > 0).sum(axis=-1).ravel() == 2)
    if len(two):
        flat_hits, flat_n = hits.reshape(-1, n.shape[-1])[two], n.reshape(-1, n.shape[-1])[two]
        pair = np.argsort(flat_n <= 0, axis=-1, kind="stable")[:, :2]
        h, m = np.take_along_axis(flat_hits, pair, axis=-1), np.take_along_axis(flat_n, pair, axis=-1)
        found = found.copy()
        found.ravel()[two] = two_proportion_p(h[:, 0], m[:, 0], h[:, 1], m[:, 1])
    return found


def widest_difference(ends: Extremes, *, few: str = ONE_GROUP) -> Compared:
    """The highest proportion minus the lowest: Newcombe's interval of two groups, made for the widest of all pairs where there are more."""
    value = share(ends.hits_high, ends.n_high) - share(ends.hits_low, ends.n_low)
    method = np.where(ends.many, "newcombe-range", "newcombe").astype(object)
    return _checked(ends, value, ends.gap_low, ends.gap_high, method, few)


def widest_ratio(hits: Floats, n: Floats, ends: Extremes, *, zero: str) -> Compared:
    """The lowest proportion over the highest: Katz interval of two groups, made for the widest of all pairs where there are more."""
    top = share(ends.hits_high, ends.n_high)
    value = np.divide(share(ends.hits_low, ends.n_low), top, out=np.full(top.shape, np.nan), where=top > 0)
    low, high, method = ratio_interval(ends.hits_low, ends.n_low, ends.hits_high, ends.n_high)
    if ends.many.any():
        least, most = smallest_ratio(hits, n)
        low, high = np.where(ends.many, least, low), np.where(ends.many, most, high)
        method = np.where(ends.many, "mover-range", method).astype(object)
    found = _checked(ends, value, low, np.minimum(high, 1.0), method, ONE_GROUP)
    return replace(found, reason=np.where(ends.enough & ~(top > 0), zero, found.reason).astype(object))


def _checked(ends: Extremes, value: Floats, low: Floats, high: Floats, method: Words, few: str) -> Compared:
    usable = ends.enough & np.isfinite(value)

    def keep(values: Floats) -> Floats:
        return np.where(usable, values, np.nan)

    return Compared(
        value=keep(value), low=keep(low), high=keep(high), n=np.where(ends.enough, np.minimum(ends.n_high, ends.n_low), 0.0),
        p_value=keep(ends.p_value), method=method, reason=np.where(usable, "", few).astype(object),
    )  # fmt: skip


def per_attribute(evidence: Evidence, name: str, unit: str, groups: Groups, found: Compared, ends: Extremes) -> Measurement:
    """Measurements of one number an attribute: one a version and window with rows, the extreme groups named in its tables.

    `people` are those of the lowest group that the gap to the highest amounts to, whatever the figure divides or subtracts.
    """
    kept = np.flatnonzero((evidence.counts.rows[..., 0] > 0).ravel())
    version, window = np.unravel_index(kept, found.value.shape)
    value = found.value.ravel()[kept]
    tables: dict[int, dict[str, Any]] = {}
    levels = [dict(evidence.slices[position].levels) for position in groups.slices.tolist()]
    highest, lowest = ends.highest.ravel()[kept].tolist(), ends.lowest.ravel()[kept].tolist()
    for i in np.flatnonzero(np.isfinite(value) & (version == 0)).tolist():
        tables[i] = {"highest": levels[highest[i]], "lowest": levels[lowest[i]]}
    samples = replicated(evidence, groups)
    if 0 in tables and name in samples:
        tables[0]["resampled"] = {"low": samples[name][0], "high": samples[name][1], "replicates": REPLICATES}
    gap = widest_difference(ends)
    return measurement(
        name, unit, value=value, low=found.low.ravel()[kept], high=found.high.ravel()[kept], n=np.rint(found.n.ravel()[kept]),
        method=found.method.ravel()[kept], window=window, version=version, slice=0, attribute=groups.attribute,
        p_value=found.p_value.ravel()[kept], reason=found.reason.ravel()[kept], tables=tables,
        people=people(*(v.ravel()[kept] for v in (gap.value, gap.low, gap.high, ends.n_low))),
    )  # fmt: skip
