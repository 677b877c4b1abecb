"""Groups side by side: who is compared, with whom, and how the result is laid out.

Counts arrive as arrays [version, window, slice]; here they become [version, window, group] for the groups of one attribute. Groups
whose level is unknown never take part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.yardstick import Flags, Groups, of_group
from audits.figures import people
from audits.finding import Measurement
from audits.interval import chi_squared_p, katz, katz_method, koopman, newcombe, share, two_proportion_p

Words = NDArray[np.object_]

REFERENCE_GROUP = "reference group"
NO_GROUP = "no known group has a row to measure it on"
ONE_GROUP = "fewer than two known groups have rows to compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A figure per [version, window, group], or per [version, window]; NaN where it cannot be computed and `reason` says why."""

    value: Floats
    low: Floats
    high: Floats
    n: Floats
    p_value: Floats
    method: Words
    reason: Words


def ratios(hits: Floats, n: Floats, reference: Integers, *, zero: str) -> Compared:
    """Each group's proportion over the reference group's, with its Katz interval (Koopman below five events).

    `zero` is the reason given where the reference group's proportion is 0.
    """
    hits_r, n_r = of_group(hits, reference), of_group(n, reference)
    rate_r = share(hits_r, n_r)
    value = np.divide(share(hits, n), rate_r, out=np.full(n.shape, np.nan), where=np.broadcast_to(rate_r > 0, n.shape))
    low, high, method = ratio_interval(hits, n, *np.broadcast_arrays(hits_r, n_r, n)[:2])
    p_value = two_proportion_p(hits, n, hits_r, n_r)
    reason = np.where((n_r > 0) & ~(rate_r > 0), zero, "no rows of the reference group to compare with")
    found = Compared(value=value, low=low, high=high, n=n, p_value=p_value, method=method, reason=np.broadcast_to(reason, n.shape))
    return with_reference(found, reference, 1.0)


def differences(hits: Floats, n: Floats, reference: Integers) -> Compared:
    """Each group's proportion minus the reference group's, with its Newcombe interval."""
    hits_r, n_r = of_group(hits, reference), of_group(n, reference)
    low, high = newcombe(hits, n, hits_r, n_r)
    found = Compared(
        value=share(hits, n) - share(hits_r, n_r), low=low, high=high, n=n, p_value=two_proportion_p(hits, n, hits_r, n_r),
        method=words("newcombe", n), reason=words("no rows of the reference group to compare with", n),
    )  # fmt: skip
    return with_reference(found, reference, 0.0)


def ratio_interval(hits1: Floats, n1: Floats, hits2: Floats, n2: Floats) -> tuple[Floats, Floats, Words]:
    """Katz or Koopman interval of a ratio, and which; Koopman too where everybody is a hit, for Katz then claims to be certain."""
    low, high = katz(hits1, n1, hits2, n2)
    method = katz_method(hits1, hits2)
    full = (hits1 == n1) & (hits2 == n2) & (n1 > 0) & (n2 > 0)
    if full.any():
        low[full], high[full] = koopman(hits1[full], n1[full], hits2[full], n2[full])
        method[full] = "koopman-score"
    return low, high, method


def with_reference(found: Compared, reference: Integers, value: float) -> Compared:
    """The same, with the reference group's own figure set to what it is by definition: shown, and not tested against itself."""
    own = (np.arange(found.n.shape[-1]) == reference[..., None]) & np.isfinite(found.value)

    def put(values: Floats, mine: float) -> Floats:
        return np.where(own, mine, np.where(np.isfinite(found.value), values, np.nan))

    return replace(
        found, value=put(found.value, value), low=put(found.low, value), high=put(found.high, value), p_value=put(found.p_value, np.nan),
        method=np.where(own, "by definition", found.method).astype(object),
        reason=np.where(own, REFERENCE_GROUP, np.where(np.isfinite(found.value), "", found.reason)).astype(object),
    )  # fmt: skip


def words(text: str, like: NDArray[Any]) -> Words:
    """One text in every cell of an array of this shape."""
    return np.full(like.shape, text, dtype=object)


def per_group(
    evidence: Evidence, name: str, unit: str, groups: Groups, reference: Integers, found: Compared, *, tables: Sequence[Any] | None = None,
    counted: tuple[Floats, Floats] | None = None,
) -> Measurement:  # fmt: skip
    """Measurements of groups against their reference group: one a version, window and group with rows.

    `tables` holds, flat over [version, window, group], a dict of named numbers or None. `counted` are the hits and rows that the figure
    compares: with them it also says how many of the group's rows the gap between the two shares amounts to.
    """
    kept = np.flatnonzero(found.n.ravel() > 0)
    if not len(kept):
        return no_group(name, unit, groups)
    version, window, place = np.unravel_index(kept, found.n.shape)
    attached = {i: table for i, k in enumerate(kept.tolist()) if (table := tables[k]) is not None} if tables is not None else None
    beside = reference[version, window]
    return measurement(
        name, unit, value=found.value.ravel()[kept], low=found.low.ravel()[kept], high=found.high.ravel()[kept],
        n=np.rint(found.n.ravel()[kept]), method=found.method.ravel()[kept], window=window, version=version, slice=groups.slices[place],
        reference_slice=np.where(beside >= 0, groups.slices[beside], -1), attribute=groups.attribute,
        p_value=found.p_value.ravel()[kept], reason=found.reason.ravel()[kept], tables=attached,
        people=None if counted is None else _people(*counted, reference, kept),
    )  # fmt: skip


