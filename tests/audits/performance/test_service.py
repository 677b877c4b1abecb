"""`service` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_mean_cost(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """0.01, 0.02 and 0.06 make 0.03 each; a prediction without a cost is left out."""
    rows = [{"cost": 0.01}, {"cost": 0.02}, {"cost": 0.06}, {"cost": None}]
    found = finding(evidence_of(rows), "cost_per_prediction")
    assert found["value"] == pytest.approx(0.03)
    assert found["n"] == 3
    assert found["unit"] == "currency"


def test_mean_energy(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """By group: F 1.5 Wh, M 4 Wh, with t intervals."""
    from scipy import stats

    rows = [{"sex": "F", "energy_wh": 1.0}, {"sex": "F", "energy_wh": 2.0}, {"sex": "M", "energy_wh": 4.0}]
    evidence = evidence_of(rows, protected=("sex",))
    found = finding(evidence, "energy_wh_per_prediction", "F")
    expected = stats.t.interval(0.95, 1, loc=1.5, scale=stats.sem([1.0, 2.0]))
    np.testing.assert_allclose([found["value"], found["low"], found["high"]], [1.5, *expected])
    single = finding(evidence, "energy_wh_per_prediction", "M")
    assert single["value"] == 4.0
    assert np.isnan(single["low"])
