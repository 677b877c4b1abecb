"""`calibration_gap` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence: Evidence, finding: Finding) -> None:
    """F: mean score 3.3 / 6 = 0.55 against 3/6 favorable; M, 5 labelled: 2.75 / 5 = 0.55 against 2/5."""
    found = {level: finding(evidence, "calibration_gap", level) for level in ("F", "M")}
    assert found["F"]["value"] == pytest.approx(0.05, abs=1e-12)
    assert found["M"]["value"] == pytest.approx(0.15, abs=1e-12)
    assert found["M"]["n"] == 5


def test_interval_is_of_paired_differences(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """Mean and t interval of score - outcome, row by row."""
    from scipy import stats

    gap = np.asarray([row["score"] - row["outcome"] for row in random_rows])
    found = finding(evidence_of(random_rows), "calibration_gap")
    expected = stats.t.interval(0.95, len(gap) - 1, loc=gap.mean(), scale=stats.sem(gap))
    np.testing.assert_allclose([found["value"], found["low"], found["high"]], [gap.mean(), *expected], atol=1e-12)


@pytest.mark.parametrize("n", [50, 100, 200, 400, 1000, 5000])
@pytest.mark.parametrize("spread", [(0.02, 0.2), (0.3, 0.7), (0.05, 0.95)])
def test_calibrated_scores_are_not_failed(n: int, spread: tuple[float, float]) -> None:
    """Of 2,000 simulated cells whose scores are exactly right, at most 5 % fail the default policy and at most 5 % warn."""
    from scipy import stats

    from audits.policy import DEFAULTS, judge

    draw = np.random.default_rng(n)
    score = draw.uniform(*spread, (2000, n))
    gap = score - (draw.random((2000, n)) < score)
    value = gap.mean(axis=1)
    half = stats.t.ppf(0.975, n - 1) * gap.std(axis=1, ddof=1) / np.sqrt(n)
    judged = judge(DEFAULTS["calibration_gap"], value, value - half, value + half, np.full(2000, n))
    assert np.mean(judged == "fail") <= 0.05
    assert np.mean(judged == "warn") <= 0.05
