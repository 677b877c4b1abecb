"""Groups side by side: who is compared, with whom, and how the result is laid out.

Counts arrive as arrays [version, window, slice]; here they become [version, window, group] for the groups of one attribute. Groups
whose level is unknown never take part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.yardstick import Groups, of_group
from audits.figures import people
from audits.finding import Measurement
from audits.interval import katz, katz_method, koopman, newcombe, share, two_proportion_p

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
    versions, windows, _ = found.n.shape
    kept = np.flatnonzero((found.n > 0) & evidence.reported[:versions, :windows, groups.slices])
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
