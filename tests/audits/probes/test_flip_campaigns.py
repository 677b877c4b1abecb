"""Campaigns against labels: found while they last, not named for a change that stays, for everybody's, or for another's rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.estimate import Floats
from audits.probes.flip_campaigns import DIRECTIONS, N, P, Q, Scene, Y, again, searched, shared_by, stretches, tail

CELLS, BUCKETS, ROWS, CHANCE = 6, 12, 60.0, 0.75


def sums(good: Floats) -> Floats:
    """Give the sums of rows that all had a chance of 0.75, of which so many were good: against the odds are those that were not."""
    n = np.full(good.shape, ROWS)
    chance = n * CHANCE
    return np.stack([n, good, chance, chance * (1 - CHANCE), n - good, n * (1 - CHANCE)], axis=-1)


def scene(shift: Floats, *, open_ended: bool = False) -> Scene:
    """Make a log of six cells and twelve buckets after a reference of as many, with so many good outcomes more or fewer than expected."""
    now, past = sums(ROWS * CHANCE + shift), sums(np.full((CELLS, BUCKETS), ROWS * CHANCE))
    return Scene(now=now, everybody=now.sum(axis=0), past=past.sum(axis=1), past_everybody=past.sum(axis=(0, 1)), reference=past,
                 open_ended=open_ended)  # fmt: skip


def shifted(cell: int, start: int, end: int, by: float) -> Floats:
    """Give a shift of one cell in some buckets."""
    found = np.zeros((CELLS, BUCKETS))
    found[cell, start:end] = by
    return found


def test_a_campaign_is_found_where_it_was_planted() -> None:
    found, tested = searched(scene(shifted(2, 4, 8, -20.0)))
    assert tested == CELLS * len(list(stretches(BUCKETS))) * len(DIRECTIONS)
    first = found[0]
    assert (first.cell, first.start, first.end, DIRECTIONS[first.direction]) == (2, 4, 8, "reported unfavorable")
    assert (first.n, first.contradicted, first.excess) == (240.0, 4 * (15.0 + 20.0), pytest.approx(80.0))
    assert first.expected == pytest.approx(60.0)
    assert first.p_value < 0.01 / tested


def test_the_other_way_round_is_named_so() -> None:
    assert DIRECTIONS[searched(scene(shifted(1, 3, 5, 14.0)))[0][0].direction] == "reported favorable"


def test_a_change_that_stays_is_none_but_may_be_a_clients() -> None:
    lasting = shifted(2, 6, BUCKETS, -20.0)
    found, tested = searched(scene(lasting))
    assert not [one for one in found if one.p_value <= 0.01 / tested]
    found, tested = searched(scene(lasting, open_ended=True))
    assert (found[0].cell, found[0].start, found[0].p_value < 0.01 / tested) == (2, 4, True)  # of 1, 2, 4, 8 buckets the eight last


def test_what_everybody_shares_is_none() -> None:
    everybody = np.zeros((CELLS, BUCKETS))
    everybody[:, 4:8] = -20.0
    found, tested = searched(scene(everybody))
    assert not [one for one in found if one.p_value <= 0.01 / tested]


def test_a_cell_that_was_always_off_is_none() -> None:
    always = scene(shifted(3, 0, BUCKETS, -20.0))
    past = always.past.copy()
    past[3, Y] -= 20.0 * BUCKETS
    found, tested = searched(replace(always, past=past))
    assert not [one for one in found if one.p_value <= 0.01 / tested]


def test_without_the_rows_of_a_surer_campaign_nothing_is_left() -> None:
    held = scene(shifted(2, 4, 8, -20.0))
    first = searched(held)[0][0]
    rest = held.now[2, 4:8].sum(axis=0) * 0.5
    rest[Y] = rest[P]  # what is left goes as expected
    rest[Q] = rest[N] * (1 - CHANCE)
    rest[4] = rest[Q]
    assert again(first, rest, held, np.zeros(3)).p_value == 1.0
    assert again(first, held.now[2, 4:8].sum(axis=0), held, np.zeros(3)).p_value == pytest.approx(first.p_value)


def test_what_others_like_it_share_is_taken_off() -> None:
    held = scene(shifted(2, 4, 8, -20.0))
    first = searched(held)[0][0]
    whole = held.now[2, 4:8].sum(axis=0)
    assert again(first, whole, held, np.asarray([40.0, 0.0, 0.0])).excess == pytest.approx(first.excess - 40.0)
    inside = sums(np.asarray([45.0, 45.0]))
    others = sums(np.asarray([45.0, 25.0]))  # of the second stratum, others had 20 good outcomes of 60 fewer
    shared = shared_by(inside, inside + others)
    assert shared[0] == pytest.approx(60 * (0 - 1 / 6) + 60 * (1 / 3 - 1 / 6))  # beyond the 20 of 120 of all others
    assert shared_by(np.stack([inside[0] * 2, inside[1] * 0]), np.stack([inside[0] * 2 + others[0], others[1]]))[0] == pytest.approx(-20.0)


def test_the_bound_holds_for_binomials() -> None:
    from scipy.stats import binom

    n, p = 400, 0.3
    excess = np.asarray([20.0, 40.0, 60.0])
    exact = binom.sf(n * p + excess - 1, n, p)
    assert (tail(excess, np.full(3, n * p * (1 - p))) >= exact).all()


def test_outcomes_that_vary_more_than_chance_widen_the_bar() -> None:
    calm = scene(np.zeros((CELLS, BUCKETS)))
    assert calm.spread() == 1.0
    wild = calm.reference.copy()
    wild[:, ::2, Y] += 10.0
    wild[:, 1::2, Y] -= 10.0
    assert replace(calm, reference=wild).spread() == pytest.approx(100 / (ROWS * CHANCE * (1 - CHANCE)))
