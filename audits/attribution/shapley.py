"""Shapley's fair division of a change over what was switched from one state to another, exactly."""

from __future__ import annotations

from math import factorial

import numpy as np

from audits.estimate import Floats


def shapley(values: Floats) -> Floats:
    """Each player's mean marginal contribution over all orders, by [..., player], from values of coalitions by [..., 2^players].

    Coalition c holds player i where bit i of c is set. The parts add up to values[..., -1] - values[..., 0].

    Source: L. S. Shapley (1953), A Value for n-Person Games, Contributions to the Theory of Games II.

    >>> shapley(np.array([0.0, 1.0, 2.0, 5.0]))  # alone 1 and 2, together 5: the 2 left over are shared
    array([2., 3.])
    """
    players = int(values.shape[-1]).bit_length() - 1
    if values.shape[-1] != 1 << players:
        raise ValueError(f"{values.shape[-1]} values are not those of all coalitions of some players")
    coalitions = np.arange(1 << players)
    size = np.asarray([int(c).bit_count() for c in coalitions])
    found = []
    for player in range(players):
        without = coalitions[(coalitions >> player) & 1 == 0]
        weight = np.asarray([factorial(int(k)) * factorial(players - 1 - int(k)) / factorial(players) for k in size[without]])
        found.append(((values[..., without | (1 << player)] - values[..., without]) * weight).sum(axis=-1))
    return np.stack(found, axis=-1)
