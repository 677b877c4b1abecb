"""Equal opportunity: fairlearn's number with favorable as 1, also where `positive` is the opposite."""

from __future__ import annotations

import pytest

from audits.fairness.equal_opportunity_difference import equal_opportunity_difference


@pytest.mark.parametrize("attributes", [("sex",), ("race",), ("race", "sex")])
@pytest.mark.parametrize("positive", [1, 0])
def test_equals_fairlearn(surveyed, figures, population, attributes, positive):
    import fairlearn.metrics

    evidence = surveyed(positive)
    (found,) = figures(equal_opportunity_difference, evidence, attribute=",".join(attributes), window=0)
    rows = [r for r in population if all(r[a] != "Unknown" for a in attributes) and None not in (r["decision"], r["outcome"])]
    expected = fairlearn.metrics.equal_opportunity_difference(
        [r["outcome"] for r in rows], [r["decision"] for r in rows], sensitive_features=["|".join(r[a] for a in attributes) for r in rows]
    )
    assert found.value == pytest.approx(expected, abs=1e-12)


def literal():
    """Write eight rows: of F one of two with the favorable outcome is selected, of M two of two; no false positive in either."""
    table = [("F", 1, 1), ("F", 0, 1), ("F", 0, 0), ("F", 0, 0), ("M", 1, 1), ("M", 1, 1), ("M", 0, 0), ("M", 0, 0)]
    return [{"sex": sex, "decision": d, "outcome": y} for sex, d, y in table]


def test_by_hand(evidence_of, figures):
    evidence = evidence_of(literal(), protected=("sex",))
    (opportunity,) = figures(equal_opportunity_difference, evidence, window=0)
    assert (opportunity.value, opportunity.n) == (0.5, 2)
    assert (opportunity.tables["highest"], opportunity.tables["lowest"]) == ({"sex": "M"}, {"sex": "F"})


def test_without_favorable_outcomes_the_reason_says_what_is_missing(evidence_of, figures):
    rows = [{"sex": sex, "decision": i % 2, "outcome": 0} for sex in "FM" for i in range(10)]
    evidence = evidence_of(rows, protected=("sex",))
    (found,) = figures(equal_opportunity_difference, evidence, window=0)
    assert found.value is None
    assert "known favorable outcome" in found.reason


def test_a_window_without_outcomes_says_so(evidence_of, figures):
    rows = [*({**r, "day": 0} for r in literal()), *({**r, "outcome": None, "day": 1} for r in literal())]
    found = figures(equal_opportunity_difference, evidence_of(rows, protected=("sex",)))
    assert [(f.window, f.value) for f in found] == [(0, 0.5), (1, 0.5), (2, None)]