def _people(hits: Floats, n: Floats, reference: Integers, kept: Integers) -> tuple[Floats, Floats, Floats]:
    """How many rows of each group the gap to the reference group's share amounts to, flat; none for the reference group itself."""
    hits_r, n_r = of_group(hits, reference), of_group(n, reference)
    low, high = newcombe(hits, n, hits_r, n_r)
    own = np.arange(n.shape[-1]) == reference[..., None]
    value, least, most = (
        np.where(own, np.nan, values).ravel()[kept] for values in people(share(hits, n) - share(hits_r, n_r), low, high, n)
    )
    return value, least, most


def no_group(name: str, unit: str, groups: Groups) -> Measurement:
    """The one measurement that says that no known group has a row to measure."""
    empty = np.full(1, np.nan)
    return measurement(
        name, unit, value=empty, low=empty, high=empty, n=np.zeros(1), method="", attribute=groups.attribute, reason=NO_GROUP
    )


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
    p_value: Floats
    """That all groups have one proportion."""


def extremes(hits: Floats, n: Floats) -> Extremes:
    """The two groups furthest apart, of those with rows; by [version, window] from counts [version, window, group]."""
    if not n.shape[-1]:
        hits, n = np.zeros((*n.shape[:-1], 1)), np.zeros((*n.shape[:-1], 1))
    present, rate = n > 0, share(hits, n)
    highest = np.argmax(np.where(present, rate, -np.inf), axis=-1)
    lowest = np.argmin(np.where(present, rate, np.inf), axis=-1)
    of = {name: of_group(values, place)[..., 0] for name, values, place in (
        ("hits_high", hits, highest), ("n_high", n, highest), ("hits_low", hits, lowest), ("n_low", n, lowest))}  # fmt: skip
    return Extremes(highest=highest, lowest=lowest, enough=present.sum(axis=-1) >= 2, p_value=equality_p(hits, n), **of)


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
    """The highest proportion minus the lowest, with the Newcombe interval of these two groups, never below 0."""
    low, high = newcombe(ends.hits_high, ends.n_high, ends.hits_low, ends.n_low)
    value = share(ends.hits_high, ends.n_high) - share(ends.hits_low, ends.n_low)
    return _checked(ends, value, np.maximum(low, 0.0), high, words("newcombe", value), few)


def widest_ratio(ends: Extremes, *, zero: str) -> Compared:
    """The lowest proportion over the highest, with the Katz interval of these two groups, never above 1."""
    top = share(ends.hits_high, ends.n_high)
    value = np.divide(share(ends.hits_low, ends.n_low), top, out=np.full(top.shape, np.nan), where=top > 0)
    low, high, method = ratio_interval(ends.hits_low, ends.n_low, ends.hits_high, ends.n_high)
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


def per_attribute(evidence: Evidence, name: str, unit: str, groups: Groups, found: Compared, ends: Extremes | None = None) -> Measurement:
    """Measurements of one number an attribute: one a version and window with rows, the extreme groups named in its tables."""
    kept = np.flatnonzero((evidence.counts.rows[..., 0] > 0).ravel())
    version, window = np.unravel_index(kept, found.value.shape)
    value = found.value.ravel()[kept]
    tables: dict[int, Mapping[str, Any]] = {}
    if ends is not None:
        levels = [dict(evidence.slices[position].levels) for position in groups.slices.tolist()]
        highest, lowest = ends.highest.ravel()[kept].tolist(), ends.lowest.ravel()[kept].tolist()
        for i in np.flatnonzero(np.isfinite(value) & (version == 0)).tolist():
            tables[i] = {"highest": levels[highest[i]], "lowest": levels[lowest[i]]}
    gap = None if ends is None else widest_difference(ends)  # of the group with the lowest share, whatever the figure divides or subtracts
    return measurement(
        name, unit, value=value, low=found.low.ravel()[kept], high=found.high.ravel()[kept], n=np.rint(found.n.ravel()[kept]),
        method=found.method.ravel()[kept], window=window, version=version, slice=0, attribute=groups.attribute,
        p_value=found.p_value.ravel()[kept], reason=found.reason.ravel()[kept], tables={i: dict(t) for i, t in tables.items()},
        people=None if gap is None or ends is None else people(*(v.ravel()[kept] for v in (gap.value, gap.low, gap.high, ends.n_low))),
    )  # fmt: skip
