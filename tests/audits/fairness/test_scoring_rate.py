"""Scoring rate: shares strictly above the median of everybody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.fairness.scoring_rate import scoring_rate
from audits.interval import wilson


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


def test_the_interval_knows_that_the_group_is_part_of_what_makes_the_median(evidence_of, figures):
    evidence = evidence_of([{"sex": "FM"[i % 2], "score": i / 100} for i in range(100)], protected=("sex",))
    found = {str(f.slice.get("sex")): f for f in figures(scoring_rate, evidence, window=0)}
    low, high = wilson(25 / 0.5, 50 / 0.5)  # half of all are women: as sure as twice their number
    assert (found["F"].low, found["F"].high, found["F"].n) == (pytest.approx(float(low)), pytest.approx(float(high)), 50)
    assert (found["None"].low, found["None"].high, found["None"].method) == (0.5, 0.5, "by definition")


@pytest.mark.parametrize(("n", "part"), [(250, 2), (250, 4), (700, 2)])
def test_it_holds_the_truth_in_nineteen_of_twenty_samples(n, part):
    draw = np.random.default_rng(n + part)
    score = draw.normal(size=(3000, n * part))
    score[:, :n] += 0.3
    median = np.median(score, axis=1, keepdims=True)
    hits = (score[:, :n] > median).sum(axis=1)
    large = draw.normal(size=400000 * part)
    large[:400000] += 0.3
    truth = np.mean(large[:400000] > np.median(large))
    rest = 1 - 1 / part
    low, high = wilson(hits / rest, np.full(3000, n / rest))
    assert 0.94 <= np.mean((low <= truth) & (truth <= high)) <= 0.97
    plain = wilson(hits, np.full(3000, n))
    assert np.mean((plain[0] <= truth) & (truth <= plain[1])) > np.mean((low <= truth) & (truth <= high)), "too wide without it"
