"""Label coverage: per window and version, and without an outcome column."""

from __future__ import annotations

import pytest

from audits.quality.label_coverage import label_coverage


@pytest.fixture
def evidence(evidence_of):
    """Make three days: four rows, none, two; two versions; half of the first day's outcomes known."""
    rows = [{"version": "ab"[i % 2], "decision": 1, "outcome": 1 if i < 2 else None, "day": 0} for i in range(4)]
    return evidence_of([*rows, *({"version": "b", "decision": 0, "outcome": None, "day": 2} for _ in range(2))])


def test_label_coverage_by_hand(evidence, figures):
    found = {(f.version, f.window): (f.value, f.n) for f in figures(label_coverage, evidence)}
    assert found == {
        (None, 0): (pytest.approx(2 / 6), 6), (None, 1): (0.5, 4), (None, 3): (0.0, 2), ("a", 0): (0.5, 2), ("a", 1): (0.5, 2),
        ("b", 0): (0.25, 4), ("b", 1): (0.5, 2), ("b", 3): (0.0, 2)}  # fmt: skip


def test_no_outcome_column_is_a_reason_and_no_zero(evidence_of, figures):
    found = figures(label_coverage, evidence_of([{"decision": i % 2, "day": i % 3} for i in range(9)]))
    assert [(f.value, f.reason) for f in found] == [(None, "the configuration maps no outcome column")]
