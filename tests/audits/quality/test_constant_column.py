"""Constant column: what counts as one value, and when it cannot be told."""

from __future__ import annotations

import pytest

from audits.quality.constant_column import CANNOT_TELL, CONSTANT_BEFORE, constant_column


def rows_of(column, reference, *days):
    return [
        {column: value, "day": day} | ({"reference": True} if day == 0 else {})
        for day, kept in enumerate([reference, *days])
        for value in kept
    ]


@pytest.mark.parametrize(("reference", "window", "value", "reason"), [
    ([1.0, 2.5], [7.25, 7.25], 1.0, ""), ([1.0, 2.5], [1.0, 1.0], 1.0, ""), ([1.0, 2.5], [1.0, 1.000001], 0.0, ""),
    ([1.0, 1.0], [1.0, 1.0], 0.0, CONSTANT_BEFORE), (["a", "b"], ["a", "a"], 1.0, ""), (["a", "b"], ["a", "b"], 0.0, ""),
    (["a", "b"], ["a", "x"], 0.0, ""), (["a", "b"], ["x"], 1.0, ""), (["a", "b"], ["x", "x"], None, CANNOT_TELL),
    (["a", "a"], ["a", "a"], 0.0, CONSTANT_BEFORE), (["a", "b"], [None, "a"], 1.0, ""),
])  # fmt: skip
def test_constant_columns(evidence_of, figures, reference, window, value, reason):
    (found,) = figures(constant_column, evidence_of(rows_of("x", reference, window)), window=1)
    assert (found.value, found.low, found.high, found.reason) == (value, value, value, reason)


def test_a_column_constant_on_each_day_is_not_constant_over_the_period(evidence_of, figures):
    evidence = evidence_of(rows_of("x", [1.0, 2.5], [1.0, 1.0], [2.0, 2.0]))
    assert [f.value for f in figures(constant_column, evidence)] == [0.0, 1.0, 1.0]


def test_everything_missing_has_a_reason(evidence_of, figures):
    found = figures(constant_column, evidence_of(rows_of("x", [1.0, 2.5], [None, None])))
    assert {(f.value, f.reason) for f in found} == {(None, "every value is missing")}
