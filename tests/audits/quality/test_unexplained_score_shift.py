"""Unexplained score shift: a score that moves alone, one that moves with a feature, and one that moves with missing values."""

from __future__ import annotations

import numpy as np
import pytest

from audits.quality.unexplained_score_shift import unexplained_score_shift

draw = np.random.default_rng(2)
X = np.sort(draw.normal(size=600)).round(3)


def day(number, x, score):
    """Make a day's rows."""
    return [{"x": None if np.isnan(a) else float(a), "score": float(b), "day": number} for a, b in zip(x, score, strict=True)]


def score(x):
    """Score as the model does."""
    return (1 / (1 + np.exp(-np.nan_to_num(x)))).round(4)


def test_a_score_that_moves_alone(evidence_of, figures):
    found = figures(unexplained_score_shift, evidence_of([*day(0, X, score(X)), *day(1, X, score(X)), *day(2, X, score(X + 1))]))
    assert [f.window for f in found] == [0, 1, 2, 3]
    assert found[2].value == pytest.approx(0, abs=1e-9)
    assert found[3].value > 0.3
    assert found[3].low > 0.05
    assert found[3].tables["column"] == "x"


def test_a_score_that_moves_with_its_feature_is_explained(evidence_of, figures):
    found = figures(unexplained_score_shift, evidence_of([*day(0, X, score(X)), *day(1, X + 1, score(X + 1))]), window=2)
    assert found[0].value == pytest.approx(0, abs=0.01)
    assert found[0].low < 0


def test_a_score_that_moves_because_values_are_missing_is_explained(evidence_of, figures):
    lost = np.where(np.arange(600) % 2, np.nan, X)
    found = figures(unexplained_score_shift, evidence_of([*day(0, X, score(X)), *day(1, lost, score(lost))]), window=2)
    assert found[0].value <= 0.05
