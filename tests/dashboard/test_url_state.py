"""Links: what they say comes back, what they cannot say is told, and nothing in them can break a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.url_state import NAMES, View, decode, elsewhere, encode, pick

WORDS = st.text(st.characters(min_codepoint=32, blacklist_categories=("Cs",)), min_size=1, max_size=60)


@given(st.dictionaries(st.sampled_from(NAMES), WORDS))
def test_a_link_comes_back_as_it_went_out(values: dict[str, str]) -> None:
    view, said = decode(values)
    assert encode(view) == values
    assert said == ()


def test_an_unknown_parameter_is_named_with_the_nearest_known_one() -> None:
    view, said = decode({"modle": "loans", "window": "2026-11-03"})
    assert view == View(window="2026-11-03")
    assert said == ("This link has a parameter “modle” that means nothing here; did it mean “model”?",)


@pytest.mark.parametrize("value", ["a\x00b", "x" * 301])
def test_a_value_that_cannot_be_is_left_out(value: str) -> None:
    view, said = decode({"model": value})
    assert view == View()
    assert said == ("This link’s “model” cannot be read and was left out.",)


def test_parameters_of_an_embedding_page_are_not_ours_to_judge() -> None:
    assert decode({"embed": "true", "embed_options": "x"}) == (View(), ())


def test_another_page_keeps_model_and_run_only() -> None:
    view = View(model="loans", run="r1", column="income", window="2026-11-03")
    assert elsewhere(view, attribute="sex") == {"model": "loans", "run": "r1", "attribute": "sex"}


def test_a_choice_that_exists_is_taken_silently() -> None:
    said: list[str] = []
    assert pick("model", "cards", ["loans", "cards"], say=said.append) == "cards"
    assert pick("model", None, ["loans", "cards"], "cards", say=said.append) == "cards"
    assert said == []


def test_a_choice_that_does_not_exist_falls_back_and_says_so() -> None:
    said: list[str] = []
    assert pick("model", "laons", ["cards", "loans"], say=said.append) == "cards"
    assert said == ["This run has no model “laons”; showing “cards” instead. Did it mean “loans”?"]


def test_nothing_to_choose_from() -> None:
    said: list[str] = []
    assert pick("column", "income", [], say=said.append) is None
    assert said == ["This run has no column “income”; there is nothing to choose from."]
