"""The grammar of `never`: what it reads, and what it refuses in one sentence."""

from __future__ import annotations

import re

import pytest

from connectors.invariant_check import problem
from connectors.invariant_grammar import Column, Comparison, Joined, Missing, Not, OneOf, parse

DOSE = Comparison(Column("dose"), ">", 40.0)


def test_and_binds_tighter_than_or_and_not_tighter_than_and() -> None:
    a, b, c = (Comparison(Column(name), "=", 1.0) for name in "abc")
    assert parse("a = 1 or b = 1 and not c = 1") == Joined("or", (a, Joined("and", (b, Not(c)))))
    assert parse("(a = 1 or b = 1) and c = 1") == Joined("and", (Joined("or", (a, b)), c))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("dose > 40", DOSE),
        ("dose>4e1", DOSE),
        ("`dose` > +40.0", DOSE),
        ("dose is missing", Missing(Column("dose"))),
        ("dose IS NOT missing", Not(Missing(Column("dose")))),
        ("`dose in mg` != 'a''b'", Comparison(Column("dose in mg"), "!=", "a'b")),
        ('unit == "mg"', Comparison(Column("unit"), "=", "mg")),
        ("unit in ('mg', 'g')", OneOf(Column("unit"), ("mg", "g"))),
        ("unit not in ('mg')", Not(OneOf(Column("unit"), ("mg",)))),
        ("given >= prescribed", Comparison(Column("given"), ">=", Column("prescribed"))),
        ("ok = TRUE", Comparison(Column("ok"), "=", True)),
        ("dose < -3", Comparison(Column("dose"), "<", -3.0)),
    ],
)
def test_what_is_written_is_what_is_meant(text: str, meant: object) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("dose >", "ends where a number"),
        ("dose => 40", 'did you mean ">="?'),
        ("dose ~ 40", "valid are: <, <=, >, >=, =, !="),
        ("dose > 40mg", "'40mg' cannot stand"),
        ("dose > 40; drop table x", "';' cannot stand"),
        ("(dose > 40", 'a "(" is never closed'),
        ("dose > 40)", '")" stands where and, or, or the end'),
        ("dose > 'x", "a quote is never closed"),
        ("40 < dose", '"40" stands where the name of a column'),
        ("dose is gone", '"gone" stands where missing'),
        ("dose in ()", '")" stands where a number'),
        ("dose > 1e999", "too large a number"),
        ("not " * 50 + "dose > 40", "nested more than 40 deep"),
        ("(" * 200 + "dose > 40", "nested more than 40 deep"),
        ("a = 1 and " * 200 + "dose > 40", "at most 1,000 characters"),
    ],
)
def test_what_is_no_condition_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        parse(text)
    assert len(str(refused.value)) < 200
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dose > 40", None),
        ("doze > 40", 'did you mean "dose"?'),
        ("unit = mg", 'no column "mg"; valid are: dose, unit, at, ok, tags (a text stands between quotes)'),
        ("dose = 'high'", "holds numbers, and 'high' is a text"),
        ("unit > 3", None),
        ("at > '2026-02-01'", None),
        ("at > 'soon'", "holds times, and 'soon' is none"),
        ("ok = true", None),
        ("ok = 1", "holds true and false, and 1 is a number"),
        ("dose = true", "holds numbers, not true and false"),
        ("dose > unit", "values of different kinds"),
        ("tags = 'x'", "cannot be compared"),
        ("tags is missing", None),
    ],
)
def test_a_log_says_what_it_cannot_be_asked(text: str, said: str | None) -> None:
    found = problem(parse(text), {"dose": "number", "unit": "text", "at": "time", "ok": "boolean", "tags": "other"})
    assert (found is None) if said is None else said in str(found)
