"""Scoring impact ratio: scoring rates over the highest group's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.fairness.scoring_impact_ratio import scoring_impact_ratio


def rows():
    """Write eight scores; their median is 0.5, with one tie, and one person's sex is unknown."""
    scores = {"F": [0.1, 0.2, 0.5, 0.9], "M": [0.5, 0.6, 0.7], "Unknown": [0.3]}
    return [{"sex": sex, "score": s} for sex, found in scores.items() for s in found]


def test_by_hand(evidence_of, figures):
    found = {f.slice["sex"]: f for f in figures(scoring_impact_ratio, evidence_of(rows(), protected=("sex",)), window=0)}
    assert found.keys() == {"F", "M"}
    assert found["F"].value == pytest.approx((1 / 4) / (2 / 3))
    assert (found["M"].value, found["M"].reason) == (1.0, "reference group")


def test_a_constant_score_has_a_reason(evidence_of, figures):
    evidence = evidence_of([{"sex": sex, "score": 0.4} for sex in "FM" for _ in range(6)], protected=("sex",))
    ratios = figures(scoring_impact_ratio, evidence)
    assert {f.value for f in ratios} == {None}
    assert all("no score lies above the median" in f.reason for f in ratios)


def test_without_the_second_pass_there_is_a_reason_once(evidence_of, figures):
    evidence = replace(evidence_of(rows(), protected=("sex",)), above={}, medians={})
    (found,) = figures(scoring_impact_ratio, evidence)
    assert found.value is None
    assert "second pass" in found.reason
