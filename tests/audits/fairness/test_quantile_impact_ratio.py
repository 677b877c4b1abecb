"""Impact ratios by score alone: counted by hand, and against sorting the rows."""

from __future__ import annotations

import numpy as np
import pytest

from audits.fairness.quantile_impact_ratio import SHARES, quantile_impact_ratio


def test_ten_people_by_hand(evidence_of, figures):
    # The best five of ten: 0.95 M, 0.85 M, 0.75 F, 0.65 M, 0.55 F: M 3 of 5, F 2 of 5. Four of ten were selected, M 3 of 5 and F 1 of 5.
    scores = [
        (0.95, "M"),
        (0.85, "M"),
        (0.75, "F"),
        (0.65, "M"),
        (0.55, "F"),
        (0.45, "F"),
        (0.35, "M"),
        (0.25, "F"),
        (0.15, "M"),
        (0.05, "F"),
    ]
    rows = [{"sex": sex, "score": score, "decision": int(score > 0.6)} for score, sex in scores]
    found = {f.slice["sex"]: f for f in figures(quantile_impact_ratio, evidence_of(rows, protected=("sex",)))}
    female = found["F"]
    assert female.tables["shares"] == list(SHARES)
    assert female.tables["at"] == 0.4  # four of ten were selected
    assert female.value == pytest.approx((1 / 5) / (3 / 5))
    assert female.tables["rate"] == pytest.approx([0, 0, 0.2, 0.2, 0.4, 0.6, 0.6, 0.8, 0.8], abs=1e-9)
    assert female.tables["reference_rate"] == pytest.approx([0.2, 0.4, 0.4, 0.6, 0.6, 0.6, 0.8, 0.8, 1.0], abs=1e-9)
    assert (female.reference, found["M"].value, found["M"].reason) == ({"sex": "M"}, 1.0, "reference group")


@pytest.mark.parametrize("positive", [1, 0])
def test_many_people_as_if_sorted(evidence_of, figures, positive):
    draw = np.random.default_rng(6)
    sex = draw.choice(["F", "M"], 1200)
    score = np.clip(draw.normal(0.5, 0.15, 1200) + 0.05 * (sex == "M"), 0, 1)
    rows = [
        {"sex": s, "score": float(x), "decision": int((x > 0.5) == positive)} for s, x in zip(sex.tolist(), score.tolist(), strict=True)
    ]
    found = {f.slice["sex"]: f for f in figures(quantile_impact_ratio, evidence_of(rows, protected=("sex",), positive=positive))}
    group = next(f for f in found.values() if f.reason == "")
    order = np.argsort(-score if positive else score)
    for share, ratio in zip(SHARES, group.tables["ratio"], strict=True):
        best = sex[order[: round(share * 1200)]]
        own, beside = ((best == g).sum() / (sex == g).sum() for g in (group.slice["sex"], group.reference["sex"]))
        assert ratio == pytest.approx(own / beside, abs=0.015), "the cut-off falls inside a bin"
    cut = group.tables["thresholds"][4]
    assert cut == pytest.approx(float(np.median(score)), abs=0.01)


def test_equal_scores_select_everybody_alike(evidence_of, figures):
    rows = [{"sex": "FM"[i % 2], "score": 0.5, "decision": i % 2} for i in range(40)]
    found = {f.slice["sex"]: f for f in figures(quantile_impact_ratio, evidence_of(rows, protected=("sex",)))}
    assert found["F"].tables["ratio"] == pytest.approx([1.0] * 9)


def test_a_number_that_is_predicted_has_a_curve_too(evidence_of, figures):
    rows = [{"sex": "FM"[i % 2], "score": float(i + 5 * (i % 2)), "outcome": float(i)} for i in range(60)]
    found = {f.slice["sex"]: f for f in figures(quantile_impact_ratio, evidence_of(rows, task="regression", protected=("sex",)))}
    assert found["F"].tables["at"] == 0.5
    assert found["F"].value < 1
