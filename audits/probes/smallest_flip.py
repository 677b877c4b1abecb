"""The smallest possible change of each row that turns its decision, searched for with the model's answers alone.

Many rows are searched at once, so that the model is asked few times about many rows:

1. starts: each input at either end of its range, each level, all helpful ends at once, and the nearest rows with the other decision;
2. from each start straight back to the row, as far as the decision stays turned;
3. along the path of steepest gain at the boundary, z(t) = clip(t g, bounds), on which the smallest change lies if the boundary is flat;
4. random steps near the best change so far, each shorter than it (the boundary attack);
5. input by input, back to where it was or as near to it as the decision allows, which settles what trees are cut by.

Every change counted was itself asked about and is possible, so a distance is never too small; it can be too large, where the search missed
a shorter way. A step is cut in four at each look instead of two: fewer calls for a few more questions.

Sources: W. Brendel, J. Rauber and M. Bethge (2018), Decision-based adversarial attacks, ICLR; J. Chen, M. I. Jordan and M. J. Wainwright
(2020), HopSkipJumpAttack, IEEE Symposium on Security and Privacy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes.feasible import Flags, Space

if TYPE_CHECKING:
    import pyarrow as pa

Ask = Callable[["pa.Table", Integers], tuple[Floats, Flags]]
"""Given changed rows and which row each was made of: how far each is beyond the boundary, and whether its decision is turned."""
CUTS, LOOKS = 4, 5
"""A stretch is cut in four at each of five looks: found to a thousandth."""
STEPS = (0.1, 0.5, 0.25, 0.05)
"""Half the width, in spreads, over which the slope of the score is taken: small for smooth scores, large for stairs."""
NEIGHBOURS = 3
PROPOSALS, ROUNDS, PATIENCE = 20, 20, 3
"""Random steps asked about at once, how often, and how often in vain before a row is left alone."""
TINY = 1e-9
AT_ONCE = 20_000
"""Changed rows that are put together for one question."""


@dataclass(kw_only=True)
class Search:
    """The search of a block of rows.

    Parameters
    ----------
    base, x0
        The rows as logged, and encoded.
    others, aims
        Encoded rows of the log, and [row, other] which of them have the decision that the row is to get.
    budget
        Changes larger than this many spreads are not looked for.
    x, distance
        The smallest change found so far and its Euclidean size; infinite where none was.
    """

    space: Space
    base: pa.Table
    x0: Floats
    ask: Ask
    others: Floats
    aims: Flags
    budget: float
    seed: int
    x: Floats = field(init=False)
    distance: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.x, self.distance = self.x0.copy(), np.full(len(self.x0), np.inf)
        low, high = self.space.bounds(self.x0)
        reach = self.budget * self.space.spread
        self.low, self.high = np.fmax(low, self.x0 - reach), np.fmin(high, self.x0 + reach)
        movable = self.space.numeric & self.space.free
        self.columns: Integers = np.flatnonzero(movable)
        self.draw = np.random.default_rng(self.seed)

    def run(self) -> None:
        """Search; `x` and `distance` are what was found, also where the time runs out in between."""
        of, x = self.starts()
        self.along(*self.back(of, x), STEPS[0])
        for step in STEPS[1:]:
            self.along(*self.best(), step)
        self.wander()
        self.settle(*self.best())
        self.along(*self.best(), STEPS[0])

    def look(self, of: Integers, x: Floats) -> tuple[Floats, Flags]:
        """Ask about changed rows, and remember those that are turned and nearer than the best so far."""
        if not len(of):
            return np.zeros(0), np.zeros(0, dtype=bool)
        gain, turned = self.ask(self.space.decode(self.base.take(of), x, x0=self.x0[of]), of)
        size = self.space.distance(self.x0[of], x)
        good = np.flatnonzero(turned & (size > 0) & (size < self.distance[of]))  # a model that wavers turns without a change
        good = good[np.argsort(-size[good], kind="stable")]  # the nearest is written last
        self.x[of[good]], self.distance[of[good]] = x[good], size[good]
        return gain, turned

    def each(self, of: Integers, variants: Sequence[Floats]) -> Floats:
        """[variant, row] gains of several changes of the same rows, asked together; -inf without an answer."""
        found, group = [], max(AT_ONCE // max(len(of), 1), 1)
        for start in range(0, len(variants), group):
            some = variants[start : start + group]
            found.append(self.look(np.tile(of, len(some)), np.concatenate(some))[0].reshape(len(some), len(of)))
        gains = np.concatenate(found) if found else np.zeros((0, len(of)))
        return np.where(np.isfinite(gains), gains, -np.inf)

    def best(self) -> tuple[Integers, Floats]:
        """The rows that have a change, and the smallest so far."""
        of = np.flatnonzero(np.isfinite(self.distance))
        return of, self.x[of]

    def within(self, of: Integers, x: Floats) -> Floats:
        """Numbers clipped to what is allowed and within the budget, whole ones rounded."""
        clipped = np.where(self.space.numeric, np.clip(x, self.low[of], self.high[of]), x)
        return self.space.project(self.x0[of], clipped)

    def starts(self) -> tuple[Integers, Floats]:
        """Turned rows to begin from: see the first step above."""
        n = len(self.x0)
        rows = np.arange(n)
        now = self.look(rows, self.x0)[0]
        ends = []
        for column in self.columns.tolist():
            for bound in (self.low, self.high):
                x = self.x0.copy()
                x[:, column] = bound[:, column]
                ends.append(self.within(rows, x))
        corner = self.x0.copy()
        gains = self.each(rows, ends).reshape(-1, 2, n) - now
        for place, column in enumerate(self.columns.tolist()):
            choice = np.argmax(gains[place], axis=0)
            helps = gains[place][choice, rows] > 0
            corner[helps, column] = np.where(choice == 0, ends[2 * place][:, column], ends[2 * place + 1][:, column])[helps]
        levels = []
        for column in np.flatnonzero(~self.space.numeric & self.space.free).tolist():
            for code in self.space.levels_to(column).tolist():
                x = self.x0.copy()
                x[:, column] = np.where(np.isfinite(x[:, column]), code, np.nan)
                levels.append(x)
        levelled = self.x0.copy()
        if levels:
            gains = self.each(rows, levels) - now
            choice = np.argmax(gains, axis=0)
            helps = gains[choice, rows] > 0
            levelled[helps] = np.stack(levels)[choice, rows][helps]
        both = np.where(self.space.numeric, corner, levelled)
        found = [corner, levelled, both, *self.nearest(rows)]
        of, x = np.tile(rows, len(found)), np.concatenate(found)
        turned = self.look(of, x)[1]
        single, nearest = self.best()
        return np.concatenate([of[turned], single]), np.concatenate([x[turned], nearest])

    def nearest(self, rows: Integers) -> list[Floats]:
        """The nearest rows with the other decision, as far as each row can become one of them."""
        found: list[list[Floats]] = [[] for _ in range(min(NEIGHBOURS, int(self.aims.sum(axis=1).min(initial=NEIGHBOURS))))]
        for row in rows.tolist():
            aims = self.others[self.aims[row]]
            away = np.linalg.norm(self.space.moves(np.broadcast_to(self.x0[row], aims.shape), aims) * self.space.free, axis=1)
            for place, each in enumerate(np.argsort(away, kind="stable")[: len(found)].tolist()):
                found[place].append(aims[each])
        return [self.within(rows, np.stack(each)) for each in found if each]

    def back(self, of: Integers, x: Floats) -> tuple[Integers, Floats]:
        """Each turned row moved straight back to where it came from, its levels kept, as far as it stays turned."""
        home = np.where(self.space.numeric, self.x0[of], x)
        return of, self.shortest(of, x, lambda some, t: home[some] + t[:, None] * (x[some] - home[some]))

    def along(self, of: Integers, x: Floats, step: float) -> None:
        """The smallest change along the path of steepest gain, of rows at the boundary, their levels kept."""
        slope = self.slopes(of, x, step)
        numeric, size = self.space.numeric, np.linalg.norm(slope, axis=1)
        ceiling = np.linalg.norm(np.where(numeric, self.space.moves(self.x0[of], x), 0.0), axis=1)
        go = np.flatnonzero((size > 0) & (ceiling > TINY))
        of, x, unit, ceiling = of[go], x[go], slope[go] / size[go, None], ceiling[go]
        low, high = (np.nan_to_num((bound[of] - self.x0[of]) / self.space.spread) for bound in (self.low, self.high))
        times = _times(unit, low, high)

        def path(some: Integers, t: Floats) -> Floats:
            """The place on the path whose size is t times that of the row's change."""
            moved = np.clip(times(some, t * ceiling[some])[:, None] * unit[some], low[some], high[some])
            return np.where(numeric, self.x0[of[some]] + moved * self.space.spread, x[some])

        ends = self.within(of, path(np.arange(len(of)), np.ones(len(of))))
        turned = np.flatnonzero(self.look(of, ends)[1])
        self.shortest(of[turned], ends[turned], lambda some, t: path(turned[some], t))

    def slopes(self, of: Integers, x: Floats, step: float) -> Floats:
        """[row, input] gain a spread around each row, by asking on either side of it."""
        sides = []
        for column in self.columns.tolist():
            width = step * self.space.spread[column]
            for sign in (1.0, -1.0):
                moved = x.copy()
                moved[:, column] += sign * (max(1.0, np.round(width)) if self.space.whole[column] else width)
                sides.append(self.within(of, moved))
        gains = self.each(of, sides)
        found = np.zeros(x.shape)
        for place, column in enumerate(self.columns.tolist()):
            width = (sides[2 * place][:, column] - sides[2 * place + 1][:, column]) / self.space.spread[column]
            with np.errstate(divide="ignore", invalid="ignore"):
                rise = (gains[2 * place] - gains[2 * place + 1]) / width
            found[:, column] = np.where(np.isfinite(rise), rise, 0.0)
        return found

    def shortest(self, of: Integers, x: Floats, path: Callable[[Integers, Floats], Floats]) -> Floats:
        """Of rows turned at the end (t = 1) of a path, the place nearest to its beginning that is turned, to a thousandth of the path."""
        some, found = np.arange(len(of)), x.copy()
        near, far = np.zeros(len(of)), np.ones(len(of))
        for look in range(LOOKS if len(of) else 0):
            steps = np.arange(0 if look == 0 else 1, CUTS) / CUTS
            asked = near + steps[:, None] * (far - near)  # [step, row]
            places = np.stack([self.within(of, path(some, t)) for t in asked])
            turned = self.look(np.tile(of, len(steps)), places.reshape(-1, x.shape[1]))[1].reshape(len(steps), len(of))
            hit = turned.any(axis=0)
            first = np.where(hit, np.argmax(turned, axis=0), len(steps))
            found[hit] = places[first[hit], some[hit]]
            far = np.where(hit, asked[np.minimum(first, len(steps) - 1), some], far)
            near = np.where(first > 0, asked[np.maximum(first - 1, 0), some], near)
        return found

    def wander(self) -> None:
        """Random steps around the best change of each row, all shorter than it: wide ones while they help, then narrower."""
        of = np.flatnonzero(np.isfinite(self.distance) & (self.distance > TINY))
        width, idle, free = np.full(len(of), 0.3), np.zeros(len(of)), self.columns
        for _ in range(ROUNDS if len(free) else 0):
            going = idle < PATIENCE
            of, width, idle = of[going], width[going], idle[going]
            before = self.distance[of].copy()
            asked = np.tile(of, PROPOSALS)
            wide = np.tile(width, PROPOSALS)[:, None]
            moves = self.space.moves(self.x0[asked], self.x[asked])[:, free]
            size = np.linalg.norm(moves, axis=1, keepdims=True) / np.sqrt(len(free))
            noise = self.draw.normal(size=moves.shape) * (self.draw.random(moves.shape) < 0.5)
            moves = moves * (1 - wide * self.draw.random((len(asked), 1))) + noise * wide * size
            x = self.x[asked].copy()
            x[:, free] = self.x0[asked][:, free] + moves * self.space.spread[free]
            x = self.within(asked, x)
            shorter = self.space.distance(self.x0[asked], x) < self.distance[asked] * (1 - 1e-3)
            self.look(asked[shorter], x[shorter])
            helped = self.distance[of] < before
            width = np.clip(np.where(helped, width * 1.5, width * 0.6), 0.01, 0.5)
            idle = np.where(helped, 0, idle + 1)

    def settle(self, of: Integers, x: Floats) -> None:
        """Take inputs back one by one, the smallest moves first: wholly where the decision stays turned, else as far as it does."""
        moves = np.abs(self.space.moves(self.x0[of], x))
        order = np.argsort(np.where(moves > TINY, moves, np.inf), axis=1)
        for rank in range(int((moves > TINY).sum(axis=1).max(initial=0))):
            chosen = np.flatnonzero((moves > TINY).sum(axis=1) > rank)
            self.back_one(of[chosen], order[chosen, rank])

    def back_one(self, of: Integers, column: Integers) -> None:
        """One input of each row back to where it was; a number, where that is too far, as near as the decision allows."""
        x, rows = self.x[of].copy(), np.arange(len(of))
        end, home = x[rows, column].copy(), self.x0[of, column]

        def path(some: Integers, t: Floats) -> Floats:
            moved = x[some].copy()
            moved[np.arange(len(some)), column[some]] = home[some] + t * (end[some] - home[some])
            return moved

        gone = self.look(of, self.within(of, path(rows, np.zeros(len(of)))))[1]
        left = np.flatnonzero(~gone & self.space.numeric[column])
        less = self.look(of[left], self.within(of[left], path(left, np.full(len(left), 1 - 1 / CUTS))))[1]
        left = left[less]
        if len(left):
            self.shortest(of[left], self.within(of[left], path(left, np.full(len(left), 1 - 1 / CUTS))),
                          lambda some, t: path(left[some], t * (1 - 1 / CUTS)))  # fmt: skip


