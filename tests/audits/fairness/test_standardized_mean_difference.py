"""Standardized mean difference of scores."""

from __future__ import annotations

import numpy as np
import pytest

from audits.fairness.standardized_mean_difference import standardized_mean_difference


def rows_of(scores, **more):
    return [{"sex": sex, "score": s, **more} for sex, found in scores.items() for s in found]


def test_by_hand(evidence_of, figures):
    # All: 0.2 0.4 0.6 0.8, SD = sqrt(0.05); means 0.3 and 0.7, M is the reference: 100 x -0.4 / sqrt(0.05).
    evidence = evidence_of(rows_of({"F": [0.2, 0.4], "M": [0.6, 0.8]}), protected=("sex",))
    (found,) = figures(standardized_mean_difference, evidence, window=0, slice={"sex": "F"})
    assert found.value == pytest.approx(-40 / np.sqrt(0.05))
    assert (found.reference, found.n) == ({"sex": "M"}, 2)
    assert found.low < found.value < found.high


def test_interval_and_p_are_welchs(evidence_of, figures):
    from scipy.stats import ttest_ind

    draw = np.random.default_rng(3)
    a, b = draw.normal(0.4, 0.1, 40).round(3), draw.normal(0.5, 0.2, 60).round(3)
    evidence = evidence_of(rows_of({"F": a.tolist(), "M": b.tolist()}), protected=("sex",))
    (found,) = figures(standardized_mean_difference, evidence, window=0, slice={"sex": "F"})
    expected = ttest_ind(a, b, equal_var=False)
    spread = np.std([*a, *b]) / 100
    assert found.value == pytest.approx((a.mean() - b.mean()) / spread)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    ends = expected.confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(ends.low / spread), pytest.approx(ends.high / spread))


def test_the_reference_follows_decisions_and_then_what_is_favorable(evidence_of, figures):
    scores = {"F": [0.2, 0.3], "M": [0.6, 0.8]}
    decided = [{**row, "decision": int(row["sex"] == "F")} for row in rows_of(scores)]
    for rows, more, expected in ((decided, {}, "F"), (rows_of(scores), {}, "M"), (rows_of(scores), {"positive": 0}, "F")):
        found = figures(standardized_mean_difference, evidence_of(rows, protected=("sex",), **more), window=0)
        assert {f.reference["sex"] for f in found} == {expected}


def test_a_constant_score_has_a_reason(evidence_of, figures):
    found = figures(standardized_mean_difference, evidence_of(rows_of({"F": [0.1] * 7, "M": [0.1] * 7}), protected=("sex",)), window=0)
    assert {(f.value, f.reason) for f in found} == {(None, "all scores are equal")}


def test_a_group_of_one_has_a_value_without_interval(evidence_of, figures):
    evidence = evidence_of(rows_of({"F": [0.1], "M": [0.4, 0.6, 0.7]}), protected=("sex",))
    (found,) = figures(standardized_mean_difference, evidence, window=0, slice={"sex": "F"})
    assert found.value is not None
    assert (found.low, found.high, found.p) == (None, None, None)
    assert "no interval" in found.reason


def test_one_class_of_several_has_it_too(evidence_of, figures):
    labels = "abc"
    chances = [0.4 + 0.01 * (i % 7) + 0.1 * (i % 2) for i in range(84)]
    rows = [{"decision": labels[i % 3], "outcome": labels[i % 3], "sex": "FM"[i % 2], "race": "xy"[i // 2 % 2],
             **{f"p_{k}": chance if k == "b" else (1 - chance) / 2 for k in labels}} for i, chance in enumerate(chances)]  # fmt: skip
    evidence = evidence_of(rows, task="multiclass", protected=("sex", "race"), favorable="a")
    view = evidence.of_class(evidence.classes.index("b"))
    found = figures(standardized_mean_difference, view, window=0, attribute="sex")
    group = next(f for f in found if f.reason == "")
    scores = {sex: np.asarray([row["p_b"] for row in rows if row["sex"] == sex]) for sex in "FM"}
    own, beside = scores[group.slice["sex"]], scores[group.reference["sex"]]
    spread = np.concatenate([own, beside]).std()
    assert group.value == pytest.approx(100 * (own.mean() - beside.mean()) / spread, rel=0.01), "squares come from score bins here"
    assert any(f.value is not None and f.reason == "" for f in figures(standardized_mean_difference, view, window=0, attribute="race,sex"))
