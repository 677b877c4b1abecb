"""What a group's rows can show: statsmodels' power, and words for groups that are too small."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import power_proportions_2indep

from audits.fairness.detectable_gap import detectable_gap, power, rows_needed, smallest_gap


@pytest.mark.parametrize(
    ("rate", "gap", "n", "n_r"), [(0.5, 0.1, 400, 400), (0.3, 0.06, 900, 5000), (0.1, 0.05, 60, 3000), (0.9, 0.1, 45, 50)]
)
def test_power_is_that_of_statsmodels(rate, gap, n, n_r):
    expected = power_proportions_2indep(-gap, rate, n, ratio=n_r / n, alpha=0.05, return_results=False)
    assert float(power(np.array([gap]), rate, np.array([float(n)]), float(n_r))[0]) == pytest.approx(float(expected), abs=1e-9)


def test_the_smallest_gap_and_the_rows_needed_are_each_others_inverse():
    gap = float(smallest_gap(0.4, np.array([500.0]), 2000.0)[0])
    assert float(power(np.array([gap]), 0.4, np.array([500.0]), 2000.0)[0]) == pytest.approx(0.8, abs=1e-9)
    assert rows_needed(gap, 0.4, 2000.0) == 500
    assert rows_needed(gap * 0.999, 0.4, 2000.0) > 500
    assert rows_needed(0.01, 0.4, 50.0) is None, "50 rows of the reference group are too few for any number of rows"


def test_a_simulated_gap_of_that_size_is_seen_four_times_in_five():
    from audits.interval import two_proportion_p

    gap = float(smallest_gap(0.4, np.array([300.0]), 800.0)[0])
    draw = np.random.default_rng(4)
    p = two_proportion_p(draw.binomial(300, 0.4 - gap, 20000), 300, draw.binomial(800, 0.4, 20000), 800)
    assert np.mean(p < 0.05) == pytest.approx(0.8, abs=0.02)


def test_a_small_group_is_told_how_many_rows_it_takes(evidence_of, figures, decided):
    evidence = evidence_of(decided({"M": (500, 1000), "F": (240, 500), "X": (10, 20)}), protected=("sex",))
    found = {f.slice["sex"]: f for f in figures(detectable_gap, evidence)}
    assert set(found) == {"F", "X"}
    assert found["F"].tables["policy_gap"] == pytest.approx(0.1)  # four fifths of 0.5
    needed = rows_needed(0.1, 0.5, 1000.0)
    assert found["F"].tables["n_needed"] == found["X"].tables["n_needed"] == needed
    assert (found["F"].tables["enough"], found["F"].reason) == (True, "")
    assert found["X"].reason == f"insufficient: a gap of 10.0 points in selection rate needs n = {needed}, and there are 20"
    assert found["F"].value < 0.1 < found["X"].value
    assert found["F"].tables["true_positive_rate"] is None


def test_true_positive_rates_are_asked_for_too(evidence_of, figures):
    rows = [{"sex": s, "decision": int(i % 10 < 6), "outcome": int(i % 4 < 2)} for s, n in (("M", 400), ("F", 40)) for i in range(n)]
    (female,) = figures(detectable_gap, evidence_of(rows, protected=("sex",)))
    found = female.tables["true_positive_rate"]
    assert (found["n"], found["policy_gap"], found["enough"]) == (20, 0.1, False)
    assert "in true positive rate needs n =" in female.reason


def test_a_rate_lower_than_the_gap_leaves_no_room(evidence_of, figures):
    rows = [{"sex": s, "decision": int(i % 20 == 0), "outcome": 1} for s in "MF" for i in range(200)]
    (one,) = figures(detectable_gap, evidence_of(rows, protected=("sex",)))
    assert "leaves no room for such a gap" in one.reason  # found in 5 % of favorable outcomes: ten points below is nobody


def test_too_few_for_any_gap_has_no_number_but_a_reason(evidence_of, figures, decided):
    (few,) = figures(detectable_gap, evidence_of(decided({"M": (10, 100), "F": (0, 3)}), protected=("sex",)))
    assert few.value is None
    assert "insufficient" in few.reason
