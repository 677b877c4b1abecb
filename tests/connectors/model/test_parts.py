"""Columns as a model wants them, and trees that are believed only when they are sound."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from connectors.model_columns import ModelError, in_order, matched, numbers, same_label, text_of, texts
from connectors.model_parts import Encoding, Linear, Part, Trees, sound
from connectors.model_stream import read, written

# x <= 2: 10 (3 rows); else y <= 0: 20 (1 row), else 30 (4 rows); missing x goes right, missing y left.
STUMPS = Trees(
    left=np.array([1, -1, 3, -1, -1]), right=np.array([2, -1, 4, -1, -1]), default=np.array([2, -1, 3, -1, -1]),
    feature=np.array([0, -1, 1, -1, -1]), threshold=np.array([2, np.nan, 0, np.nan, np.nan]), value=np.array([0.0, 10, 0, 20, 30]),
    cover=np.array([8.0, 3, 5, 1, 4]), offsets=np.array([0, 5]), base=0.5, link="identity",
    encode=Encoding(inputs=("x", "y"), parts=(Part(input=0), Part(input=1))),
)  # fmt: skip


def test_a_walk_by_hand() -> None:
    rows = pa.table({"y": [9.0, 0.0, 1.0, None, 1.0], "x": [2.0, 3.0, 3.0, 3.0, None]})
    assert STUMPS.answer(STUMPS.encode.matrix(rows)).tolist() == [10.5, 20.5, 30.5, 20.5, 30.5]
    assert replace(STUMPS, strict=True).answer(np.array([[2.0, 0.0]])).tolist() == [30.5]  # neither 2 < 2 nor 0 < 0
    assert STUMPS.turned().answer(np.array([[1.0, 0.0]])).tolist() == [1 - 10.5]
    odds = replace(STUMPS, value=STUMPS.value / 10, link="logit")
    assert odds.answer(np.array([[1.0, 0.0]]))[0] == pytest.approx(1 / (1 + np.exp(-1.5)))
    assert odds.turned().answer(np.array([[1.0, 0.0]]))[0] == pytest.approx(1 / (1 + np.exp(1.5)))


@pytest.mark.parametrize("broken", [
    {"left": np.array([0, -1, 3, -1, -1])},  # a circle
    {"right": np.array([2, -1, 9, -1, -1])},  # out of the tree
    {"left": np.array([1, -1, 3, -1, -1, -1])},  # more nodes than values
    {"feature": np.array([2, -1, 1, -1, -1])},  # no such column
    {"threshold": np.array([np.nan] * 5)}, {"value": np.array([0, np.inf, 0, 20, 30])},
    {"default": np.array([3, -1, 3, -1, -1])},  # missing goes to somebody else's child
    {"offsets": np.array([0, 4])}, {"offsets": np.array([0, 1, 5])},  # a child in the next tree
])  # fmt: skip
def test_trees_that_are_not_sound_are_dropped(broken: dict[str, np.ndarray]) -> None:
    assert sound(STUMPS)
    assert not sound(replace(STUMPS, **broken))


def test_parts_survive_the_pipe_and_lies_do_not() -> None:
    said, table = written(STUMPS)
    back = read(said, table)
    assert isinstance(back, Trees)
    assert back.answer(np.array([[3.0, 1.0]])).tolist() == [30.5]
    assert back.encode == STUMPS.encode
    line = Linear(coefficients=np.array([1.0, 2.0]), intercept=3.0, link="identity", encode=STUMPS.encode)
    said_of_line, coefficients = written(line)
    again = read(said_of_line, coefficients)
    assert isinstance(again, Linear)
    assert again.answer(np.array([[10.0, 100.0]])).tolist() == [213.0]
    for lie in ({"link": "cube"}, {"offsets": "all"}, {"base": float("nan")}, {"encode": {}}, {"kind": "linear"}):
        assert read({**said, **lie}, table) is None
    assert read(said_of_line, coefficients.slice(1)) is None


def test_one_hot_levels_belong_to_one_input() -> None:
    region = Part(
        input=1, labels=("=north", "=south"), levels=("north", "south"), table=((1.0, 0.0), (0.0, 1.0)), unseen=(0.0, 0.0), missing=None
    )
    encode = Encoding(inputs=("age", "region"), parts=(region, Part(input=0, steps=(("fill", 40.0), ("subtract", 40.0), ("divide", 10.0)))))
    rows = pa.table({"age": [50, None, 40, 20], "region": ["south", "moon", None, "north"]})
    assert encode.names == ("region=north", "region=south", "age")
    assert encode.owner().tolist() == [1, 1, 0]
    # A missing region is one that this encoder refuses: no number. A level never seen is in no column.
    expected = [[0, 1, 1], [0, 0, 0], [np.nan, np.nan, 0], [1, 0, -2]]
    assert np.array_equal(encode.matrix(rows), np.array(expected, dtype=float), equal_nan=True)


def test_what_counts_as_a_number() -> None:
    coded = pa.array(["1", None]).dictionary_encode()
    for column in (pa.array([True, None]), pa.array(["1", " "]), pa.array([Decimal("1.0"), None]), coded):
        assert np.array_equal(numbers(pa.chunked_array([column]), "a"), [1.0, np.nan], equal_nan=True)
    assert np.isnan(numbers(pa.chunked_array([pa.nulls(2)]), "a")).all()
    with pytest.raises(ModelError, match='"born" is date32'):
        numbers(pa.chunked_array([pa.array([dt.date(2000, 1, 1)])]), "born")


def test_levels_are_compared_as_texts() -> None:
    assert [text_of(v) for v in (3, 3.0, np.int64(3), "3")] == ["3"] * 4
    assert [text_of(v) for v in (3.5, True, None, float("nan"))] == ["3.5", "True", None, None]
    values, codes = texts(pa.chunked_array([pa.array([1.0, None]), pa.array([2.0, 1.0])]))
    assert [values[code] for code in codes] == ["1", None, "2", "1"]


def test_labels_of_classes() -> None:
    assert in_order(["10", "9"]) == ("9", "10")
    assert in_order(["b", "10", "a"]) == ("10", "a", "b")
    assert [same_label("1", wanted) for wanted in (1, 1.0, True, "1", 0, None)] == [True, True, True, True, False, False]
    assert same_label("True", 1)
    assert not same_label("False", 1)


def test_names_that_differ_in_signs_only() -> None:
    assert matched(["annual_income", "AGE"], ["age", "annual income"]) == ("annual income", "age")
    assert matched(["a b"], ["a_b", "a b"]) == ("a b",)  # the very name goes before one that is like it
    with pytest.raises(ModelError, match='wants "a-b"'):
        matched(["a-b"], ["a_b", "a b"])  # two are like it
    with pytest.raises(ModelError, match='"a", "b", "c", "d", "e" and 2 more'):
        matched(list("abcdefg"), ["x"])
