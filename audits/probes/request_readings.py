"""How each input of a request is read for signs of attacks: cut evenly over its range, with the reference's share of every stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audits.bins import CategoricalBins, NumericBins
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.rows import features
from connectors.config import ModelConfig

if TYPE_CHECKING:
    from audits.scan.clients import Reading

STRETCHES = 16
"""Stretches of a numeric input: fourteen even ones between its outer half per cents, and what lies outside."""
LEVELS = 15
CELLS = 4096
"""About how many coarse cells all inputs together have."""
MOST = 64
"""Inputs that are looked at, the first in the order of the log; the probe's body lists them."""
OUTER = 0.005


def readings(evidence: Evidence, model: ModelConfig) -> list[Reading]:
    """A reading of each of the first `MOST` features."""
    names = features(evidence.bins, model)[:MOST]
    coarse = max(min(round(CELLS ** (1 / max(len(names), 1))), STRETCHES), 2)
    return [_reading(evidence, name, coarse) for name in names]


def _reading(evidence: Evidence, name: str, coarse: int) -> Reading:
    from audits.scan.clients import Reading

    grid, counts = evidence.bins.by_name[name], evidence.column(name)
    absent = counts.reference_special["missing"] + counts.reference_special["not_a_number"]
    if isinstance(grid, NumericBins):
        knots, held = stretches(grid, counts.reference)
        rarity = surprise(np.append(held, absent))
        places = [min(i * coarse // len(held), coarse - 1) for i in range(len(held))]
        return Reading(
            name=name, knots=knots, rarity=tuple(rarity[:-1]), missing=rarity[-1], place=tuple(places), deviation=grid.deviation or 1.0
        )
    assert isinstance(grid, CategoricalBins)
    told = grid.levels[:LEVELS]
    rest = float(counts.reference[len(told) :].sum()) + counts.reference_special["other"] + counts.reference_special["unseen"]
    rarity = surprise(np.asarray([*counts.reference[: len(told)], rest, absent]))
    places = [min(i, coarse - 1) for i in range(len(told) + 1)]
    return Reading(name=name, levels=told, rarity=tuple(rarity[:-1]), missing=rarity[-1], place=tuple(places))


def stretches(grid: NumericBins, counts: Floats) -> tuple[tuple[float, ...], Floats]:
    """Where the stretches of an input begin, at edges of its frozen grid so that counts are exact, and the reference's rows in each."""
    lower = np.concatenate([[-np.inf], grid.edges])
    total = np.cumsum(counts)
    if not total[-1]:
        return (), np.asarray([0.0])
    first, last = (int(np.searchsorted(total, share * total[-1])) for share in (OUTER, 1 - OUTER))
    ends = lower[max(first, 1)], lower[min(last + 1, len(lower) - 1)]
    wanted = np.linspace(*ends, STRETCHES - 1)
    places = np.unique(np.clip(np.searchsorted(lower, wanted), 1, len(lower) - 1))
    held = np.add.reduceat(counts, np.concatenate([[0], places]))
    return tuple(float(lower[i]) for i in places), held


def surprise(counts: Floats) -> list[float]:
    """-log of each share, half a row added to each so that what never came is rare and not impossible.

    >>> [round(each, 3) for each in surprise(np.asarray([3.0, 0.0]))]
    [0.134, 2.079]
    """
    smooth = counts.astype(np.float64) + 0.5
    return [float(each) for each in -np.log(smooth / smooth.sum())]
