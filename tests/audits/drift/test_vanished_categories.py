"""Vanished categories: by hand, and the chance that a category is only missed by chance."""

from __future__ import annotations

import pytest
from scipy import stats

from audits.drift.vanished_categories import vanished_categories


def test_by_hand(evidence_of, figures, columns):
    # Shares .5 .2 .2 .1, 40 rows: 8 rows of b and of c and 4 of d were to be expected; none of b, c, d came, so b and c have vanished.
    rows = columns({"k": ["a"] * 50 + ["b"] * 20 + ["c"] * 20 + ["d"] * 10}, {"k": ["a"] * 40})
    (found,) = figures(vanished_categories, evidence_of(rows), window=1)
    assert (found.value, found.high, found.n) == (2.0, 3.0, 40)
    assert found.tables == {"categories": ["b", "c"], "expected": [8.0, 8.0]}
    # Of 140 rows, 20 are b, and none of them is among the 40 drawn: hypergeometric; four categories are looked at.
    one = stats.hypergeom(140, 20, 40).pmf(0)
    assert found.p == pytest.approx(4 * one, rel=1e-9)
    assert found.low == 2.0
    assert 4 * stats.hypergeom(140, 10, 40).pmf(0) > 0.05, "so d may be missing by chance"


def test_a_small_window_shows_nothing(evidence_of, figures, columns):
    (found,) = figures(vanished_categories, evidence_of(columns({"k": list("aabb") * 10}, {"k": ["a"] * 4})), window=1)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 1.0)
    assert found.tables == {"categories": [], "expected": []}


def test_new_values_are_none_and_the_rest_stays(evidence_of, figures, columns):
    levels = [f"v{i}" for i in range(40)]
    (found,) = figures(vanished_categories, evidence_of(columns({"k": ["a", "b"] * 30}, {"k": ["a", "b"] * 10 + levels})), window=1)
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_an_explosion_of_categories_takes_the_old_ones(evidence_of, figures, columns):
    rows = columns({"k": ["a", "b", "c"] * 20}, {"k": [f"id{i}" for i in range(300)]})
    (found,) = figures(vanished_categories, evidence_of(rows), window=1)
    assert (found.value, found.low, found.high) == (3.0, 3.0, 3.0)
    assert found.p < 1e-10


def test_decisions_are_categories_too(evidence_of, figures):
    rows = [{"decision": i % 2, "reference": True} for i in range(40)] + [{"decision": 1, "day": 1} for _ in range(20)]
    (found,) = figures(vanished_categories, evidence_of(rows), window=1, column="decision")
    assert (found.value, found.tables["categories"]) == (1.0, ["not 1"])
