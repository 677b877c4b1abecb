"""`false_positive_rate` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import recall_score

from audits.evidence import Evidence
from audits.interval import wilson


def test_by_hand(evidence: Evidence, finding: Callable[..., dict[str, Any]]) -> None:
    """FP over negative outcomes: everybody, F and M."""
    found = [finding(evidence, "false_positive_rate", level) for level in ("", "F", "M")]
    assert [each["value"] for each in found] == [3 / 6, 1 / 3, 2 / 3]
    assert [each["n"] for each in found] == [6, 3, 3]
    assert [each["attribute"] for each in found] == [-1, 0, 0]
    low, high = wilson(round(3 / 6 * 6), 6)
    assert (found[0]["low"], found[0]["high"]) == (float(low), float(high))


def test_other_outcome(evidence_of: Callable[..., Evidence], twelve: list[dict[str, Any]], finding: Callable[..., dict[str, Any]]) -> None:
    """When the score predicts the unfavorable outcome, the rate is about that one."""
    assert finding(evidence_of(twelve, positive=0), "false_positive_rate")["value"] == pytest.approx(2 / 5, abs=1e-15)


def test_against_the_definition(
    evidence_of: Callable[..., Evidence], random_rows: list[dict[str, Any]], finding: Callable[..., dict[str, Any]]
) -> None:
    """500 random rows, to 1e-12."""
    y, d = (np.asarray([row[name] for row in random_rows]) for name in ("outcome", "decision"))
    assert len(y) == len(d)
    assert finding(evidence_of(random_rows), "false_positive_rate")["value"] == pytest.approx(1 - recall_score(1 - y, 1 - d), abs=1e-12)
