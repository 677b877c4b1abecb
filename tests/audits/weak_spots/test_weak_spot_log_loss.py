"""Worst slices by log loss: by hand against scipy, and where the cut-off hides it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from audits.weak_spots.weak_spot import weak_spot
from audits.weak_spots.weak_spot_log_loss import weak_spot_log_loss


def test_by_hand_and_with_scipy(evidence_of, spots):
    # Every decision is right, but F's are given 0.55 to 0.64 and M's 0.85 to 0.94: only the probabilities are worse.
    rows = [
        {"sex": sex, "decision": 1, "outcome": 1, "score": base + i % 10 / 100}
        for sex, base in (("F", 0.55), ("M", 0.85))
        for i in range(60)
    ]
    evidence = evidence_of(rows, protected=("sex",))
    (found,) = spots(weak_spot_log_loss, evidence)
    inside, outside = ([-math.log(row["score"]) for row in rows if row["sex"] == sex] for sex in "FM")
    test = stats.ttest_ind(inside, outside, equal_var=False)
    ends = test.confidence_interval(0.975)
    assert found.slice == {"sex": "F"}
    assert (found.value, found.p_value) == (
        pytest.approx(np.mean(inside) - np.mean(outside), rel=1e-9),
        pytest.approx(test.pvalue, rel=1e-6),
    )
    assert (found.low, found.high) == (pytest.approx(ends.low, rel=1e-7), pytest.approx(ends.high, rel=1e-7))
    assert (found.people, found.method) == (None, "welch, widened for the choice")
    (errors,) = spots(weak_spot, evidence)
    assert np.isnan(errors.value)


def test_equal_losses_are_no_spot(evidence_of, spots):
    rows = [{"sex": sex, "decision": 1, "outcome": i % 2, "score": 0.5} for sex in "FM" for i in range(100)]
    (found,) = spots(weak_spot_log_loss, evidence_of(rows, protected=("sex",)))
    assert np.isnan(found.value)


def test_decisions_without_scores_say_so(evidence_of):
    from audits.audit import missing

    evidence = evidence_of([{"sex": "F", "decision": 1, "outcome": 1}] * 40, protected=("sex",))
    assert next(missing(evidence, need) for need in weak_spot_log_loss.needs)
