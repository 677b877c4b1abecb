"""Missing rate: by hand, on small logs."""

from __future__ import annotations

import pytest

from audits.quality.missing_rate import missing_rate


def rows_of(column, reference, *days):
    return [
        {column: value, "day": day} | ({"reference": True} if day == 0 else {})
        for day, kept in enumerate([reference, *days])
        for value in kept
    ]


def test_missing_and_not_a_number_are_one_rate_counted_apart(evidence_of, figures):
    # Day 1: one of four missing, one not a number; day 2: none of two. Whole: 2 of 6.
    evidence = evidence_of(rows_of("x", [1.0, 2.5], [1.0, None, float("nan"), 2.0], [1.0, 2.0]))
    whole, first, second = figures(missing_rate, evidence)
    assert (whole.value, whole.n) == (pytest.approx(2 / 6), 6)
    assert (first.value, first.tables) == (0.5, {"missing": 1, "not_a_number": 1})
    assert (second.value, second.low, second.tables) == (0.0, 0.0, None)
    assert 0.6 < second.high < 0.7, "Wilson for 0 of 2"


def test_missing_decisions_are_counted_and_outcomes_are_not(evidence_of, figures):
    rows = [{"decision": None if i < 3 else i % 2, "outcome": None if i % 2 else 1} for i in range(10)]
    found = figures(missing_rate, evidence_of(rows), window=0)
    assert [(f.column, f.value) for f in found] == [("decision", 0.3)]


def test_everything_missing_is_one(evidence_of, figures):
    evidence = evidence_of(rows_of("x", [1.0, 2.5], [None, None]))
    assert {f.value for f in figures(missing_rate, evidence)} == {1.0}
