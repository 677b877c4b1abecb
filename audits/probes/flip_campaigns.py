"""Stretches of time in which the outcomes of somebody go against what scores led to expect, as nobody else's do, and neither its own before
nor after.

Sums are [cell, bucket, quantity] with the quantities of `audits.scan.outcomes_told.SUMS`: rows n, favorable outcomes y, their chances p,
p(1-p), outcomes against the odds c, and the odds against q.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from audits.estimate import Floats

N, Y, P, V, C, Q = range(6)
DIRECTIONS = ("reported unfavorable", "reported favorable", "turned round")
"""Fewer favorable outcomes than expected, more of them, or more outcomes against the odds whichever way."""
ALPHA = 0.01
"""The chance that any stretch of a quiet log is called a campaign."""
LEAST_ROWS, LEAST_EXCESS = 20, 5.0
SHRINK = 50.0
"""Rows' worth of "as everybody else" that the reference of a cell is weighed against."""
LEAST_GROUPS = 5


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A cell and buckets (the first, and the one after the last) in which outcomes went one way beyond chance.

    `excess` is how many outcomes more than expected went that way, of `contradicted` that did; `expected` is their difference.
    """

    cell: int
    start: int
    end: int
    direction: int
    n: float
    contradicted: float
    excess: float
    p_value: float

    @property
    def expected(self) -> float:
        """Outcomes that would have gone this way anyway."""
        return max(self.contradicted - self.excess, 0.0)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One way of telling rows apart.

    Parameters
    ----------
    now, everybody
        Sums by [cell, bucket] of the analysed period, and of everybody by [bucket].
    past, past_everybody
        Sums by [cell] and of everybody from before the analysed period.
    reference
        Sums by [cell, bucket] of the reference, to learn how much outcomes vary.
    open_ended
        Whether a campaign may last until now. Of a group or segment it may not: that a part of the world changed explains it as well.
    """

    now: Floats
    everybody: Floats
    past: Floats
    past_everybody: Floats
    reference: Floats
    open_ended: bool = False

    def spread(self) -> float:
        """How much more outcomes vary by cell and bucket of the reference than independent ones around their chances; at least 1."""
        held = self.reference[self.reference[:, :, N] > 0]
        if len(held) < LEAST_GROUPS:
            return 1.0
        return max(1.0, float(((held[:, Y] - held[:, P]) ** 2).sum() / max(held[:, V].sum(), 1e-9)))

    def around(self, start: int, end: int) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Sums (by cell, of everybody) of buckets from `start` to before `end`, of all before them, and of all after them."""
        now = self.now[:, start:end].sum(axis=1), self.everybody[start:end].sum(axis=0)
        before = self.past + self.now[:, :start].sum(axis=1), self.past_everybody + self.everybody[:start].sum(axis=0)
        return now, before, (self.now[:, end:].sum(axis=1), self.everybody[end:].sum(axis=0))


def _off(sums: Floats) -> Floats:
    """[..., direction] outcomes beyond those expected."""
    return np.stack([sums[..., P] - sums[..., Y], sums[..., Y] - sums[..., P], sums[..., C] - sums[..., Q]], axis=-1)


def _went(sums: Floats, direction: int) -> float:
    return float((sums[N] - sums[Y], sums[Y], sums[C])[direction])


def tail(excess: Floats, variance: Floats) -> Floats:
    """How likely at most so large an excess is: Bennett's bound for sums of independent outcomes, which also holds far out.

    exp(-v h(x / v)) with h(u) = (1 + u) log(1 + u) - u. Source: S. Boucheron, G. Lugosi and P. Massart (2013), Concentration Inequalities,
    section 2.7.

    >>> tail(np.asarray([0.0, 6.0]), np.asarray([4.0, 4.0])).round(4)
    array([1.    , 0.0423])
    """
    x = np.maximum(excess, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = x / variance
        return np.where(x > 0, np.exp(-variance * ((1 + u) * np.log1p(u) - u)), 1.0)


def _level(sums: Floats, everybody: Floats) -> tuple[Floats, Floats]:
    """How far outcomes of cells are off by row beyond everybody else's [cell, direction], and how well that is known: 1 / rows."""
    n, others = sums[:, N], everybody - sums
    left = np.maximum(others[:, N], 1.0)
    told = others[:, N] >= LEAST_ROWS
    drift = np.where(told[:, None], _off(others) / left[:, None], 0.0)
    return _off(sums) / np.maximum(n, 1.0)[:, None] - drift, 1 / np.maximum(n, 1.0) + np.where(told, 1 / left, 0.0)


