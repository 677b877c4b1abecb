"""Worst slices over features by log loss: they are read from their own part of the row search, and are no count of people."""

from __future__ import annotations

import dataclasses

import pytest

from audits.weak_spots.weak_spot_by_features_log_loss import weak_spot_by_features_log_loss

SPOT = {
    "rank": 1, "n": 400, "inside": 0.6, "outside": 0.4, "share": 0.1, "excess": 0.2, "low": 0.1, "high": 0.3,
    "p_value": 1e-9, "q_value": 1e-8,
    "method": "welch", "explains": [], "slice": {"income": "< 20,000"}, "words": "income < 20,000", "conditions": [],
}  # fmt: skip
BODY = {"searched": 10, "tested": 3, "level": 0.98, "rows_searched": 400, "rows_tested": 400, "spots": [SPOT], "reason": ""}


def test_losses_have_no_people(evidence_of, erring, spots):
    evidence = evidence_of(erring({"sex=F": (20, 100)}), protected=("sex",))
    receipt = {"rows_used": 800, "rows_available": 800, "created": ""}
    probed = dataclasses.replace(evidence, probes={"weak_spots": {**receipt, "measures": {"log_loss": BODY}}})
    (found,) = spots(weak_spot_by_features_log_loss, probed)
    assert (found.slice, found.value, found.people) == ({"income": "< 20,000"}, pytest.approx(0.2), None)
    assert found.method == "welch, widened for the choice"
