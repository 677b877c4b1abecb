"""The group that others are compared with: the one the configuration names, else the one with the highest rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.interval import share

Flags = NDArray[np.bool_]

ENOUGH_ROWS = 30
"""A group with this many rows may be the yardstick of the others."""

ENOUGH_SHARE = 0.02
"""So may a group with this share of the rows, unless it is a single row (29 CFR 1607.4(A) sets groups below 2 % apart)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The known groups of one attribute, or of the full intersection: positions in `Evidence.attributes` and `Evidence.slices`.

    `allowed` says which of them may be the yardstick: all, or those of the levels that the configuration names.
    """

    attribute: int
    slices: Integers
    allowed: Flags


def compared_groups(evidence: Evidence) -> Iterator[Groups]:
    """The groups of each protected attribute, then of the full intersection."""
    named = {found.column: found.reference for found in evidence.model.protected if found.reference is not None}
    for position, name in enumerate(evidence.attributes):
        slices = evidence.known_groups(name)
        levels = [evidence.slices[place].levels for place in slices.tolist()]
        allowed = [all(named.get(attribute, level) == level for attribute, level in held) for held in levels]
        yield Groups(attribute=position, slices=slices, allowed=np.asarray(allowed, dtype=np.bool_))


def yardstick(rate: Floats, n: Floats, everybody: Floats, allowed: Flags | None = None) -> Integers:
    """For each version and window the group that others are compared with: the highest rate, the larger group where rates tie.

    Parameters
    ----------
    rate, n
        By [version, window, group].
    everybody
        Rows of the whole population by [version, window].
    allowed
        By [group]: which groups may be it. A single one is it, whatever its rate and however few its rows.

    Of several, a group must have `ENOUGH_ROWS` rows, or `ENOUGH_SHARE` of all rows and more than one; where none has, any group may be
    it. The result is -1 where no group that may be it has rows.
    """
    if not n.shape[-1]:
        return np.full(n.shape[:-1], -1, dtype=np.int64)
    present = n > 0
    if allowed is not None and not allowed.all():
        if allowed.sum() == 1:
            return np.full(n.shape[:-1], int(np.argmax(allowed)), dtype=np.int64)
        present = present & allowed
    large = present & ((n >= ENOUGH_ROWS) | ((n >= ENOUGH_SHARE * everybody[..., None]) & (n > 1)))
    eligible = np.where(large.any(axis=-1, keepdims=True), large, present)
    ranked = np.where(eligible, rate, -np.inf)
    best = eligible & (ranked == ranked.max(axis=-1, keepdims=True))
    place = np.argmax(np.where(best, n, -1.0), axis=-1)
    return np.where(present.any(axis=-1), place, -1).astype(np.int64)


def comparisons(groups: Groups, n: Floats) -> Floats:
    """What a p-value against the reference group is multiplied by for its q-value, because that group was picked as the highest: [..., 1].

    Of k groups that might have been picked, the one picked lies above a group for k - 1 reasons instead of one, and above rather than
    below: by the union bound the p-value grows (k - 1) / 2 times, and not at all where the group was named. `n` are rows by [..., group].
    """
    picked = ((n > 0) & groups.allowed).sum(axis=-1, keepdims=True)
    return np.maximum((picked - 1) / 2, 1.0) if groups.allowed.sum() > 1 else np.ones(picked.shape)


def picked_from(evidence: Evidence) -> Floats:
    """The same factor of `comparisons` for every attribute, by [version, window, attribute], of the groups that were decided on.

    Where nobody was decided on, of the groups with rows.
    """
    counts = evidence.counts
    rows = np.where(counts.decided[..., :1] > 0, counts.decided, counts.rows)
    found = [comparisons(groups, rows[..., groups.slices])[..., 0] for groups in compared_groups(evidence)]
    return np.stack(found, axis=-1) if found else np.ones((*rows.shape[:2], 0))


def of_group(values: Floats, place: Integers, *, absent: float = 0.0) -> Floats:
    """The value of one group a version and window, as [version, window, 1]; `absent` where there is no such group (-1)."""
    found = np.take_along_axis(values, np.maximum(place, 0)[..., None], axis=-1)
    return np.where(place[..., None] < 0, absent, found)


def selection_yardstick(evidence: Evidence, groups: Groups) -> Integers:
    """The named group, or the one with the highest selection rate, by [version, window]."""
    counts = evidence.counts
    n = counts.decided[..., groups.slices]
    return yardstick(share(counts.selected[..., groups.slices], n), n, counts.decided[..., 0], groups.allowed)


def reference_groups(evidence: Evidence, groups: Groups) -> Integers:
    """The same, and where nobody of a window was decided on the largest group: it serves figures that need no decision."""
    counts = evidence.counts
    rows = counts.rows[..., groups.slices]
    largest = yardstick(np.zeros_like(rows), rows, counts.rows[..., 0], groups.allowed)
    decided = counts.decided[..., groups.slices].sum(axis=-1) > 0
    return np.where(decided, selection_yardstick(evidence, groups), largest).astype(np.int64)
