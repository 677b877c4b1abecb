"""What a client may send in an hour: by its own busiest hour, by other clients', and with neither."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson, t

from audits.probes.floods import LEAST_ROWS, allowances, growth, population, slack


def test_an_ordinary_client_may_send_what_ordinary_clients_do() -> None:
    peaks = np.asarray([3.0, 4.0, 5.0, 6.0, 7.0, 5.0, 4.0, 6.0, 5.0, 500.0])
    logs = np.log1p(peaks)
    middle = np.median(logs)
    spread = 1.4826 * np.median(np.abs(logs - middle))
    assert population(peaks) == pytest.approx(np.expm1(middle + spread * t.isf(0.001, 9)))
    assert population(peaks) < 50  # the one that is large does not make all others large
    assert population(peaks[:7]) == 0.0  # seven say nothing of what is ordinary


def test_a_large_client_may_send_what_it_did() -> None:
    before = np.asarray([5.0] * 9 + [400.0])
    found = allowances(before, before, before, hours=100)
    assert found[-1] == poisson.isf(0.01 / 100, 400.0)
    assert (found[:-1] == max(LEAST_ROWS - 1, poisson.isf(0.01 / 100, 5.0))).all()


def test_everybody_growing_is_no_flood_and_one_client_growing_is() -> None:
    before = np.full(10, 50.0)
    doubled = allowances(before, before, before * 2, hours=100)
    assert doubled[0] == poisson.isf(0.01 / 100, 100.0)
    assert growth(before, np.append(before[:9], 5000.0)) == 1.0
    assert growth(np.asarray([10.0]), np.asarray([900.0])) == 1.0  # of one client alone nothing tells growth from a flood


def test_what_varied_within_the_reference_may_vary_on() -> None:
    assert slack(np.asarray([2.0, 4.0]), np.asarray([2.0, 5.0]), 1e-4) == 1.0
    assert slack(np.asarray([1.0]), np.asarray([63.0]), 1e-4) == 63 / poisson.isf(1e-4, 1.0)
