"""`average_precision` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """From the top: + (1/1), - , + (2/3), -: (1 + 2/3) / 2."""
    rows = [{"score": s, "outcome": o} for s, o in ((0.9, 1), (0.7, 0), (0.5, 1), (0.1, 0))]
    found = finding(evidence_of(rows), "average_precision")
    assert found["value"] == pytest.approx(5 / 6)
    assert found["n"] == 4
    assert found["tables"]["resolution"] == pytest.approx(0.0, abs=1e-12)


def test_within_its_bound_of_scikit_learn(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """500 random rows, everybody and an intersection of 20 bins; for both meanings of positive."""
    rows = [row | {"race": "AB"[i % 2]} for i, row in enumerate(random_rows)]
    for positive in (1, 0):
        evidence = evidence_of(rows, protected=("sex", "race"), positive=positive)
        for level, inside in (("", rows), ("A F", [row for row in rows if row["race"] == "A" and row["sex"] == "F"])):
            truth = [int(row["outcome"] == positive) for row in inside]
            exact = average_precision_score(truth, [row["score"] for row in inside])
            found = finding(evidence, "average_precision", level)
            assert abs(found["value"] - exact) <= found["tables"]["resolution"] + 1e-12
            assert found["low"] < found["value"] < found["high"]


def test_bound_is_what_orders_can_do() -> None:
    """Two positives and two negatives in one bin: at best 1, at worst (1/3 + 2/4) / 2 = 5/12, tied 1/2."""
    from audits.performance.average_precision import binned

    value, above, below = binned(np.asarray([[2.0]]), np.asarray([[2.0]]))
    assert value[0] == 0.5
    assert above[0] == 0.5
    assert below[0] == pytest.approx(1 / 12)
    value, _, _ = binned(np.asarray([[1.0, 1.0]]), np.asarray([[0.0, 3.0]]))
    assert value[0] == pytest.approx(0.5 * 1 / 4 + 0.5 * 2 / 5)


def test_no_positive(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """Without a positive outcome there is nothing to average."""
    found = finding(evidence_of([{"score": 0.4, "outcome": 0}, {"score": 0.6, "outcome": 0}]), "average_precision")
    assert np.isnan(found["value"])
    assert found["reason"] == "needs scored rows with a positive outcome"
