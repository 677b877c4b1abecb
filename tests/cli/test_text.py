"""Tables on a terminal stay tables, whatever is in them."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from dashboard.commands.text import cell, table, width


def test_numbers_right_words_left() -> None:
    assert table(["name", "n"], [["a", 1], ["bc", None]]).splitlines() == ["name  n", "----  -", "a     1", "bc    –"]


def test_times_are_written_to_the_second() -> None:
    assert cell(dt.datetime(2026, 8, 10)) == "2026-08-10 00:00:00"


@given(st.text())
def test_no_value_can_break_out_of_its_line(text: str) -> None:
    assert cell(text).isprintable()
    assert len(table(["x"], [[text]]).split("\n")) == 3


@given(st.lists(st.tuples(st.text(max_size=20), st.integers()), max_size=8))
def test_lines_fit_under_their_rule(rows: list[tuple[str, int]]) -> None:
    head, rule, *body = table(["name", "n"], rows).split("\n")
    assert all(width(line) <= len(rule) for line in (head, *body))
    assert len(body) == len(rows)
