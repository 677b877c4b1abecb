"""`brier_score` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """(0.2² + 0.3²) / 2 = 0.065; the row without an outcome is left out."""
    rows = [{"score": 0.8, "outcome": 1}, {"score": 0.3, "outcome": 0}, {"score": 0.5, "outcome": None}]
    found = finding(evidence_of(rows), "brier_score")
    assert found["value"] == pytest.approx(0.065, abs=1e-15)
    assert found["n"] == 2


def test_against_scikit_learn(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """500 random rows, to 1e-12, and for a score that predicts the unfavorable outcome."""
    y, s = (np.asarray([row[name] for row in random_rows]) for name in ("outcome", "score"))
    assert finding(evidence_of(random_rows), "brier_score")["value"] == pytest.approx(brier_score_loss(y, s), abs=1e-12)
    assert finding(evidence_of(random_rows, positive=0), "brier_score")["value"] == pytest.approx(brier_score_loss(1 - y, s), abs=1e-12)
