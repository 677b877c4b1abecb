"""A row that flips, made cheaper: changes taken back one by one, the others made as small as the model allows, their numbers plain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.probes.cut_off import shortest

if TYPE_CHECKING:
    from audits.probes.counterfactual import Search

POINTS = 7
ROUNDS = 5
INPUTS = 4
"""Inputs of one row that are made smaller: those whose change gains least for what it costs come first."""
PLAIN, PART = 0.01, 0.05
"""How far a number may move on to become a plain one: this many spreads, and this part of its change."""


def taken_back(found: Search, rows: Floats) -> Floats:
    """The rows with changes taken back while they still flip, the most expensive first, all rows at once: no change in them is idle."""
    rows = rows.copy()
    for _ in range(rows.shape[1]):
        line, place, moved, _, flipped = _without_each(found, rows)
        several = np.bincount(line, minlength=len(rows))[line] > 1
        saved = np.where(flipped & several, moved, 0.0)
        best = _best_of_line(line, saved, len(rows))
        going = np.flatnonzero(best >= 0)
        if not len(going):
            break
        rows[going, place[best[going]]] = found.x0[0, place[best[going]]]
    return rows


def _without_each(found: Search, rows: Floats) -> tuple[Integers, Integers, Floats, Floats, NDArray[np.bool_]]:
    """Each row without each of its changes: the row, the input, the change in spreads, the gain that is left, and whether it flips."""
    moves = found.moves(rows)
    line, place = (np.asarray(each, dtype=np.int64) for each in np.nonzero(moves))
    tried = rows[line]
    tried[np.arange(len(line)), place] = found.x0[0, place]
    gain, flipped = found(tried)
    return line, place, np.asarray(moves[line, place], dtype=np.float64), gain, flipped


def _best_of_line(line: Integers, saved: Floats, rows: int) -> Integers:
    """For each row the position of what saves most; -1 where nothing does."""
    best = np.full(rows, -1, dtype=np.int64)
    for position in np.argsort(saved, kind="stable").tolist():
        if saved[position] > 0:
            best[line[position]] = position
    return best


def shrunk(found: Search, rows: Floats) -> None:
    """Bring changed numbers as near to the logged ones as still flips, one input after another, of all rows at once.

    The change that gains least for its cost is made smaller first: what it gives up costs most.
    """
    if not len(rows):
        return
    rows = rows.copy()
    at, _ = found(rows)
    line, place, moved, gain, _ = _without_each(found, rows)
    worth = np.where(found.space.numeric[place], (at[line] - gain) / moved, np.inf)
    order = np.lexsort([worth, line])
    line, place, worth = line[order], place[order], worth[order]
    rank = np.arange(len(line)) - np.searchsorted(line, line)
    for each in range(INPUTS):
        chosen = (rank == each) & np.isfinite(worth)
        if chosen.any():
            _along(found, rows, line[chosen], place[chosen])


def _along(found: Search, rows: Floats, line: Integers, place: Integers) -> None:
    """Move one number of each row towards the logged one as far as it still flips."""
    near, far = found.x0[0, place].copy(), rows[line, place].copy()
    parts = np.arange(1, POINTS + 1) / (POINTS + 1)
    every, column = np.arange(len(line) * POINTS), np.repeat(place, POINTS)
    for _ in range(ROUNDS):
        tried = np.repeat(rows[line], POINTS, axis=0)
        tried[every, column] = (near[:, None] + (far - near)[:, None] * parts).ravel()
        tried = found.space.project(np.broadcast_to(found.x0, tried.shape), tried)
        flipped = found(tried)[1].reshape(len(line), POINTS)
        first = np.where(flipped.any(axis=1), flipped.argmax(axis=1), POINTS)
        held = np.column_stack([near, tried[every, column].reshape(flipped.shape), far])
        near, far = held[np.arange(len(line)), first], held[np.arange(len(line)), first + 1]
    rows[line, place] = far


def plain(found: Search, rows: Floats) -> Floats:
    """The rows with numbers of few digits, a sliver farther on: nobody earns 41,237.3816."""
    made = rows.copy()
    for place, change in enumerate(found.space.changes):
        if change.levels is not None or change.whole:
            continue
        start = found.x0[0, place]
        for line in np.flatnonzero(np.isfinite(rows[:, place]) & (rows[:, place] != start)).tolist():
            value = float(rows[line, place])
            above, farther = value > start, min(PLAIN * change.spread, PART * abs(value - start))
            made[line, place] = shortest(value, value + farther, above=True) if above else shortest(value - farther, value, above=False)
    return made
