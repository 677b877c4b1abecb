"""Mean prediction of a number, by group."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from audits.audit import missing
from audits.fairness.mean_prediction import mean_prediction


def test_by_hand_and_by_scipy(evidence_of, figures):
    values = {"F": [10.0, 20.0, 30.0], "M": [15.0, 45.0]}
    rows = [{"sex": sex, "score": x, "outcome": None} for sex, found in values.items() for x in found]
    evidence = evidence_of(rows, task="regression", protected=("sex",))
    found = {f.slice.get("sex"): f for f in figures(mean_prediction, evidence, window=0)}
    assert {key: (f.value, f.n) for key, f in found.items()} == {None: (24.0, 5), "F": (20.0, 3), "M": (30.0, 2)}
    low, high = t.interval(0.95, 2, loc=20, scale=np.std(values["F"], ddof=1) / 3**0.5)
    assert (found["F"].low, found["F"].high) == (pytest.approx(low), pytest.approx(high))


def test_one_prediction_has_a_mean_and_no_interval(evidence_of, figures):
    evidence = evidence_of(
        [{"sex": "F", "score": 3.0}, {"sex": "M", "score": 4.0}, {"sex": "M", "score": 6.0}], task="regression", protected=("sex",)
    )
    (female,) = figures(mean_prediction, evidence, window=0, slice={"sex": "F"})
    assert (female.value, female.low, female.high) == (3.0, None, None)


def test_it_needs_a_score(evidence_of):
    evidence = evidence_of([{"sex": "F", "outcome": 3.0}, {"sex": "M", "outcome": 4.0}], task="regression", protected=("sex",))
    assert any(missing(evidence, need) for need in mean_prediction.needs)
