"""Impact ratio: worked examples, who is the yardstick, and what is said when there is nothing to compare."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audits.fairness.impact_ratio import flips, impact_ratio


def test_the_worked_example_of_the_new_york_rule(evidence_of, figures, decided):
    # 6 RCNY 5-301: Male 50 of 92, Female 34 of 76; 34/76 over 50/92 is 0.8232.
    evidence = evidence_of(decided({"Male": (50, 92), "Female": (34, 76)}), protected=("sex",))
    (female,) = figures(impact_ratio, evidence, window=0, slice={"sex": "Female"})
    (male,) = figures(impact_ratio, evidence, window=0, slice={"sex": "Male"})
    assert female.value == pytest.approx((34 / 76) / (50 / 92), abs=1e-12)
    assert (female.n, female.reference, female.attribute) == (76, {"sex": "Male"}, "sex")
    half = 1.959964 * math.sqrt(1 / 34 - 1 / 76 + 1 / 50 - 1 / 92)
    assert female.low == pytest.approx(female.value * math.exp(-half), rel=1e-6)
    assert female.high == pytest.approx(female.value * math.exp(half), rel=1e-6)
    assert (male.value, male.low, male.high, male.p, male.n, male.reason) == (1.0, 1.0, 1.0, None, 92, "reference group")


def test_the_flip_test_counts_the_decisions_that_lift_the_ratio_to_four_fifths(evidence_of, figures, decided):
    # Black 16 of 32 against Hispanic 18 of 28: 0.8 x 18/28 x 32 = 16.46, so one more favorable decision is enough.
    evidence = evidence_of(decided({"Hispanic": (18, 28), "Black": (16, 32), "White": (15, 40)}, "race"), protected=("race",))
    (black,) = figures(impact_ratio, evidence, window=0, slice={"race": "Black"})
    (white,) = figures(impact_ratio, evidence, window=0, slice={"race": "White"})
    assert black.reference == {"race": "Hispanic"}, "28 rows are fewer than 30 but more than 2 % of 100"
    assert black.tables["flips"] == 1
    assert white.tables["flips"] == 6  # 0.8 x 18/28 x 40 = 20.57, so 21 - 15
    p, p_r, pooled = 16 / 32, 18 / 28, 34 / 60
    assert black.tables["z"] == pytest.approx((p - p_r) / math.sqrt(pooled * (1 - pooled) * (1 / 32 + 1 / 28)))


def test_exactly_four_fifths_needs_no_flip():
    found = flips(np.array([40.0, 39.0]), np.array([100.0, 100.0]), np.array([50.0, 50.0]), np.array([100.0, 100.0]))
    assert found.tolist() == [0, 1]


@pytest.mark.parametrize(("n", "reference"), [(1, "Many"), (2, "Few")])
def test_one_lone_person_is_nobodys_yardstick(evidence_of, figures, decided, n, reference):
    evidence = evidence_of(decided({"Many": (10, 20), "Few": (n, n)}, "group"), protected=("group",))
    found = figures(impact_ratio, evidence, window=0)
    assert {tuple(f.reference.values()) for f in found} == {(reference,)}


def test_a_group_below_two_percent_is_compared_but_is_not_the_yardstick(evidence_of, figures, decided):
    evidence = evidence_of(decided({"Many": (300, 1000), "Few": (10, 10)}, "group"), protected=("group",))
    (few,) = figures(impact_ratio, evidence, window=0, slice={"group": "Few"})
    assert (few.value, few.reference) == (pytest.approx(1 / 0.3), {"group": "Many"})


def test_unknown_people_are_left_out(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (3, 10), "M": (5, 10), None: (10, 10), "Unknown": (10, 10)}), protected=("sex",))
    found = figures(impact_ratio, evidence, window=0)
    assert {f.slice["sex"]: f.value for f in found} == {"F": pytest.approx(0.6), "M": 1.0}


def test_few_events_use_koopman_and_no_event_gives_zero_with_an_interval(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (0, 40), "M": (20, 40)}), protected=("sex",))
    (female,) = figures(impact_ratio, evidence, window=0, slice={"sex": "F"})
    assert (female.value, female.low, female.method) == (0.0, 0.0, "koopman-score")
    assert 0.05 < female.high < 0.3


def test_nobody_selected_has_a_reason_and_no_number(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (0, 40), "M": (0, 40)}), protected=("sex",))
    found = figures(impact_ratio, evidence)
    assert {f.value for f in found} == {None}
    assert all("no group received the favorable decision" in f.reason for f in found)


def test_everybody_selected_is_one_but_not_for_certain(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (40, 40), "M": (50, 50)}), protected=("sex",))
    (female,) = figures(impact_ratio, evidence, window=0, slice={"sex": "F"})
    assert female.value == 1.0
    assert female.low < 0.95


def test_one_group_is_only_its_own_reference(evidence_of, figures, decided):
    found = figures(impact_ratio, evidence_of(decided({"F": (3, 10)}), protected=("sex",)), window=0)
    assert [(f.value, f.reason) for f in found] == [(1.0, "reference group")]


def test_windows_versions_and_the_intersection_have_their_own_yardsticks(evidence_of, figures):
    rows = [
        {"sex": sex, "race": race, "decision": int(i < hits), "day": day, "version": version}
        for day, version, sex, race, hits in (
            (0, "a", "F", "x", 4), (0, "a", "M", "x", 8), (0, "a", "F", "y", 6), (0, "a", "M", "y", 2),
            (1, "b", "F", "x", 9), (1, "b", "M", "x", 3), (1, "b", "F", "y", 5), (1, "b", "M", "y", 5),
        )
        for i in range(10)
    ]  # fmt: skip
    evidence = evidence_of(rows, protected=("sex", "race"))
    by_sex = {(f.window, f.version, f.slice["sex"]): f.value for f in figures(impact_ratio, evidence, attribute="sex")}
    assert by_sex[1, None, "F"] == 1.0  # day 0: 10 of 20 each
    assert by_sex[2, None, "M"] == pytest.approx(8 / 14)
    assert by_sex[2, "b", "M"] == pytest.approx(8 / 14)
    assert (1, "b", "M") not in by_sex, "a version has no figure where it answered nothing"
    both = {(f.window, f.version, f.slice["race"], f.slice["sex"]): f for f in figures(impact_ratio, evidence, attribute="race,sex")}
    assert both[1, None, "y", "M"].value == pytest.approx(2 / 8)
    assert both[1, None, "y", "M"].reference == {"race": "x", "sex": "M"}


def test_the_screen_comes_with_z_and_the_p_of_the_two_groups_alone(evidence_of, figures, decided):
    from scipy.stats import fisher_exact, norm

    counts = {"a": (60, 100), "b": (45, 100), "c": (50, 100), "d": (1, 6), "e": (40, 100)}
    found = {f.slice["group"]: f for f in figures(impact_ratio, evidence_of(decided(counts, "group"), protected=("group",)), window=0)}
    b, d = found["b"].tables, found["d"].tables
    assert b["z"] == pytest.approx(-0.15 / math.sqrt(0.525 * 0.475 * 2 / 100))  # pooled: 105 of 200
    assert (b["test"], b["p_value"]) == ("z", pytest.approx(2 * norm.sf(abs(b["z"]))))
    assert found["b"].p == b["p_value"]
    assert d["expected"] == pytest.approx(6 * 45 / 106)  # 61 of 106 selected, so 45 not
    assert (d["test"], d["p_value"]) == ("fisher", pytest.approx(fisher_exact([[1, 5], [60, 40]]).pvalue, rel=1e-9))
