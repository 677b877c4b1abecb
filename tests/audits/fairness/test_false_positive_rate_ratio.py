"""False positive rate ratio: about `positive`, against the group with the highest selection rate."""

from __future__ import annotations

import pytest

from audits.fairness.false_positive_rate_ratio import false_positive_rate_ratio


@pytest.mark.parametrize("positive", [1, 0])
@pytest.mark.parametrize("attributes", [("sex",), ("race", "sex")])
def test_equals_metric_frame(surveyed, figures, population, positive, attributes):
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate

    def false_positives(truth, decided):
        return false_positive_rate(truth, decided, pos_label=positive)

    evidence = surveyed(positive)
    rows = [r for r in population if all(r[a] != "Unknown" for a in attributes) and r["decision"] is not None]
    groups = [tuple(r[a] for a in attributes) for r in rows]
    decisions = [r["decision"] for r in rows]
    best = MetricFrame(metrics=selection_rate, y_true=decisions, y_pred=decisions, sensitive_features=["|".join(g) for g in groups])
    labelled = [(r, g) for r, g in zip(rows, groups, strict=True) if r["outcome"] is not None]
    rates = MetricFrame(
        metrics=false_positives, y_true=[r["outcome"] for r, _ in labelled],
        y_pred=[r["decision"] for r, _ in labelled], sensitive_features=["|".join(g) for _, g in labelled],
    ).by_group  # fmt: skip
    top = best.by_group.idxmax()
    found = figures(false_positive_rate_ratio, evidence, attribute=",".join(attributes), window=0)
    assert len(found) == len(rates)
    for figure in found:
        key = "|".join(figure.slice[a] for a in attributes)
        assert "|".join(figure.reference[a] for a in attributes) == top
        assert figure.value == pytest.approx(rates[key] / rates[top], abs=1e-12)


def test_by_hand_for_a_risk_score(evidence_of, figures):
    # Positive is the unfavorable value 0. White: of 10 that did well 2 were called risky; Black: of 10, 4. So the ratio is 2.
    rows = [{"race": race, "decision": int(i >= k), "outcome": 1} for race, k in (("White", 2), ("Black", 4)) for i in range(10)]
    rows += [{"race": race, "decision": 0, "outcome": 0} for race in ("White", "Black") for _ in range(6)]
    evidence = evidence_of(rows, protected=("race",), positive=0)
    (ratio,) = figures(false_positive_rate_ratio, evidence, window=0, slice={"race": "Black"})
    assert (ratio.value, ratio.n, ratio.reference) == (pytest.approx(2.0), 10, {"race": "White"})


def test_no_false_positive_in_the_reference_group_has_a_reason(evidence_of, figures):
    rows = [{"sex": sex, "decision": int(sex == "M" and y), "outcome": y} for sex in "FM" for y in (0, 1) for _ in range(5)]
    rows += [{"sex": "F", "decision": 1, "outcome": 0}]
    found = figures(false_positive_rate_ratio, evidence_of(rows, protected=("sex",)), window=0)
    assert [f.value for f in found] == [None, None]
    assert "no false positive" in found[0].reason
