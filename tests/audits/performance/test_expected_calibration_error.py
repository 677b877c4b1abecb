"""`expected_calibration_error` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """Ten at 0.2 of which 4 positive, ten at 0.8 of which 7: (0.2 + 0.1) / 2."""
    rows = [{"score": 0.2, "outcome": int(i < 4)} for i in range(10)] + [{"score": 0.8, "outcome": int(i < 7)} for i in range(10)]
    found = finding(evidence_of(rows), "expected_calibration_error")
    assert found["value"] == pytest.approx(0.15, abs=1e-12)
    assert found["tables"]["n"] == [10, 10]
    np.testing.assert_allclose(found["tables"]["mean_score"], [0.2, 0.8])
    np.testing.assert_allclose(found["tables"]["observed"], [0.4, 0.7])
    assert found["method"] == "normal, 10 equal-mass bins"


def test_bins_hold_equally_many_rows(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """500 different scores: ten bins of 50 but for what a grid cell holds; the value follows from the table."""
    found = finding(evidence_of(random_rows), "expected_calibration_error")
    n = np.asarray(found["tables"]["n"])
    assert len(n) == 10
    assert n.sum() == 500
    assert np.abs(n - 50).max() <= 3
    gap = np.abs(np.asarray(found["tables"]["mean_score"]) - np.asarray(found["tables"]["observed"]))
    assert found["value"] == pytest.approx(float((n / 500 * gap).sum()), abs=1e-12)


def test_noise_alone_is_not_miscalibration(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """A calibrated model of 400 rows has a value above 0 and an interval that starts near 0, below the default line of 0.05."""
    draw = np.random.default_rng(8)
    rows = [{"score": float(s), "outcome": int(draw.random() < s)} for s in draw.uniform(0.1, 0.9, 400)]
    found = finding(evidence_of(rows), "expected_calibration_error")
    assert found["value"] > 0.02
    assert found["low"] < 0.02
    assert found["high"] >= found["value"]


def test_coverage_of_its_interval() -> None:
    """A model off by 0.1 everywhere, 2,000 rows in ten bins: the interval holds 0.1 in 93 to 98 % of 1,000 simulations."""
    from audits.performance.expected_calibration_error import interval

    draw = np.random.default_rng(4)
    truth = np.linspace(0.15, 0.85, 10)
    n = np.full((1000, 10), 200.0)
    observed = draw.binomial(200, truth, (1000, 10)) / 200
    gap, weight = truth + 0.1 - observed, np.full((1000, 10), 0.1)
    value = (weight * np.abs(gap)).sum(axis=1)
    low, high = interval(gap, observed, n, weight, value)
    assert 0.93 <= np.mean((low <= 0.1) & (high >= 0.1)) <= 0.98
