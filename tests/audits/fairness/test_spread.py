"""The interval of a largest minus a smallest: Newcombe's for two groups, and true to its level for more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import studentized_range

from audits.fairness.demographic_parity_difference import demographic_parity_difference
from audits.fairness.demographic_parity_ratio import demographic_parity_ratio
from audits.fairness.spread import largest_gap, range_z, smallest_ratio
from audits.interval import newcombe


@pytest.mark.parametrize(("k", "level"), [(2, 0.95), (3, 0.95), (5, 0.95), (20, 0.95), (80, 0.95), (5, 0.975)])
def test_the_range_of_k_normals_is_that_of_scipy(k, level):
    assert range_z(k, level) * 2**0.5 == pytest.approx(studentized_range.ppf(level, k, np.inf), abs=2e-4)


def test_two_groups_have_newcombes_interval():
    low, high = largest_gap(np.array([[56.0, 48.0], [3.0, 9.0]]), np.array([[70.0, 80.0], [10.0, 10.0]]))
    expected = newcombe([56, 9], [70, 10], [48, 3], [80, 10])
    assert low == pytest.approx(np.maximum(expected[0], 0), abs=1e-9)
    assert high == pytest.approx(expected[1], abs=1e-9)


def test_groups_without_rows_are_not_compared():
    with_empty = largest_gap(np.array([56.0, 0.0, 48.0]), np.array([70.0, 0.0, 80.0]))
    without = largest_gap(np.array([56.0, 48.0]), np.array([70.0, 80.0]))
    assert np.stack(with_empty) == pytest.approx(np.stack(without))
    assert np.isnan(largest_gap(np.array([5.0, 0.0]), np.array([10.0, 0.0]))).all()
    assert np.isnan(smallest_ratio(np.array([5.0, 0.0]), np.array([10.0, 0.0]))).all()


@pytest.mark.parametrize("rates", [[0.3] * 5, [0.3, 0.28, 0.25, 0.2, 0.1], [0.05, 0.5, 0.5]])
def test_the_interval_holds_the_truth_in_nineteen_of_twenty_samples(rates):
    # Newcombe's interval of the two extreme groups holds it in 72 % of samples of five equal groups.
    draw = np.random.default_rng(3)
    n = np.full(len(rates), 300.0)
    hits = draw.binomial(300, rates, size=(4000, len(rates))).astype(float)
    low, high = largest_gap(hits, np.broadcast_to(n, hits.shape))
    truth = max(rates) - min(rates)
    assert 0.945 <= np.mean((low <= truth) & (truth <= high)) <= 0.998
    low, high = smallest_ratio(hits, np.broadcast_to(n, hits.shape))
    truth = min(rates) / max(rates)
    assert 0.94 <= np.mean((low <= truth) & (truth <= high)) <= 0.998


def test_figures_of_three_groups_name_the_method_and_hold_their_value(evidence_of, figures, decided):
    evidence = evidence_of(decided({"a": (30, 60), "b": (20, 50), "c": (35, 50)}, "group"), protected=("group",))
    (gap,) = figures(demographic_parity_difference, evidence, window=0)
    (ratio,) = figures(demographic_parity_ratio, evidence, window=0)
    assert (gap.method, ratio.method) == ("newcombe-range", "mover-range")
    assert gap.low < newcombe(35, 50, 20, 50)[0] < gap.value < gap.high  # the low end is held for all three pairs
    assert ratio.value == pytest.approx((20 / 50) / (35 / 50))
    assert ratio.low < ratio.value < ratio.high <= 1
