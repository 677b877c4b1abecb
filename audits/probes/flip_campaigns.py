"""Stretches of time in which the outcomes of somebody go against what scores led to expect, and nobody else's do.

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
    """One way of telling rows apart: sums by [cell, bucket] now, of everybody by [bucket], and by [cell, bucket] in the reference."""

    now: Floats
    everybody: Floats
    reference: Floats

    def bias(self) -> Floats:
        """[cell, direction] how far outcomes of a cell were off by row in the reference, drawn towards not at all."""
        held = self.reference.sum(axis=1)
        return np.asarray(_off(held) / (held[:, N] + SHRINK)[:, None])

    def spread(self) -> float:
        """How much more outcomes vary by cell and bucket of the reference than independent ones around their chances; at least 1."""
        held = self.reference[self.reference[:, :, N] > 0]
        if len(held) < LEAST_GROUPS:
            return 1.0
        return max(1.0, float(((held[:, Y] - held[:, P]) ** 2).sum() / max(held[:, V].sum(), 1e-9)))


def _off(sums: Floats) -> Floats:
    """[..., direction] outcomes beyond those expected."""
    return np.stack([sums[..., P] - sums[..., Y], sums[..., Y] - sums[..., P], sums[..., C] - sums[..., Q]], axis=-1)


def _went(sums: Floats, direction: int) -> float:
    return float((sums[N] - sums[Y], sums[Y], sums[C])[direction])


def tail(excess: Floats, variance: Floats) -> Floats:
    """How likely at most so large an excess is: Bernstein's bound for sums of independent outcomes, which also holds far out.

    Source: S. Boucheron, G. Lugosi and P. Massart (2013), Concentration Inequalities, section 2.8.

    >>> tail(np.asarray([0.0, 6.0]), np.asarray([4.0, 4.0])).round(4)
    array([1.    , 0.0498])
    """
    x = np.maximum(excess, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > 0, np.exp(-(x**2) / (2 * (variance + x / 3))), 1.0)


def judged(sums: Floats, everybody: Floats, bias: Floats, held: Floats, spread: float) -> tuple[Floats, Floats]:
    """Excess and its tail [..., direction] of sums [..., quantity] against everybody else's of the same stretch.

    `bias` [..., direction] and `held` [...] are what the reference says of the cell, and on how many rows.
    """
    others = everybody - sums
    n, left = sums[..., N], others[..., N]
    enough = left >= LEAST_ROWS
    drift = np.where(enough[..., None], _off(others) / np.maximum(left, 1.0)[..., None], 0.0)
    excess = _off(sums) - n[..., None] * (bias + drift)
    each = sums[..., V] / np.maximum(n, 1.0)
    doubt = 1 / (held + SHRINK) + np.where(enough, 1 / np.maximum(left, 1.0), 0.0)
    variance = spread * (sums[..., V] + n**2 * each * doubt)
    return excess, tail(excess, variance[..., None])


def searched(scene: Scene) -> tuple[list[Campaign], int]:
    """The surest stretch of each cell, and how many stretches were looked at in all directions: of 1, 2, 4, ... buckets, at any start."""
    best: dict[int, Campaign] = {}
    tested = 0
    bias, held, spread = scene.bias(), scene.reference[:, :, N].sum(axis=1), scene.spread()
    for start, end, sums, everybody in _stretches(scene):
        excess, p_value = judged(sums, everybody, bias, held, spread)
        enough = sums[:, N] >= LEAST_ROWS
        tested += int(enough.sum()) * len(DIRECTIONS)
        hit = enough[:, None] & (excess >= LEAST_EXCESS)
        for cell, direction in np.argwhere(hit).tolist():
            if cell not in best or p_value[cell, direction] < best[cell].p_value:
                best[cell] = Campaign(
                    cell=cell, start=start, end=end, direction=direction, n=float(sums[cell, N]),
                    contradicted=_went(sums[cell], direction), excess=float(excess[cell, direction]),
                    p_value=float(p_value[cell, direction]),
                )  # fmt: skip
    return sorted(best.values(), key=lambda one: one.p_value), tested


def _stretches(scene: Scene) -> Iterator[tuple[int, int, Floats, Floats]]:
    """First bucket, the one after the last, sums [cell, quantity] and everybody's [quantity]."""
    buckets = scene.now.shape[1]
    now, every = (np.concatenate([np.zeros_like(of.take([0], axis)), np.cumsum(of, axis=axis)], axis=axis)
                  for of, axis in ((scene.now, 1), (scene.everybody, 0)))  # fmt: skip
    lengths = sorted({*(2**i for i in range(buckets.bit_length())), buckets} - {0})
    for length in lengths:
        for start in range(buckets - length + 1):
            yield start, start + length, now[:, start + length] - now[:, start], every[start + length] - every[start]


def again(found: Campaign, sums: Floats, scene: Scene) -> Campaign:
    """The same campaign with rows of others taken out of its sums [quantity]."""
    everybody = scene.everybody[found.start : found.end].sum(axis=0)
    held = scene.reference[found.cell, :, N].sum()
    excess, p_value = judged(sums, everybody, scene.bias()[found.cell], held, scene.spread())
    if sums[N] < LEAST_ROWS or excess[found.direction] < LEAST_EXCESS:
        return replace(found, p_value=1.0)
    return replace(
        found, n=float(sums[N]), contradicted=_went(sums, found.direction), excess=float(excess[found.direction]),
        p_value=float(p_value[found.direction]),
    )  # fmt: skip
