"""Predictive parity difference: about `positive`, against the group with the highest selection rate."""

from __future__ import annotations

import pytest

from audits.fairness.predictive_parity_difference import predictive_parity_difference


@pytest.mark.parametrize("positive", [1, 0])
@pytest.mark.parametrize("attributes", [("sex",), ("race", "sex")])
def test_equals_metric_frame(surveyed, figures, population, positive, attributes):
    from fairlearn.metrics import MetricFrame, selection_rate
    from sklearn.metrics import precision_score

    def precision(truth, decided):
        return precision_score(truth, decided, pos_label=positive)

    evidence = surveyed(positive)
    rows = [r for r in population if all(r[a] != "Unknown" for a in attributes) and r["decision"] is not None]
    groups = [tuple(r[a] for a in attributes) for r in rows]
    decisions = [r["decision"] for r in rows]
    best = MetricFrame(metrics=selection_rate, y_true=decisions, y_pred=decisions, sensitive_features=["|".join(g) for g in groups])
    labelled = [(r, g) for r, g in zip(rows, groups, strict=True) if r["outcome"] is not None]
    rates = MetricFrame(
        metrics=precision, y_true=[r["outcome"] for r, _ in labelled],
        y_pred=[r["decision"] for r, _ in labelled], sensitive_features=["|".join(g) for _, g in labelled],
    ).by_group  # fmt: skip
    top = best.by_group.idxmax()
    found = figures(predictive_parity_difference, evidence, attribute=",".join(attributes), window=0)
    assert len(found) == len(rates)
    for figure in found:
        key = "|".join(figure.slice[a] for a in attributes)
        assert "|".join(figure.reference[a] for a in attributes) == top
        assert figure.value == pytest.approx(rates[key] - rates[top], abs=1e-12)


def test_by_hand_for_a_risk_score(evidence_of, figures):
    # Positive is the unfavorable value 0. White: of 10 that did well 2 were called risky; Black: of 10, 4. So the ratio is 2.
    rows = [{"race": race, "decision": int(i >= k), "outcome": 1} for race, k in (("White", 2), ("Black", 4)) for i in range(10)]
    rows += [{"race": race, "decision": 0, "outcome": 0} for race in ("White", "Black") for _ in range(6)]
    evidence = evidence_of(rows, protected=("race",), positive=0)
    (gap,) = figures(predictive_parity_difference, evidence, window=0, slice={"race": "Black"})
    assert gap.value == pytest.approx(6 / 10 - 6 / 8)


def test_a_group_without_positive_decisions_is_left_out_of_predictive_parity(evidence_of, figures):
    rows = [{"sex": sex, "decision": int(sex == "M"), "outcome": i % 2} for sex in "FM" for i in range(6)]
    found = figures(predictive_parity_difference, evidence_of(rows, protected=("sex",)), window=0)
    assert [(f.slice["sex"], f.value) for f in found] == [("M", 0.0)]
