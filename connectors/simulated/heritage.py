"""What a lender that may not ask for race can guess: P(race) from a surname list and the place, as Bayes' rule has it.

Each person's surname points to one race. It points to their own with a strength that differs by name, else to one at random; the
probabilities given are exact for that: of the people with 0.7, 70 % are of that race. Source of the idea: M. Elliott et al. (2009), Using
the Census Bureau's surname list to improve estimates of race/ethnicity, Health Services and Outcomes Research Methodology 9, 69-83.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STRENGTHS = (0.35, 0.7, 0.92)
"""How surely a surname tells a race: a common name, a telling one, one that hardly anybody else has."""


def guessed(
    random: np.random.Generator, race: NDArray[np.object_], place: NDArray[np.object_], levels: Sequence[str],
    shares: Mapping[str, Sequence[float]],
) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """Draw surnames and give P(race) of each person, one array a level.

    Parameters
    ----------
    race
        The true ones; people with any other value have one too, drawn from their place's shares.
    levels, shares
        The races, and for each place what share of its people each of them is.
    """
    import numpy as np

    n = len(race)
    prior = np.zeros((n, len(levels)))
    for name, parts in shares.items():
        prior[place == name] = np.asarray(parts) / sum(parts)
    drawn = (random.random(n)[:, None] > prior.cumsum(axis=1)).sum(axis=1).clip(max=len(levels) - 1)
    true: NDArray[Any] = np.select([race == level for level in levels], list(range(len(levels))), default=drawn)
    strength = np.asarray(STRENGTHS)[random.integers(0, len(STRENGTHS), n)]
    told = random.random(n) < strength
    points_to = np.where(told, true, random.integers(0, len(levels), n))
    chance = (1 - strength[:, None]) / len(levels) + strength[:, None] * (points_to[:, None] == np.arange(len(levels)))
    posterior = prior * chance
    posterior /= posterior.sum(axis=1, keepdims=True)
    return {level: np.round(posterior[:, position], 4) for position, level in enumerate(levels)}
