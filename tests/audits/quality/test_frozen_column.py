"""Frozen columns: standing still, hardly moving, rare by nature, elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from audits.quality.frozen_column import CONSTANT, ELSEWHERE, RARE, frozen_column

draw = np.random.default_rng(4)


def log(evidence_of, before, after, name="x"):
    """Make a reference day and a day after it."""
    return evidence_of([{name: value, "day": day} for day, values in enumerate((before, after)) for value in values])


def test_a_categorical_column_by_hand(evidence_of, figures):
    # 1 - (0.5² + 0.5²) = 0.5 in the reference; 1 - (0.9² + 0.1²) = 0.18 after: 0.36
    found = figures(frozen_column, log(evidence_of, ["a", "b"] * 50, ["a"] * 90 + ["b"] * 10, "k"), window=2)[0]
    assert found.value == pytest.approx(0.36)
    # 4 (0.9³ + 0.1³ - 0.82²) = 0.2304; 1.96 x sqrt(0.2304 / 100) / 0.5 = 0.1882
    assert (found.low, found.high) == (pytest.approx(0.36 - 0.1882, abs=1e-4), pytest.approx(0.36 + 0.1882, abs=1e-4))


def test_a_column_that_stands_still_is_zero_wherever_it_stands(evidence_of, figures):
    values = draw.normal(size=200).tolist()
    for still in (values[0], 1e9):
        found = figures(frozen_column, log(evidence_of, values, [still] * 100), window=2)[0]
        assert found.value == 0
        assert found.high < 0.1


def test_an_unchanged_column_is_as_varied_as_ever(evidence_of, figures):
    found = figures(frozen_column, log(evidence_of, draw.normal(size=300).tolist(), draw.normal(size=300).tolist()), window=2)[0]
    assert found.value == pytest.approx(1, abs=0.02)


def test_a_rare_flag_is_not_frozen_where_none_came(evidence_of, figures):
    found = figures(frozen_column, log(evidence_of, ["no"] * 196 + ["yes"] * 4, ["no"] * 100, "k"), window=2)
    assert [(f.value, f.reason) for f in found] == [(None, RARE)]


def test_values_of_another_scale_are_somebody_else_s_business(evidence_of, figures):
    whole = draw.integers(0, 900, 300).astype(float).tolist()
    found = figures(frozen_column, log(evidence_of, whole, draw.random(300).round(4).tolist()), window=2)
    assert [(f.value, f.reason) for f in found] == [(None, ELSEWHERE)]  # all between 0 and 1: one bin of the grid, and yet they vary
    assert figures(frozen_column, log(evidence_of, whole, [1e5 + x for x in whole]), window=2)[0].reason == ELSEWHERE


def test_what_never_varied_has_no_figure(evidence_of, figures):
    assert {(f.value, f.reason) for f in figures(frozen_column, log(evidence_of, ["a"] * 50, ["a"] * 50, "k"))} == {(None, CONSTANT)}
