"""Score histograms from a tally, by window, slice, decision, outcome and bin: fine for single groups, coarse for intersections too."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import Bins, NumericBins
from audits.counts import UNKNOWN, add_rows, summed
from audits.estimate import Floats, Integers
from audits.slices import Slice
from audits.tally import Tally

COARSE = 20
"""Bins of the coarse table; the margins keep the score's own grid."""

SHARED = 200_000_000


@dataclass(frozen=True, kw_only=True)
class Histograms:
    """The histograms of one tally on one curve.

    Parameters
    ----------
    slices
        The slices that positions refer to.
    cross, segments
        The attributes that are counted together, sorted, and those that are counted alone.
    window, windows
        The position of each partition's window, and how many positions there are; with several, position 0 is the sum of the others.
    curve
        Which of the model's grids (`Bins.curves`).
    without
        A group of units that is left out. The fine grid does not know of units: it loses what the coarse one says, bin by bin.
    """

    tally: Tally
    bins: Bins
    slices: tuple[Slice, ...]
    cross: tuple[str, ...]
    segments: tuple[str, ...]
    window: Integers
    windows: int
    curve: int = 0
    without: int | None = None
    shared: dict[Hashable, Any] = field(default_factory=dict)
    """What is the same whichever group of units is left out: full histograms, kept for the next group up to `SHARED` bytes."""

    def whole(self) -> Histograms:
        """The same over the whole period only."""
        return replace(self, window=np.zeros(len(self.window), dtype=np.int64), windows=1)

    @property
    def grid(self) -> NumericBins | None:
        """The grid of the curve."""
        found = self.bins.by_name.get(self.bins.curves[self.curve]) if self.curve < len(self.bins.curves) else None
        return found if isinstance(found, NumericBins) else None

    def fine(
        self,
        slices: Sequence[int],
        *,
        decided: bool = False,
        names: Sequence[str] = ("n", "score"),
        partitions: NDArray[np.bool_] | None = None,
    ) -> dict[str, Floats]:  # fmt: skip
        """Sums by [window, slice, (decision,) outcome, bin of the frozen grid]; slices are everybody, single groups or segment levels."""
        if self.without is not None:
            full = self._full(("fine", decided, tuple(names)), slices, partitions, lambda all_units: all_units.fine(
                slices, decided=decided, names=names, partitions=partitions
            ))  # fmt: skip
            size = 0 if self.grid is None else self.grid.size
            kept = self._kept(slices, decided, partitions)[..., np.arange(size) * COARSE // max(size, 1)]
            return {name: values * kept for name, values in full.items()}
        rows = self.tally.margin
        order = {self.slices[position]: place for place, position in enumerate(slices)}
        target = np.asarray([order.get(found, -1) for found in self.tally.slices] + [-1], dtype=np.int64)[rows["slice"]]
        keep = (target >= 0) & (rows["curve"] == self.curve)
        if partitions is not None:
            keep &= partitions[rows["partition"]]
        axes, shape = [self.window[rows["partition"][keep]], target[keep]], [self.windows, len(slices)]
        for name in ("decision", "outcome") if decided else ("outcome",):
            axes.append(np.where(rows[name] < 0, UNKNOWN, rows[name])[keep].astype(np.int64))
            shape.append(3)
        place = np.ravel_multi_index(tuple(axes), shape) if keep.any() else np.zeros(0, dtype=np.int64)
        size = 0 if self.grid is None else self.grid.size
        found = {}
        for name in names:
            values = np.zeros((int(np.prod(shape)), size))
            if name in rows:
                add_rows(values, place, rows[name][keep][:, :size])
            values = values.reshape(*shape, size)
            if self.windows > 1:
                values[0] = values[1:].sum(axis=0)
            found[name] = values
        return found

    def _full(
        self, what: tuple[Hashable, ...], slices: Sequence[int], partitions: NDArray[np.bool_] | None,
        made: Callable[[Histograms], Any],
    ) -> Any:  # fmt: skip
        """Something of all units together, made once for all groups that are left out in turn."""
        mask = None if partitions is None else partitions.tobytes()
        key = (*what, id(self.tally), self.curve, self.windows, tuple(slices), mask)
        if key not in self.shared:
            found = made(replace(self, without=None))
            size = sum(values.nbytes for values in (found.values() if isinstance(found, dict) else found))
            if self.shared.get("bytes", 0) + size > SHARED:
                return found
            self.shared[key], self.shared["bytes"] = found, self.shared.get("bytes", 0) + size
        return self.shared[key]

    def runs(self, slices: Sequence[int], starts: Sequence[Integers], partitions: NDArray[np.bool_] | None = None) -> Floats:
        """Counts by [window, decision, outcome, run]: for slice after slice its fine bins added up over runs that begin at `starts`.

        What a measure needs of a thousand bins is often a hundred runs: added up before they are laid out, they cost a tenth. Units left
        out are not taken off.
        """
        rows, shape, found = self.tally.margin, (self.windows, 3, 3), []
        size = 0 if self.grid is None else self.grid.size
        of_curve = rows["curve"] == self.curve
        kept = of_curve if partitions is None else of_curve & partitions[rows["partition"]]
        for position, begin in zip(slices, starts, strict=True):
            cells = [place for place, each in enumerate(self.tally.slices) if each == self.slices[position]]
            chosen = np.flatnonzero(kept & np.isin(rows["slice"], cells))
            codes = (np.where(rows[name] < 0, UNKNOWN, rows[name])[chosen].astype(np.int64) for name in ("decision", "outcome"))
            values = np.zeros((int(np.prod(shape)), len(begin)))
            if len(chosen):
                place = np.ravel_multi_index((self.window[rows["partition"][chosen]], *codes), shape)
                add_rows(values, place, np.add.reduceat(rows["n"][chosen, :size], begin, axis=1))
            values = values.reshape(*shape, len(begin))
            if self.windows > 1:
                values[0] = values[1:].sum(axis=0)
            found.append(values)
        return np.concatenate(found, axis=-1)

    def _kept(self, slices: Sequence[int], decided: bool, partitions: NDArray[np.bool_] | None) -> Floats:
        """The share of each coarse bin that is left without the group of units."""
        every, _ = self._full(("coarse",), slices, partitions, lambda all_units: all_units.coarse(slices, partitions))
        left, _ = self.coarse(slices, partitions)
        if not decided:
            every, left = every.sum(axis=2), left.sum(axis=2)
        return np.divide(left, every, out=np.ones_like(every), where=every > 0)

    def coarse(self, slices: Sequence[int], partitions: NDArray[np.bool_] | None = None) -> tuple[Floats, Floats]:
        """Counts and sums of scores by [window, slice, decision, outcome, coarse bin]: each cell of the cross counts for all slices that
        hold it."""
        rows = self.tally.coarse
        keep = rows["curve"] == self.curve
        if partitions is not None:
            keep &= partitions[rows["partition"]]
        if self.without is not None:
            keep &= rows["unit"] != self.without
        order = {self.slices[position]: place for place, position in enumerate(slices)}
        shape = (self.windows, len(slices), 3, 3, COARSE)
        targets, sources = [], []
        for names in {found.attributes for found in order}:
            held = names if names and names[0] in self.segments else self._cross
            of_cell = [order.get(found.only(names), -1) if found.attributes == held else -1 for found in self.tally.slices]
            target = np.asarray([*of_cell, -1], dtype=np.int64)[rows["slice"]]
            chosen = np.flatnonzero(keep & (target >= 0))
            targets.append(target[chosen])
            sources.append(chosen)
        source = np.concatenate(sources) if sources else np.zeros(0, dtype=np.int64)
        if not len(source):
            return np.zeros(shape), np.zeros(shape)
        codes = (np.where(rows[name] < 0, UNKNOWN, rows[name])[source].astype(np.int64) for name in ("decision", "outcome"))
        place = (self.window[rows["partition"][source]], np.concatenate(targets), *codes, rows["score_bin"][source].astype(np.int64))
        flat = np.ravel_multi_index(place, shape)
        found = []
        for name in ("n", "score"):
            values = summed(flat, rows[name][source], int(np.prod(shape))).reshape(shape)
            if self.windows > 1:
                values[0] = values[1:].sum(axis=0)
            found.append(values)
        return found[0], found[1]

    @cached_property
    def _cross(self) -> tuple[str, ...]:
        """The attributes of the cross, as far as the log has them."""
        seen = {name for found in self.tally.slices for name in found.attributes}
        return tuple(name for name in self.cross if name in seen)