def _times(unit: Floats, low: Floats, high: Floats) -> Callable[[Integers, Floats], Floats]:
    """How far to follow directions [row, input] so that, clipped to bounds around 0, each has a given size: a function of rows and sizes.

    |clip(t u)|² is t² Σ u² over inputs not at their bound yet, and Σ bound² over the others: between two bounds that is solved for t.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = np.where(unit != 0, np.where(unit > 0, high, -low) / np.abs(unit), np.inf)
        order = np.argsort(limit, axis=1)
        limit, squares = (np.take_along_axis(each, order, axis=1) for each in (limit, unit**2))
        stopped = np.cumsum(np.where(squares > 0, limit**2 * squares, 0.0), axis=1)
        moving = np.maximum(squares.sum(axis=1, keepdims=True) - np.cumsum(squares, axis=1), 0.0)
        reached = stopped + np.where(moving > TINY**2, limit**2 * moving, 0.0)
    reached[~np.isfinite(limit)] = np.inf
    stopped = np.pad(stopped, ((0, 0), (1, 0)))
    moving = np.concatenate([squares.sum(axis=1, keepdims=True), moving], axis=1)

    def times(some: Integers, size: Floats) -> Floats:
        at = (reached[some] <= size[:, None] ** 2).sum(axis=1)
        left, speed = np.maximum(size**2 - stopped[some, at], 0.0), moving[some, at]
        end = limit[some, np.maximum(at - 1, 0)]
        return np.where(speed > TINY**2, np.sqrt(left / np.maximum(speed, TINY**2)), end)

    return times
