"""What would have turned one decision round: the cheapest possible changes of its inputs for which the model decides otherwise.

The cost of a row is the sum of its changes in spreads of the reference (`feasible.Space.distance` of order 1), so that few changes are
cheaper than many. The model is only ever asked, so any model will do. Three searches bring rows on the other side: every single change;
steps taken one at a time, the one that gains most for its cost first; and real rows on the other side, brought within what is possible. Of
what these have found, changes are taken back one by one and the rest made as small as the model allows.

It misleads as every counterfactual does: the model would decide otherwise, but nobody says that the world would let one input change alone,
that the change can be made in time, or that the person would then fare better. For a model with many steps a cheaper change may lie where
nobody looked; for a linear one, without whole numbers, the first found is the cheapest there is.

Source: S. Wachter, B. Mittelstadt and C. Russell (2018), Harvard Journal of Law & Technology 31; R. Mothilal, A. Sharma and C. Tan (2020),
FAT*, for diverse ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.probes.feasible import Space
from audits.probes.shrink import plain, shrunk, taken_back

if TYPE_CHECKING:
    import pyarrow as pa

Flags = NDArray[np.bool_]
Ask = Callable[["pa.Table"], tuple[Floats, Flags]]
"""Rows -> how far each is on the wanted side (below 0 on the other), and whether it is decided as wanted."""
FIRST, CHUNK, TURN = 256, 4_096, 0.25
"""Rows asked about at once: so many at first, then as many as take about this many seconds, so that no deadline is overrun by far."""
GRID = 24
BEAMS = 4
STEPS = 6
NEAREST = 256
KEPT = 16
SHOWN = 4
TOLL, SLIVER = 0.02, 0.1
"""What each changed input adds to the cost when rows are ranked, in spreads; below it, and this part of the largest, it is a sliver."""
APART = 0.5
"""Two counterfactuals that are shown share less than this part of the inputs that either changes."""


class OutOfTimeError(Exception):
    """The deadline has passed; what was found until then stands."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Rows that flip, the cheapest first [row, input], their costs, and how far each is on the wanted side.

    `finished` is False where the deadline ended the search.
    """

    rows: Floats
    cost: Floats
    gain: Floats
    asked: int
    seconds: float
    finished: bool


class Search:
    """One search: the row as it was logged, what is asked, and every row found to flip so far."""

    def __init__(self, space: Space, base: pa.Table, ask: Ask, *, deadline: float) -> None:
        self.space, self.base, self.ask = space, base, ask
        self.x0 = space.encode(base)
        self.began = time.monotonic()
        self.until = self.began + deadline
        self.asked = 0
        self.chunk = FIRST
        self.held: list[Floats] = []

    def __call__(self, x: Floats, *, late: bool = False) -> tuple[Floats, Flags]:
        """Gains and flips of rows [row, input]; those that flip and are possible are kept.

        Raises
        ------
        OutOfTimeError
            The deadline has passed, unless `late`.
        """
        gains, flips = [], []
        x = self.space.project(np.broadcast_to(self.x0, x.shape), x)
        first = 0
        while first < len(x):
            began = time.monotonic()
            if not late and began > self.until:
                raise OutOfTimeError
            part = x[first : first + self.chunk]
            first += len(part)
            base = self.base.take(np.zeros(len(part), dtype=np.int64))
            gain, flipped = self.ask(self.space.decode(base, part, x0=np.broadcast_to(self.x0, part.shape)))
            self.asked += len(part)
            rate = len(part) / max(time.monotonic() - began, 1e-6)
            self.chunk = int(np.clip(rate * TURN, 16, CHUNK)) if len(part) >= 16 else self.chunk
            flipped = flipped & (self.cost(part) > 0)
            if flipped.any():
                self.held.append(part[flipped])
            gains.append(np.where(np.isfinite(gain), gain, -np.inf))
            flips.append(flipped)
        return (np.concatenate(gains), np.concatenate(flips)) if gains else (np.zeros(0), np.zeros(0, dtype=np.bool_))

    def cost(self, x: Floats) -> Floats:
        """[row] the sum of the changes in spreads."""
        return self.space.distance(np.broadcast_to(self.x0, x.shape), x, order=1.0)

    def moves(self, x: Floats) -> Floats:
        """[row, input] the size of each change in spreads."""
        return np.abs(self.space.moves(np.broadcast_to(self.x0, x.shape), x))

    def best(self, rows: Floats | None = None) -> Floats:
        """The cheapest rows, of those found or of these, one for each set of inputs that change by more than a sliver."""
        held = [*self.held, np.zeros((0, self.x0.shape[1]))] if rows is None else [rows]
        rows = np.concatenate(held)
        moves = self.moves(rows)
        order = np.argsort(moves.sum(axis=1) + TOLL * (moves > 0).sum(axis=1), kind="stable")
        first = np.sort(np.unique(told_changes(moves[order]), axis=0, return_index=True)[1])
        return np.asarray(rows[order[first[:KEPT]]])


def told_changes(moves: Floats) -> Flags:
    """[row, input] which changes are more than slivers: small, and nothing beside the largest of the row."""
    return np.asarray(moves > np.minimum(TOLL, moves.max(axis=1, initial=0.0, keepdims=True) * SLIVER))


def search(space: Space, base: pa.Table, ask: Ask, *, rows: Floats, toward: Flags, deadline: float) -> Found:
    """The cheapest possible rows that are decided as wanted, each of a different set of inputs.

    Parameters
    ----------
    base
        The one row, as logged, with the inputs as columns.
    rows, toward
        Real rows, encoded [row, input], and which of them were decided as wanted.
    deadline
        Seconds; each row found by then is asked once more.
    """
    found = Search(space, base, ask, deadline=deadline)
    finished, rows_found = True, found.x0[:0]
    try:
        values = grids(space, found.x0, rows)
        steps(found, values)
        real(found, rows[toward])
        rows_found = polish(found)
    except OutOfTimeError:
        finished = False
    chosen = apart(found, rows_found if finished else found.best())
    told = plain(found, chosen)
    gain, flipped = found(np.concatenate([told, chosen]), late=True)  # what is told was asked a second time, as it is told
    possible = flipped & space.feasible(np.broadcast_to(found.x0, (len(flipped), found.x0.shape[1])), np.concatenate([told, chosen]))
    first, second = np.split(possible, 2)
    chosen = np.where(first[:, None], told, chosen)[first | second]
    gain = np.where(first, gain[: len(first)], gain[len(first) :])[first | second]
    return Found(
        rows=chosen, cost=found.cost(chosen), gain=gain, asked=found.asked, seconds=time.monotonic() - found.began, finished=finished
    )


def grids(space: Space, x0: Floats, rows: Floats) -> list[NDArray[Any]]:
    """For each input the values to try: levels it can have, or quantiles of the rows and the ends of what is possible."""
    low, high = space.bounds(x0)
    found: list[NDArray[Any]] = []
    for place, change in enumerate(space.changes):
        if not space.free[place] or not np.isfinite(x0[0, place]):
            found.append(np.zeros(0))
        elif change.levels is not None:
            codes = space.levels_to(place).astype(np.float64)
            found.append(codes[codes != x0[0, place]])
        else:
            known = rows[np.isfinite(rows[:, place]), place]
            cuts = np.quantile(known, np.linspace(0.01, 0.99, GRID - 2)) if len(known) else np.zeros(0)
            ends = np.asarray([x for x in (low[0, place], high[0, place]) if np.isfinite(x)])
            values = np.clip(np.concatenate([cuts, ends]), low[0, place], high[0, place])
            values = np.round(values) if space.whole[place] else values
            found.append(np.setdiff1d(values, x0[:, place]))
    return found


def steps(found: Search, values: list[NDArray[Any]]) -> None:
    """From the row itself, one change after another: the one that gains most for what it costs, in several lines at once.

    The first round tries every single change; the lines then begin with different inputs.
    """
    if not any(len(each) for each in values):
        return
    place = np.concatenate([np.full(len(each), j) for j, each in enumerate(values)])
    value = np.concatenate(values)
    start, flipped = found(found.x0)
    lines, gains = found.x0, start
    for number in range(STEPS):
        tried = np.repeat(lines, len(place), axis=0)
        tried[np.arange(len(tried)), np.tile(place, len(lines))] = np.tile(value, len(lines))
        gain, flipped = found(tried)
        gain, flipped = gain.reshape(len(lines), -1), flipped.reshape(len(lines), -1)
        added = np.maximum(found.cost(tried).reshape(gain.shape) - found.cost(lines)[:, None], 1e-9)
        worth = np.where(np.isfinite(gain), (gain - gains[:, None]) / added, -np.inf)
        worth = np.where(flipped, -np.inf, worth)  # a line that has arrived goes no further
        if number == 0:
            firsts = _first_moves(worth[0], gain[0], place)
            lines, gains = tried[firsts], gain[0][firsts]
        else:
            best = _farthest(worth, gain)
            going = np.flatnonzero((worth[np.arange(len(lines)), best] > 0) & ~flipped.any(axis=1))
            lines = tried.reshape(*gain.shape, -1)[going, best[going]]
            gains = gain[going, best[going]]
        if not len(lines):
            return


def _first_moves(worth: Floats, gain: Floats, place: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each of the inputs that gain most for their cost, its best value."""
    own = [np.flatnonzero(place == j) for j in np.unique(place)]
    best = [int(each[_farthest(worth[None, each], gain[None, each])[0]]) for each in own]
    order = sorted((at for at in best if worth[at] > 0), key=lambda at: -float(worth[at]))
    return np.asarray(order[:BEAMS], dtype=np.int64)


