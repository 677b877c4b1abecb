"""Scoring rate: shares strictly above the median of everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.fairness.scoring_rate import scoring_rate


def rows():
    """Write eight scores; their median is 0.5, with one tie, and one person's sex is unknown."""
    scores = {"F": [0.1, 0.2, 0.5, 0.9], "M": [0.5, 0.6, 0.7], "Unknown": [0.3]}
    return [{"sex": sex, "score": s} for sex, found in scores.items() for s in found]


def test_by_hand(evidence_of, figures):
    evidence = evidence_of(rows(), protected=("sex",))
    found = {str(f.slice.get("sex")): f for f in figures(scoring_rate, evidence, window=0)}
    assert {key: (f.value, f.n) for key, f in found.items()} == {
        "None": (3 / 8, 8), "F": (1 / 4, 4), "M": (pytest.approx(2 / 3), 3), "Unknown": (0.0, 1)}  # fmt: skip
    assert found["F"].tables == {"median": 0.5}
    assert (found["F"].attribute, found["None"].attribute) == ("sex", None)


def test_a_constant_score_puts_nobody_above(evidence_of, figures):
    evidence = evidence_of([{"sex": sex, "score": 0.4} for sex in "FM" for _ in range(6)], protected=("sex",))
    assert {f.value for f in figures(scoring_rate, evidence)} == {0.0}


def test_without_the_second_pass_there_is_a_reason_once(evidence_of, figures):
    evidence = replace(evidence_of(rows(), protected=("sex",)), above={}, medians={})
    (found,) = figures(scoring_rate, evidence)
    assert found.value is None
    assert "second pass" in found.reason
