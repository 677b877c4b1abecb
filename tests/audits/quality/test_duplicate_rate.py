"""Duplicate rate: off the ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.quality.duplicate_rate import duplicate_rate


@pytest.fixture
def evidence(evidence_of):
    """Make three days: four rows, none, two; two versions; half of the first day's outcomes known."""
    rows = [{"version": "ab"[i % 2], "decision": 1, "outcome": 1 if i < 2 else None, "day": 0} for i in range(4)]
    return evidence_of([*rows, *({"version": "b", "decision": 0, "outcome": None, "day": 2} for _ in range(2))])


def test_the_rate_of_the_ledger(evidence, figures):
    coverage = replace(evidence.coverage, available=1000, used=940, quarantined=50, duplicate=10)
    (found,) = figures(duplicate_rate, replace(evidence, coverage=coverage))
    assert (found.value, found.n, found.window) == (0.01, 1000, 0)
    assert (found.low, found.high) == (pytest.approx(0.00544, abs=1e-4), pytest.approx(0.01831, abs=1e-4))


def test_an_empty_ledger_has_a_reason(evidence, figures):
    (found,) = figures(duplicate_rate, replace(evidence, coverage=replace(evidence.coverage, available=0, used=0)))
    assert (found.value, found.reason) == (None, "no row has been received")
