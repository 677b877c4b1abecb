"""`log_loss` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """-(ln 0.8 + ln 0.7) / 2 = 0.28991."""
    rows = [{"score": 0.8, "outcome": 1}, {"score": 0.3, "outcome": 0}]
    assert finding(evidence_of(rows), "log_loss")["value"] == pytest.approx(0.2899092476, abs=1e-9)


def test_against_scikit_learn(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """500 random rows, to 1e-12; a certain and wrong score costs 36.04 and not infinity."""
    y, s = (np.asarray([row[name] for row in random_rows]) for name in ("outcome", "score"))
    assert finding(evidence_of(random_rows), "log_loss")["value"] == pytest.approx(log_loss(y, s), abs=1e-12)
    certain = [{"score": 1.0, "outcome": 0}, {"score": 0.5, "outcome": 1}]
    assert finding(evidence_of(certain), "log_loss")["value"] == pytest.approx(log_loss([0, 1], [1.0, 0.5]), abs=1e-12)


def test_margins_are_not_probabilities(evidence_of: Callable[..., Evidence]) -> None:
    """Scores beyond 0 and 1 are refused with their range."""
    from audits.audit import missing

    evidence = evidence_of([{"score": -2.5, "outcome": 0}, {"score": 3.0, "outcome": 1}])
    assert missing(evidence, "probability") == "scores run from -2.5 to 3, so they are not probabilities"
    grades = evidence_of([{"score": 3.0, "outcome": 1}, {"score": 7.0, "outcome": 0}])
    assert missing(grades, "probability") == "scores run from 3 to 7, so they are not probabilities"
