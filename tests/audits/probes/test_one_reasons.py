"""Principal reasons: what pushed against the person, in the sentence that is true of the value, and never more than four."""

from __future__ import annotations

import pytest

from audits.explanation import Value
from audits.explanation_parts import Level, Share, Side
from audits.probes.reasons import level_of, principal, sentence
from connectors.model_config import Reason as Declared

SAME = Declared(low="Income too low", high="Income too low")
APART = Declared(low="Too little debt", high="Too much debt")


def value(column: str, held: object, typical: object = 10, *, protected: bool = False) -> Value:
    """Describe an input."""
    return Value(column=column, value=held, typical=typical, protected=protected)  # type: ignore[arg-type]


def share(column: str, attribution: float, side: Side = "unfavorable") -> Share:
    """Describe what an input adds."""
    return Share(column=column, value=None, attribution=attribution, low=None, high=None, side=side)


@pytest.mark.parametrize(
    ("held", "typical", "level"),
    [
        (5, 10, "low"),
        (11.5, 10, "high"),
        (10, 10, "value"),
        (None, 10, "missing"),
        ("a", "b", "value"),
        (True, False, "value"),
        (5, None, "value"),
    ],
)
def test_level(held: object, typical: object, level: Level) -> None:
    assert level_of(value("x", held, typical)) == level


@pytest.mark.parametrize(
    ("declared", "level", "told"),
    [
        (SAME, "low", "Income too low"),
        (SAME, "value", "Income too low"),
        (APART, "low", "Too little debt"),
        (APART, "high", "Too much debt"),
        (APART, "value", None),  # neither is true of it
        (SAME, "missing", None),  # nothing is low that is not there
        (None, "low", None),
    ],
)
def test_sentence(declared: Declared | None, level: Level, told: str | None) -> None:
    assert sentence(declared, level) == told


def test_at_most_four_and_only_against() -> None:
    shares = [share("helps", 9.0, "favorable"), *(share(name, -size) for name, size in zip("abcdef", (6, 5, 4, 3, 2, 1), strict=True))]
    values = {each.column: value(each.column, 1) for each in shares}
    found = principal(shares, values, {"b": APART}, {"a": 0.9})
    assert [each.column for each in found] == ["a", "b", "c", "d"]
    assert (found[0].stable, found[1].stable) == (0.9, None)
    assert [each.sentence for each in found] == [None, "Too little debt", None, None]


def test_a_push_that_is_next_to_nothing_is_no_principal_reason() -> None:
    # 4 of 104 is below one in twenty, 6 of 106 is not.
    values = {name: value(name, 1) for name in "ab"}
    assert [each.column for each in principal([share("a", -100), share("b", -4)], values, {}, {})] == ["a"]
    assert [each.column for each in principal([share("a", -100), share("b", -6)], values, {}, {})] == ["a", "b"]


def test_a_push_that_may_be_none_is_no_reason() -> None:
    """0.140 [-0.014, 0.293] may be the other side; the next one, surely against the person, takes its place."""
    ends = {"sure": (0.2, 0.4), "maybe": (-0.014, 0.293), "next": (0.05, 0.15)}
    sizes = {"sure": 0.3, "maybe": 0.14, "next": 0.1}
    shares = [Share(column=c, value=None, attribution=sizes[c], low=low, high=high, side="unfavorable") for c, (low, high) in ends.items()]
    found = principal(shares, {name: value(name, 1) for name in ends}, {}, {})
    assert [each.column for each in found] == ["sure", "next"]


def test_protected_is_flagged() -> None:
    found = principal([share("age", -1.0)], {"age": value("age", 1, protected=True)}, {}, {})
    assert found[0].protected
