"""`expected_calibration_error` by hand and against its definition elsewhere."""

from __future__ import annotations

import dataclasses
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
    assert 0.94 <= np.mean((low <= 0.1) & (high >= 0.1)) <= 0.99


@pytest.mark.parametrize("n", [50, 100, 200, 400, 1000, 1250, 5000])
@pytest.mark.parametrize("spread", [(0.02, 0.2), (0.3, 0.7), (0.05, 0.95)])
def test_calibrated_scores_are_not_failed(n: int, spread: tuple[float, float]) -> None:
    """Of 2,000 simulated cells whose scores are exactly right, at most 5 % fail, with and without min_n, and at most 5 % warn.

    The 45 to 209 rows of a small intersection are where noise used to be taken for miscalibration.
    """
    from audits.defaults import DEFAULTS
    from audits.performance.equal_mass import equal_mass
    from audits.performance.expected_calibration_error import interval
    from audits.performance.score_bins import ScoreBins
    from audits.policy import judge

    draw, cells, grid = np.random.default_rng(n), 2000, 20
    score = draw.uniform(*spread, (cells, n))
    hit = draw.random((cells, n)) < score
    along = (score - spread[0]) / (spread[1] - spread[0])
    place = (np.arange(cells)[:, None] * grid + np.minimum(along * grid, grid - 1).astype(int)).ravel()

    def gathered(values: Any) -> Any:
        return np.bincount(place, weights=values.ravel().astype(float), minlength=cells * grid).reshape(cells, grid)

    zeros = np.zeros(cells, dtype=np.int64)
    block = ScoreBins(
        version=0, window=zeros, slice=zeros, positives=gathered(hit), negatives=gathered(~hit), score=gathered(score),
        score_positives=gathered(score * hit),
    )  # fmt: skip
    curve = equal_mass(block)
    weight, gap = curve["n"] / n, np.nan_to_num(curve["mean_score"] - curve["observed"])
    value = (weight * np.abs(gap)).sum(axis=1)
    low, high = interval(gap, np.nan_to_num(curve["observed"]), curve["n"], weight, value)
    rows = np.full(cells, n)
    judged = judge(DEFAULTS["expected_calibration_error"], value, low, high, rows)
    assert np.mean(judged == "fail") <= 0.05
    assert np.mean(judged == "warn") <= 0.05
    unlimited = judge(dataclasses.replace(DEFAULTS["expected_calibration_error"], min_n=1), value, low, high, rows)
    assert np.mean(unlimited == "fail") <= 0.05


def test_a_score_that_is_off_is_failed() -> None:
    """Off by 0.1 with 5,000 rows: the low end stays above the line of 0.05 in nearly every one of 500 simulations."""
    from audits.performance.expected_calibration_error import interval

    draw, truth = np.random.default_rng(5), np.linspace(0.15, 0.85, 10)
    n, weight = np.full((500, 10), 500.0), np.full((500, 10), 0.1)
    observed = draw.binomial(500, truth, (500, 10)) / 500
    gap = truth + 0.1 - observed
    low, _ = interval(gap, observed, n, weight, (weight * np.abs(gap)).sum(axis=1))
    assert np.mean(low > 0.05) >= 0.95
