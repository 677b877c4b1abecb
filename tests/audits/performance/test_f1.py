"""`f1` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from audits.evidence import Evidence
from audits.interval import wilson

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence: Evidence, finding: Finding) -> None:
    """2 x 3 / (2 x 3 + 3 + 2) = 6/11; the interval is Wilson's of 3/8 through 2p / (1 + p)."""
    found = finding(evidence, "f1")
    assert found["value"] == pytest.approx(6 / 11, abs=1e-15)
    assert found["n"] == 8
    low, high = wilson(3, 8)
    assert found["low"] == pytest.approx(2 * float(low) / (1 + float(low)))
    assert found["high"] == pytest.approx(2 * float(high) / (1 + float(high)))


def test_against_scikit_learn(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """500 random rows, to 1e-12, and for the other outcome."""
    y, d = (np.asarray([row[name] for row in random_rows]) for name in ("outcome", "decision"))
    assert finding(evidence_of(random_rows), "f1")["value"] == pytest.approx(f1_score(y, d), abs=1e-12)
    assert finding(evidence_of(random_rows, positive=0), "f1")["value"] == pytest.approx(f1_score(1 - y, 1 - d), abs=1e-12)
