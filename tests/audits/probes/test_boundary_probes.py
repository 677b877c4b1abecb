"""Probers against a beta-binomial of ordinary clients: its moments, its tail, and what chance alone gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom, binom

from audits.probes.boundary_probes import ALPHA, LEAST_SPREAD, found, p_values, usual


def test_moments_give_back_the_distribution_that_was_drawn_from() -> None:
    draw = np.random.default_rng(1)
    n = draw.integers(50, 400, 4000).astype(float)
    share = draw.beta(2.0, 98.0, 4000)  # mean 0.02, spread 1 / (2 + 98 + 1) = 0.0099
    a, b = usual(draw.binomial(n.astype(int), share).astype(float), n)
    assert a / (a + b) == pytest.approx(0.02, rel=0.05)
    assert 1 / (a + b + 1) == pytest.approx(1 / 101, rel=0.15)


def test_clients_that_vary_by_chance_only_get_the_least_spread() -> None:
    a, b = usual(np.asarray([2.0, 2.0, 2.0]), np.asarray([100.0, 100.0, 100.0]))
    assert 1 / (a + b + 1) == pytest.approx(LEAST_SPREAD, rel=0.01)


def test_tail_by_hand_and_a_past_that_excuses() -> None:
    prior, n = (1.0, 99.0), np.asarray([100.0, 100.0])
    probes = np.asarray([30.0, 30.0])
    p = p_values(probes, n, prior, (np.asarray([0.0, 60.0]), np.asarray([0.0, 200.0])))
    np.testing.assert_allclose(p, [betabinom.sf(29, 100, 1, 99), betabinom.sf(29, 100, 61, 239)])
    assert p[0] < 1e-10
    assert p[1] > 0.01


def test_with_a_fixed_share_the_tail_is_the_binomial() -> None:
    p = p_values(np.asarray([7.0]), np.asarray([50.0]), (5e6, 95e6), (np.zeros(1), np.zeros(1)))
    assert p[0] == pytest.approx(binom.sf(6, 50, 0.05), rel=1e-4)


def test_found_allows_for_all_groups_and_wants_five_steps() -> None:
    p = np.asarray([1e-9, 1e-9, 0.9, ALPHA / 4, ALPHA / 3])
    places = found(np.asarray([40.0, 4.0, 50.0, 9.0, 9.0]), p)
    assert places.tolist() == [0]  # 0.01 / 5 is the line: a fourth and a third of 0.01 lie beyond it, and 4 steps are too few