def judged(scene: Scene, start: int, end: int, spread: float) -> tuple[Floats, Floats, Floats]:
    """Excess and its tail [cell, direction] of a stretch, and the sums of its cells [cell, quantity].

    What is held against a stretch is the cell's own outcomes before it and, unless it may last until now, after it, each beyond everybody
    else's of the same time: the smaller excess and the larger tail count. So a change that everybody shares is no campaign, and neither
    is one of a group that stays.
    """
    (sums, everybody), *sides = scene.around(start, end)
    n = sums[:, N]
    level, doubt = _level(sums, everybody)
    each = sums[:, V] / np.maximum(n, 1.0)
    excesses, tails = [], []
    for place, (held, total) in enumerate(sides[: 1 if scene.open_ended else 2]):
        usual, unsure = _level(held, total)
        enough = held[:, N] >= LEAST_ROWS
        usual, unsure = np.where(enough[:, None], usual, 0.0), np.where(enough, unsure, 1 / SHRINK)
        excess = n[:, None] * (level - usual)
        variance = spread * (sums[:, V] + n**2 * each * (np.maximum(doubt - 1 / np.maximum(n, 1.0), 0.0) + unsure))
        told = enough[:, None] | (place == 0)  # a group that has no after may have changed for good
        excesses.append(np.where(told, excess, -np.inf))
        tails.append(np.where(told, tail(excess, variance[:, None]), 1.0))
    return np.minimum.reduce(excesses), np.maximum.reduce(tails), sums


def searched(scene: Scene) -> tuple[list[Campaign], int]:
    """The surest stretch of each cell, and how many stretches were looked at in all directions: of 1, 2, 4, ... buckets, at any start."""
    best: dict[int, Campaign] = {}
    tested, spread = 0, scene.spread()
    for start, end in stretches(scene.now.shape[1]):
        excess, p_value, sums = judged(scene, start, end, spread)
        enough = sums[:, N] >= LEAST_ROWS
        tested += int(enough.sum()) * len(DIRECTIONS)
        hit = enough[:, None] & (excess >= LEAST_EXCESS)
        for cell, direction in np.argwhere(hit).tolist():
            if cell not in best or p_value[cell, direction] < best[cell].p_value:
                best[cell] = _campaign(cell, start, end, direction, sums[cell], excess[cell], p_value[cell])
    return sorted(best.values(), key=lambda one: one.p_value), tested


def stretches(buckets: int) -> Iterator[tuple[int, int]]:
    """The first bucket and the one after the last.

    >>> list(stretches(3))
    [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)]
    """
    for length in sorted({*(2**i for i in range(buckets.bit_length())), buckets} - {0}):
        for start in range(buckets - length + 1):
            yield start, start + length


def again(found: Campaign, sums: Floats, scene: Scene, shared: Floats) -> Campaign:
    """The same campaign without the rows of others, and without what it shares with rows like its own.

    `sums` [quantity] are what is left of its rows; `shared` [direction] is how many more of them would be off if they were as others in
    the same groups and versions are at the time, and not as everybody is.
    """
    now, stretch = scene.now.copy(), slice(found.start, found.end)
    now[found.cell, stretch] *= (sums / np.maximum(now[found.cell, stretch].sum(axis=0), 1e-9))[None]
    everybody = scene.everybody - (scene.now - now)[found.cell]
    rows = now[found.cell, stretch, N] / max(float(sums[N]), 1.0)
    quantity, sign = ((P, -1.0), (P, 1.0), (Q, 1.0))[found.direction]
    for target in (now[found.cell], everybody):  # what others did stays as it is
        target[stretch, quantity] += sign * shared[found.direction] * rows
    excess, p_value, held = judged(replace(scene, now=now, everybody=everybody), found.start, found.end, scene.spread())
    if sums[N] < LEAST_ROWS or excess[found.cell, found.direction] < LEAST_EXCESS:
        return replace(found, p_value=1.0)
    return _campaign(found.cell, found.start, found.end, found.direction, held[found.cell], excess[found.cell], p_value[found.cell])


def shared_by(inside: Floats, everybody: Floats) -> Floats:
    """[direction] how far others of the same strata are off beyond everybody else, over the rows inside; sums are [stratum, quantity]."""
    others = everybody - inside
    total = others.sum(axis=0)
    if total[N] < LEAST_ROWS:
        return np.zeros(len(DIRECTIONS))
    known = others[:, N] >= LEAST_ROWS
    gap = _off(others) / np.maximum(others[:, N], 1.0)[:, None] - (_off(total) / total[N])[None]
    return np.asarray((np.where(known[:, None], gap, 0.0) * inside[:, N][:, None]).sum(axis=0))


def _campaign(cell: int, start: int, end: int, direction: int, sums: Floats, excess: Floats, p_value: Floats) -> Campaign:
    return Campaign(
        cell=cell, start=start, end=end, direction=direction, n=float(sums[N]), contradicted=_went(sums, direction),
        excess=float(excess[direction]), p_value=float(p_value[direction]),
    )  # fmt: skip
