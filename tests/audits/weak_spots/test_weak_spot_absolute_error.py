"""Worst slices of a regression: by hand against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audits.weak_spots.weak_spot_absolute_error import weak_spot_absolute_error


def test_by_hand_and_with_scipy(evidence_of, spots):
    draw = np.random.default_rng(5)
    rows = []
    for sex, deviation in (("F", 4.0), ("M", 1.0)):
        for _ in range(80):
            truth = float(draw.normal(50, 10))
            rows.append({"sex": sex, "score": truth + float(draw.normal(0, deviation)), "outcome": truth})
    (found,) = spots(weak_spot_absolute_error, evidence_of(rows, protected=("sex",), task="regression"))
    inside, outside = ([abs(row["score"] - row["outcome"]) for row in rows if row["sex"] == sex] for sex in "FM")
    test = stats.ttest_ind(inside, outside, equal_var=False)
    assert (found.slice, found.n) == ({"sex": "F"}, 80)
    assert (found.value, found.p_value) == (
        pytest.approx(np.mean(inside) - np.mean(outside), rel=1e-9),
        pytest.approx(test.pvalue, rel=1e-6),
    )
    assert found.tables["measure"] == "absolute_error"


def test_equal_errors_are_no_spot(evidence_of, spots):
    rows = [{"sex": sex, "score": float(i), "outcome": float(i + 1)} for sex in "FM" for i in range(60)]
    (found,) = spots(weak_spot_absolute_error, evidence_of(rows, protected=("sex",), task="regression"))
    assert np.isnan(found.value)
    assert found.reason.startswith("none of 2 slices has larger errors")
