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
