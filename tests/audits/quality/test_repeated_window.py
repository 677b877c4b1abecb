"""Repeated windows: the same data under new times, and what is only alike."""

from __future__ import annotations

import numpy as np

from audits.quality.repeated_window import TOO_FEW, repeated_window

draw = np.random.default_rng(9)


def day(number, x, **more):
    """Make a day's rows, scored anew."""
    return [{"x": float(value), "k": "ab"[i % 2], "score": float(draw.random()), "day": number, **more} for i, value in enumerate(x)]


def test_a_day_that_comes_again_is_found(evidence_of, figures):
    first, second = draw.normal(size=50), draw.normal(size=50)
    found = figures(repeated_window, evidence_of([*day(0, first), *day(1, second), *day(2, first[::-1]), *day(3, first)]))
    assert [(f.window, f.value) for f in found] == [(0, 2), (1, 0), (2, 0), (3, 1), (4, 1)]
    assert found[3].tables == found[4].tables == {"repeats": "2026-01-01T00:00:00"}


def test_one_other_value_is_another_day(evidence_of, figures):
    first = draw.normal(size=50)
    other = np.append(first[:-1], first[-1] + 1e-4)
    assert {f.value for f in figures(repeated_window, evidence_of([*day(0, first), *day(1, other)]))} == {0}


def test_few_rows_or_few_values_may_be_alike_by_chance(evidence_of, figures):
    few = figures(repeated_window, evidence_of([*day(0, [1, 2, 3]), *day(1, [1, 2, 3])]))
    constant = figures(repeated_window, evidence_of([*day(0, [1] * 40), *day(1, [1] * 40)]))
    assert {(f.value, f.reason) for f in (*few, *constant)} == {(None, TOO_FEW)}
