"""The lattice of slices that the tallies hold: every group, segment level and cross of them, with the errors or losses inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from audits.estimate import Floats, Integers
from audits.interval import share
from audits.slices import Slice
from audits.tally import Table, Tally
from audits.weak_spots.overlap import Overlap
from audits.weak_spots.search import Cells, Flags, Kept, Measure, Sums, search

MOST = 4000
"""Slices of one family, at most: where there are more, its widest crosses are left out."""


@dataclass(frozen=True, kw_only=True)
class Lattice:
    """All slices that the tallies of the whole period hold.

    Parameters
    ----------
    slices
        Crosses after what they cross; two that hold the same rows appear once, under the shorter name.
    inside, everybody
        Sums by slice, and of all rows.
    overlap
        What the slices are made of.
    inflation
        By slice: how much more its excess varies than with independent rows, from a jackknife over groups of units; 1 without units.
    """

    slices: tuple[Slice, ...]
    inside: Sums
    everybody: Sums
    overlap: Overlap
    inflation: Floats


@dataclass(frozen=True, kw_only=True)
class _Family:
    """Sums by [group of units, cell], and for each slice which of the cells it is made of."""

    held: tuple[Slice, ...]
    sums: Sums
    members: dict[Slice, Flags]


def lattice(tally: Tally, measure: Measure, *, classes: int = 0) -> Lattice:
    """The lattice of one measure, over all partitions of a tally; `classes` is how many a multiclass task tells apart."""
    families = [_family(tally, measure, number, classes) for number in sorted(tally.families())]
    first: dict[Slice, _Family] = {}
    for family in families:
        for one in family.members:
            first.setdefault(one, family)
    names = sorted(first, key=lambda one: len(one.levels))  # stable: families stay in their order
    if not names:
        none = Sums(n=np.zeros(0), total=np.zeros(0), squared=np.zeros(0))
        return Lattice(slices=(), inside=none, everybody=none, overlap=Overlap(families=()), inflation=np.zeros(0))
    parts = [first[one].sums.each(lambda x, one=one: x[:, first[one].members[one]].sum(axis=1)) for one in names]  # type: ignore[misc]
    by_unit = Sums(**{field: np.stack([getattr(part, field) for part in parts], axis=1) for field in ("n", "total", "squared")})
    all_by_unit = families[0].sums.each(lambda x: np.asarray(x.sum(axis=1)))
    kept = _distinct(names, by_unit.n.sum(axis=0))
    by_unit, slices = by_unit.each(lambda x: x[:, kept]), tuple(names[i] for i in kept.tolist())
    return Lattice(
        slices=slices, inside=_over_units(by_unit), everybody=_over_units(all_by_unit),
        overlap=Overlap(families=tuple((family.held, _over_units(family.sums)) for family in families)),
        inflation=inflation(by_unit, all_by_unit),
    )  # fmt: skip


def searched(found: Lattice, measure: Measure) -> Kept:
    """The slices of a lattice that are worse than everybody else, on their own account."""

    def cells(some: Integers) -> Cells:
        return found.overlap.cells([found.slices[i] for i in some.tolist()])

    return search(found.inside, found.everybody, cells, measure, inflation=found.inflation)


def _over_units(sums: Sums) -> Sums:
    return sums.each(lambda x: np.asarray(x.sum(axis=0)))


def _family(tally: Tally, measure: Measure, number: int, classes: int) -> _Family:
    table = tally.outcome
    rows = np.flatnonzero(table["family"] == number)
    found, cell = np.unique(table["slice"][rows], return_inverse=True)
    unit = np.asarray(table["unit"] if "unit" in table else np.full(len(table["n"]), -1), dtype=np.int64)[rows] + 1
    shape = (int(unit.max(initial=0)) + 1, len(found))
    measured = _measured({name: values[rows] for name, values in table.items()}, measure, classes)
    sums = measured.each(lambda x: np.bincount(unit * len(found) + cell, x, shape[0] * shape[1]).astype(np.float64).reshape(shape))
    held = tuple(tally.slices[i] for i in found.tolist())
    return _Family(held=held, sums=sums, members=_members(held))


def _measured(table: Table, measure: Measure, classes: int) -> Sums:
    """n, Σx and Σx² of each row of the outcome table; 0 where the measure needs something unknown."""
    decision, outcome = np.asarray(table["decision"]), np.asarray(table["outcome"])
    beyond = classes or np.inf  # classes that nobody tells apart share this code
    if measure == "error_rate":
        n = np.where((decision >= 0) & (outcome >= 0) & ~((decision == beyond) & (outcome == beyond)), table["n"], 0).astype(np.float64)
        wrong = np.where(decision != outcome, n, 0.0)
        return Sums(n=n, total=wrong, squared=wrong)
    names = ("scored", "log_loss", "log_loss_squared") if measure == "log_loss" else ("scored", "error_abs", "error_2")
    if any(name not in table for name in names):
        nothing = np.zeros(len(outcome))
        return Sums(n=nothing, total=nothing, squared=nothing)
    known = (outcome >= 0) & (outcome != beyond)
    n, total, squared = (np.where(known, np.nan_to_num(np.asarray(table[name], dtype=np.float64)), 0.0) for name in names)
    return Sums(n=n, total=total, squared=squared)


def _members(held: Sequence[Slice]) -> dict[Slice, Flags]:
    """For every slice that these cells make up, which of them it holds; the narrowest conditions last."""
    names = held[0].attributes if held else ()
    found: dict[Slice, Flags] = {}
    for size in range(1, len(names) + 1):
        level: dict[Slice, list[int]] = {}
        for some in combinations(names, size):
            for position, cell in enumerate(held):
                level.setdefault(cell.only(some), []).append(position)
        if found and len(found) + len(level) > MOST:
            break
        for one, positions in level.items():
            found[one] = np.isin(np.arange(len(held)), positions)
    return found


def _distinct(names: Sequence[Slice], n: Floats) -> Integers:
    """Positions of the slices that hold fewer rows than each slice with one condition less."""
    place = {one: position for position, one in enumerate(names)}
    kept = []
    for position, one in enumerate(names):
        wider = [place.get(one.only(name for name in one.attributes if name != left)) for left in one.attributes]
        if all(n[other] > n[position] for other in wider if other is not None):
            kept.append(position)
    return np.asarray(kept, dtype=np.int64)


def inflation(inside: Sums, everybody: Sums) -> Floats:
    """By slice, the variance of its excess by a jackknife over groups of units, over that of independent rows; at least 1.

    Parameters
    ----------
    inside, everybody
        Sums by [group of units, slice] and by [group of units].

    Source: L. Kish (1965), Survey Sampling, section 8.2, for the design effect; B. Efron (1982), The Jackknife, chapter 3.
    """
    groups = everybody.n > 0
    size = int(groups.sum())
    if size < 2:
        return np.ones(inside.n.shape[1])
    outside = everybody.each(lambda x: x[:, None]) - inside
    left = [part.each(lambda x: np.asarray(x.sum(axis=0) - x[groups])) for part in (inside, outside)]
    away = share(left[0].total, left[0].n) - share(left[1].total, left[1].n)
    with np.errstate(invalid="ignore", divide="ignore"):
        clustered = (size - 1) / size * ((away - away.mean(axis=0)) ** 2).sum(axis=0)
        alone = _variance_of_mean(_over_units(inside)) + _variance_of_mean(_over_units(outside))
        found = clustered / alone
    return np.where(np.isfinite(found), np.maximum(found, 1.0), 1.0)


def _variance_of_mean(sums: Sums) -> Floats:
    return np.asarray((sums.squared / sums.n - (sums.total / sums.n) ** 2) / sums.n)
