"""How often inputs may come: by hand for a continuous log, a coarse one, and one whose clusters grow by themselves."""

from __future__ import annotations

import numpy as np
from scipy.stats import poisson

from audits.probes.replays import allowed, recurring, slack


def test_inputs_that_never_recur_may_come_four_times() -> None:
    earlier, later, inputs = np.asarray([0.0, 1.0]), np.asarray([1.0, 0.0]), np.asarray([500.0, 500.0])
    again = recurring(earlier, later, inputs)
    assert (again, slack(earlier, later, inputs, again)) == (0.0, 1.0)
    assert allowed(np.asarray([0.0]), rows=100_000, reference=1000, again=again, slack=1.0).tolist() == [4.0]


def test_inputs_that_were_there_may_come_as_often_as_they_did() -> None:
    found = allowed(np.asarray([50.0]), rows=3000, reference=1000, again=0.0, slack=1.0)
    assert found.tolist() == [poisson.isf(1e-6, 150.0)]  # 50 of 1,000 is 150 of 3,000


def test_a_coarse_log_allows_new_inputs_more() -> None:
    earlier, later, inputs = np.asarray([5.0, 0.0]), np.asarray([5.0, 3.0]), np.asarray([90.0, 10.0])  # 450 of 480 had come before
    again = recurring(earlier, later, inputs)
    assert again == 450 / 480
    assert allowed(np.asarray([0.0]), rows=9000, reference=930, again=again, slack=1.0)[0] == poisson.isf(1e-6, 9000 * again / 930)


def test_clusters_that_grow_within_the_reference_widen_what_is_allowed() -> None:
    earlier, later, inputs = np.asarray([0.0, 0.0]), np.asarray([1.0, 12.0]), np.asarray([988.0, 1.0])
    earlier, later, inputs = np.append(earlier, 1.0), np.append(later, 0.0), np.append(inputs, 1000.0)
    assert slack(earlier, later, inputs, recurring(earlier, later, inputs)) == 3.0  # twelve, where four are allowed
    assert allowed(np.asarray([0.0]), rows=1000, reference=2000, again=0.0, slack=3.0).tolist() == [12.0]
