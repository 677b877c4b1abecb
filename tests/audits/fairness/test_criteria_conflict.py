"""What differing base rates rule out: the identity by hand, the words, and silence where nothing is established."""

from __future__ import annotations

import pytest

from audits.fairness.criteria_conflict import FEW, criteria_conflict, implied_false_positive_rate


def people(sex, tp, fp, fn, tn):
    cells = ((1, 1, tp), (1, 0, fp), (0, 1, fn), (0, 0, tn))
    return [{"sex": sex, "decision": decision, "outcome": outcome} for decision, outcome, n in cells for _ in range(n)]


def test_the_identity_holds_in_every_group():
    for tp, fp, fn, tn in ((40, 10, 20, 30), (5, 7, 11, 90)):
        n = tp + fp + fn + tn
        found = implied_false_positive_rate((tp + fn) / n, tp / (tp + fp), tp / (tp + fn))
        assert found == pytest.approx(fp / (fp + tn))
    assert implied_false_positive_rate(1.0, 0.5, 0.5) is None
    assert implied_false_positive_rate(0.5, 0.0, 0.5) is None


def test_base_rates_apart_rule_out_equal_errors_and_equal_predictive_values(evidence_of, figures):
    # Men: 60 of 100 positive; women: 30 of 100. Together PPV = 70/90, TPR = 70/90.
    rows = [*people("M", 50, 12, 10, 28), *people("F", 20, 8, 10, 62)]
    (found,) = figures(criteria_conflict, evidence_of(rows, protected=("sex",)))
    assert (found.value, found.n, found.slice, found.attribute) == (pytest.approx(0.3), 100, {}, "sex")
    tables = found.tables
    assert tables["groups"][tables["highest"]] == {"sex": "M"}
    assert tables["groups"][tables["lowest"]] == {"sex": "F"}
    assert tables["base_rate"] == [0.3, 0.6]
    assert tables["conflict"] is True
    ppv = tpr = 70 / 90
    expected = [0.6 / 0.4 * (1 - ppv) / ppv * tpr, 0.3 / 0.7 * (1 - ppv) / ppv * tpr]
    assert tables["implied_false_positive_rate"] == pytest.approx(expected)  # 33.3 % and 9.5 %
    assert found.reason == " ".join(tables["sentences"])
    assert "60.0 % among M (n = 100) and 30.0 % among F (n = 100)" in found.reason
    assert "would have to be 33.3 % for M and 9.5 % for F: equal predictive values and equal error rates cannot both hold" in found.reason
    # TPR 70/90 and FPR 20/110 in both: 0.6 x 0.7778 + 0.4 x 0.1818 = 53.9 %, 0.3 x 0.7778 + 0.7 x 0.1818 = 36.1 %
    assert "53.9 % and 36.1 % would get the positive decision" in found.reason
    assert "means 30.0 points apart" in found.reason


def test_base_rates_that_chance_can_make_differ_establish_nothing(evidence_of, figures):
    rows = [*people("M", 20, 5, 5, 20), *people("F", 18, 7, 5, 20)]
    (found,) = figures(criteria_conflict, evidence_of(rows, protected=("sex",)))
    assert found.tables["conflict"] is None
    assert found.reason.startswith("Can't tell: the positive outcome is as common as 50.0 % among M")
    assert found.p > 0.05


def test_decisions_that_agree_with_every_outcome_conflict_with_nothing(evidence_of, figures):
    rows = [*people("M", 80, 0, 0, 20), *people("F", 30, 0, 0, 70)]
    (found,) = figures(criteria_conflict, evidence_of(rows, protected=("sex",)))
    assert found.tables["conflict"] is False
    assert "all criteria about errors hold at once" in found.reason


def test_it_is_about_what_the_score_predicts(evidence_of, figures):
    rows = [*people("M", 50, 12, 10, 28), *people("F", 20, 8, 10, 62)]
    (found,) = figures(criteria_conflict, evidence_of(rows, protected=("sex",), positive=0))
    assert found.tables["groups"][found.tables["highest"]] == {"sex": "F"}
    assert found.tables["base_rate"] == [0.7, 0.4]


def test_groups_too_small_are_left_out_with_a_reason(evidence_of, figures):
    rows = [*people("M", 50, 12, 10, 28), *people("F", 2, 8, 1, 6)]
    (found,) = figures(criteria_conflict, evidence_of(rows, protected=("sex",)))
    assert (found.value, found.reason) == (None, FEW)
    assert found.tables["n"] == [17, 100]
