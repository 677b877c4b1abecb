"""Where columns are cut, and how a condition reads."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audits.probes.conditions import Condition, Cut, as_slice, edges_of, mask, shown, simplest
from audits.slices import Slice


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (18_730.2, 21_004.9, 20_000),
        (0.118, 0.131, 0.12),
        (-3.4, -2.6, -3),
        (-1, 2, 0),
        (7, 7, 7),
        (1.234567, 1.234568, 1.234567),
        (99, 101, 100),
    ],
)
def test_the_simplest_number_in_a_range(low, high, found):
    assert simplest(low, high) == pytest.approx(found, rel=1e-6)
    assert low <= simplest(low, high) <= high


def test_edges_are_simple_and_near_their_quantiles():
    x = np.random.default_rng(1).lognormal(10, 0.5, 20_000)
    edges = edges_of(x)
    share = [(x < edge).mean() for edge in edges]
    assert len(edges) == 19
    assert np.abs(np.asarray(share) - np.arange(1, 20) / 20).max() <= 0.0151
    assert all(len(f"{edge:g}".replace(".", "").rstrip("0")) <= 3 for edge in edges)


def test_few_values_are_all_told_apart_and_one_value_is_not_cut():
    assert edges_of(np.asarray([3.0, 1.0, 2.0, 2.0])) == (2.0, 3.0)
    assert edges_of(np.full(50, 7.0)) == ()


NUMBER = Cut(column="income", edges=(10_000.0, 20_000.0, 40_000.0))
TEXT = Cut(column="region", edges=None, levels=("north", "south"))


def test_codes():
    assert NUMBER.codes(np.asarray([9_999.0, 10_000.0, 50_000.0, math.nan])).tolist() == [0, 1, 3, -1]
    assert TEXT.codes(np.asarray(["south", None, "moon"], dtype=object)).tolist() == [1, -1, 2]


@pytest.mark.parametrize(
    ("first", "last", "words", "bounds"),
    [
        (0, 0, "< 10,000", (None, 10_000)), (2, 3, "≥ 20,000", (20_000, None)), (1, 1, "10,000 to < 20,000", (10_000, 20_000)),
        (-1, 1, "< 20,000 or missing", (None, 20_000)), (-1, -1, "missing", (None, None)), (0, 3, "known", (None, None)),
    ],
)  # fmt: skip
def test_words_of_numbers(first, last, words, bounds):
    found = Condition("income", first, last)
    assert NUMBER.words(found) == words
    assert (NUMBER.to_json(found)["low"], NUMBER.to_json(found)["high"]) == bounds
    assert NUMBER.to_json(found)["missing"] == (first == -1)


def test_words_of_levels():
    assert [TEXT.words(one) for one in (Condition("region", 0, 0), Condition("region", 1, 1, other=True), Condition("region", -1, -1))] == [
        "= north", "≠ south", "missing",
    ]  # fmt: skip
    assert shown(1234.5) == "1234.5"


def test_a_conjunction_holds_rows_and_has_a_slice():
    codes = {"income": np.asarray([0, 1, 0, -1]), "region": np.asarray([0, 0, 1, 0])}
    both = (Condition("income", -1, 0), Condition("region", 1, 1, other=True))
    assert mask(codes, both).tolist() == [True, False, False, True]
    assert as_slice({"income": NUMBER, "region": TEXT}, both) == Slice.of({"income": "< 10,000 or missing", "region": "≠ south"})
