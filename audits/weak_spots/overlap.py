"""How slices overlap: one table of cells fine enough for all of them, fitted to the tables that the tallies hold.

The tallies hold the cross of all protected attributes, and each segment with each attribute, but not segment and intersection together.
The fine table agrees with every table held, and beyond that adds nothing: cells are filled as if a segment's levels were spread alike in
all intersections, then fitted to the margins in turn (iterative proportional fitting).

Source: W. E. Deming and F. F. Stephan (1940), Annals of Mathematical Statistics 11, 427-444.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from audits.estimate import Floats, Integers
from audits.slices import Slice
from audits.weak_spots.search import Cells, Sums

MOST_CELLS = 30_000
"""Cells of the fine table, at most: segments that would make it larger are left out of it, and their levels taken for one."""

ROUNDS = 25
CLOSE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """The tables held: for each family its cells and their sums; the first is the cross of all protected attributes."""

    families: tuple[tuple[tuple[Slice, ...], Sums], ...]

    def cells(self, slices: Sequence[Slice]) -> Cells:
        """The fine table as far as these slices need it."""
        base, sums = self.families[0]
        protected = set(base[0].attributes) if base else set()
        axes = self._axes({name for one in slices for name in one.attributes} - protected, len(base))
        fine = [
            Slice.of([*cell.levels, *more])
            for cell in base
            for more in product(*([(name, level) for level in levels] for name, levels in axes))
        ]
        repeat = len(fine) // max(len(base), 1)
        margins = [
            (_places(fine, held), given) for held, given in self.families if held and set(held[0].attributes) <= set(fine[0].attributes)
        ]
        n = _fitted(np.repeat(sums.n / repeat, repeat), [(place, given.n) for place, given in margins])
        parts = {}
        for name in ("total", "squared"):
            mean = np.divide(getattr(sums, name), sums.n, out=np.zeros(len(base)), where=sums.n > 0)
            parts[name] = _fitted(n * np.repeat(mean, repeat), [(place, getattr(given, name)) for place, given in margins])
        levels = [dict(cell.levels) for cell in fine]
        member = [[all(cell.get(name, level) == level for name, level in one.levels) for cell in levels] for one in slices]
        return Cells(member=np.asarray(member, dtype=np.bool_).reshape(len(slices), len(fine)), sums=Sums(n=n, **parts))

    def _axes(self, wanted: set[str], size: int) -> list[tuple[str, list[str]]]:
        """The segments wanted with their levels, as many as fit."""
        found = []
        for name in sorted(wanted):
            held = next(cells for cells, _ in self.families[1:] if cells and name in cells[0].attributes)
            levels = sorted({dict(cell.levels)[name] for cell in held})
            if size * len(levels) <= MOST_CELLS:
                found.append((name, levels))
                size *= len(levels)
        return found


def _places(fine: Sequence[Slice], held: Sequence[Slice]) -> Integers:
    """For each fine cell, the cell of a held table that it belongs to; one past the last for none."""
    order = {cell: position for position, cell in enumerate(held)}
    names = held[0].attributes
    return np.asarray([order.get(cell.only(names), len(held)) for cell in fine], dtype=np.int64)


def _fitted(start: Floats, margins: Sequence[tuple[Integers, Floats]]) -> Floats:
    """Values in proportion to `start` whose sums over each margin are those given, as nearly as 25 rounds bring them."""
    found = start.astype(np.float64)
    for _ in range(ROUNDS):
        before = found
        for place, wanted in margins:
            target = np.append(wanted, 0.0)
            seen = np.bincount(place, found, len(target))
            found = found * np.divide(target, seen, out=np.zeros(len(target)), where=seen > 0)[place]
        if np.abs(found - before).sum() <= CLOSE * max(before.sum(), 1.0):
            break
    return found