def _farthest(worth: Floats, gain: Floats) -> NDArray[np.int64]:
    """[line] the move that is worth most; of moves that are worth the same, the one that leads farthest."""
    top = worth.max(axis=1, keepdims=True)
    near = worth >= np.where(np.isfinite(top), top - 1e-6 * np.abs(top), np.inf)
    return np.asarray(np.argmax(np.where(near, gain, -np.inf), axis=1), dtype=np.int64)


def real(found: Search, rows: Floats) -> None:
    """Real rows that were decided as wanted, as near to the row as what is possible lets them come."""
    if not len(rows):
        return
    origin = np.broadcast_to(found.x0, rows.shape)
    near = found.space.project(origin, np.where(np.isfinite(rows), rows, origin))
    order = np.argsort(found.cost(near), kind="stable")
    found(near[order[:NEAREST]])


def polish(found: Search) -> Floats:
    """The rows found, less what they do not need, the rest as small as it can be."""
    taken_back(found, found.best())
    shrunk(found, found.best())
    shrunk(found, found.best())
    return found.best(taken_back(found, found.best()))


def apart(found: Search, rows: Floats) -> Floats:
    """The cheapest row, then each next one that changes other inputs than those before it."""
    moved, chosen = told_changes(found.moves(rows)), list[int]()
    for place in range(len(rows)):
        shared = [(moved[place] & moved[other]).sum() / max((moved[place] | moved[other]).sum(), 1) for other in chosen]
        if len(chosen) < SHOWN and all(each < APART for each in shared):
            chosen.append(place)
    return rows[chosen]
