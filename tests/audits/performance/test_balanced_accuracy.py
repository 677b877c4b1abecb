"""`balanced_accuracy` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence: Evidence, finding: Finding) -> None:
    """(3/5 + 3/6) / 2 = 0.55; F (2/3 + 2/3) / 2; M (1/2 + 1/3) / 2."""
    found = [finding(evidence, "balanced_accuracy", level)["value"] for level in ("", "F", "M")]
    np.testing.assert_allclose(found, [0.55, 2 / 3, 5 / 12], atol=1e-15)


def test_against_scikit_learn(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """500 random rows, to 1e-12; the interval holds the value and is narrower than either rate's."""
    y, d = (np.asarray([row[name] for row in random_rows]) for name in ("outcome", "decision"))
    found = finding(evidence_of(random_rows), "balanced_accuracy")
    assert found["value"] == pytest.approx(balanced_accuracy_score(y, d), abs=1e-12)
    rate = finding(evidence_of(random_rows), "true_positive_rate")
    assert found["low"] < found["value"] < found["high"]
    assert found["high"] - found["low"] < rate["high"] - rate["low"]


def test_one_outcome_only(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """Without a negative outcome there is no second rate, and the reason says so."""
    found = finding(evidence_of([{"decision": 1, "outcome": 1}] * 4), "balanced_accuracy")
    assert np.isnan(found["value"])
    assert found["reason"] == "needs positive and negative outcomes with a known decision"
