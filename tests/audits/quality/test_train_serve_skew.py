"""Train/serve skew: the first served window against the training data, and references that are none."""

from __future__ import annotations

import pytest

from audits.audit import missing
from audits.quality.train_serve_skew import train_serve_skew


def rows(shares, day=0, **more):
    """Make rows with so many of each category."""
    return [{"k": level, "day": day, **more} for level, n in shares.items() for _ in range(n)]


def test_the_first_window_is_held_against_the_training_data(evidence_of, figures):
    evidence = evidence_of([*rows({"a": 500, "b": 500}, reference=True), *rows({"a": 800, "b": 200}), *rows({"a": 500, "b": 500}, day=1)])
    found = figures(train_serve_skew, evidence)
    assert [(f.column, f.window, f.value, f.n) for f in found] == [("k", 0, pytest.approx(0.3), 1000)]
    assert found[0].tables == {"window": "2026-01-01T00:00:00"}
    assert 0.2 < found[0].low < 0.3 < found[0].high < 0.35


def test_equal_shares_are_quiet(evidence_of, figures):
    evidence = evidence_of([*rows({"a": 500, "b": 500}, reference=True), *rows({"a": 510, "b": 490})])
    assert [(f.value, f.low) for f in figures(train_serve_skew, evidence)] == [(pytest.approx(0.01), 0.0)]


def test_a_reference_of_served_rows_is_no_training_data(evidence_of):
    said = [missing(evidence_of(rows({"a": 5, "b": 5})), need) for need in train_serve_skew.needs]
    assert said == [None, 'the reference is made of served rows; training data is a source with rows = "reference"']
