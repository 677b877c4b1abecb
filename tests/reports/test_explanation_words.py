"""What an explanation says: true of what it holds, in plain words, and on the page for the person nothing that cannot be stood by."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from audits.explanation import Absent, Explanation, Value
from reports import explanation_words as words
from reports.attribution_series import of_one
from reports.explanation_handout import handout, sure
from reports.reading_level import grade, syllables
from tests.audits.test_explanation import WHOLE


@pytest.fixture
def model() -> Explanation:
    """The same explanation, of the model itself, which answers as it did."""
    return replace(WHOLE, kind="model", fidelity=None, prediction=replace(WHOLE.prediction, answer=0.4, matches=True, tolerance=0.001))


def text(found: Explanation) -> str:
    """Everything that is said."""
    return "\n".join(line for lines in words.told(found).values() for line in lines)


def test_fidelity_comes_first() -> None:
    told = words.told(WHOLE)
    assert next(iter(told)) == "basis"
    assert "0.930" in told["basis"][0]
    assert words.NOT_FOR_NOTICES in told["reasons"]


def test_parts_in_order_and_each_has_a_title() -> None:
    told = words.told(WHOLE)
    assert list(told) == [part for part in words.TITLES if part in told]
    assert set(told) == set(words.TITLES)


def test_numbers_are_those_of_the_explanation(model: Explanation) -> None:
    said = text(model)
    for wanted in (
        "The score was 0.400",
        "Decisions turn at 0.500, favorable from there on: 100.0% of 90 logged decisions follow that.",
        "From 0.100 to −0.400, as a score from 0.520 to 0.400 (exact, over the trees).",
        "income = 30: −0.500, against",
        "1. income is low (income: 30, usual is 40.50)",
        "the share of favorable ones is 100.0% [20.0%, 100.0%]",
        "The decision would have been favorable if income had been 41 in place of 30: score 0.510, cost 0.60 spreads.",
        "Not touched: age.",
        "Several versions logged this id: v1, v2.",
    ):
        assert wanted in said, wanted


def test_mismatch_is_said_first(model: Explanation) -> None:
    found = replace(model, prediction=replace(model.prediction, answer=0.9, matches=False))
    assert words.basis(found)[0].startswith("The model answers 0.900 today where 0.400 was logged")


def test_without_a_logged_score_nothing_shows_that_it_is_the_model(model: Explanation) -> None:
    found = replace(model, prediction=replace(model.prediction, score=None, matches=None))
    assert words.told(found)["basis"] == (words.NOT_SHOWN,)
    assert words.basis(model) == ()


def test_cases_that_came_later_say_so(model: Explanation) -> None:
    assert model.cases is not None
    found = replace(model, cases=replace(model.cases, cases=(replace(model.cases.cases[0], later=True),)))
    assert any("1 of these 1 were logged later than this one" in line for line in words.cases(found))
    assert not any("later" in line for line in words.cases(model))


def test_a_cut_off_is_not_rounded_onto_a_score(model: Explanation) -> None:
    cut = model.prediction.cut_off
    assert cut is not None
    found = replace(model, prediction=replace(model.prediction, score=0.4999, cut_off=replace(cut, value=0.4998)))
    said = " ".join(words.decision(found))
    assert "Decisions turn at 0.4998," in said
    assert "The score was 0.4999." in said


def test_the_chart_writes_a_value_as_the_table_does(model: Explanation) -> None:
    """0.04825 was 0.0483 in the one and 0.0482 in the other."""
    assert model.waterfall is not None
    share = replace(model.waterfall.shares[0], value=0.04825)
    chart = of_one(replace(model, waterfall=replace(model.waterfall, shares=(share,))))
    assert chart is not None
    assert chart.steps[0].label == "income = 0.04825" == f"income = {words.shown(0.04825)}"


def test_favorable_already(model: Explanation) -> None:
    turned = model.counterfactuals
    assert turned is not None
    assert model.reasons is not None
    found = replace(
        model,
        prediction=replace(model.prediction, favorable=True),
        reasons=replace(model.reasons, adverse=False),
        counterfactuals=replace(turned, wanted="unfavorable"),
    )
    said = text(found)
    assert "The favorable decision would have been lost if income had been 41" in said
    assert words.NOT_ADVERSE in said


def test_a_surrogates_answer_is_never_told_as_the_models() -> None:
    said = words.told(WHOLE)
    assert "The score was 0.400." in said["decision"]
    assert "For the same row the surrogate answers 0.410." in said["decision"]
    assert said["counterfactuals"][0].startswith("The surrogate would have decided favorably if income had been 41")
    assert said["counterfactuals"][-1].startswith("This is what the surrogate would answer.")
    turned = WHOLE.counterfactuals
    assert turned is not None
    (none,) = words.counterfactuals(replace(WHOLE, counterfactuals=replace(turned, found=())))
    assert "that the surrogate was asked about" in none


def test_none_found_and_deadline(model: Explanation) -> None:
    turned = model.counterfactuals
    assert turned is not None
    lines = words.counterfactuals(replace(model, counterfactuals=replace(turned, found=(), finished=False)))
    assert lines == (
        "No possible change was found that turns the decision round, of 10 that the model was asked about in 0.10 s.",
        "The search was ended by its deadline of 2.00 s: there may be a cheaper one.",
    )


def test_one_reason_is_said_once(model: Explanation) -> None:
    found = replace(model, absent=(Absent(part="model", reason="it broke"), Absent(part="reasons", reason="it broke")))
    assert words.absent(found) == ("The model, principal reasons: it broke.",)


def test_odd_values_are_named(model: Explanation) -> None:
    found = replace(model, values=(Value(column="debt", value=None, typical=1.0, odd="missing"),))
    assert "debt is missing." in words.decision(found)


def test_protected_is_flagged(model: Explanation) -> None:
    """Whichever way it pushed: that it was used is what has to be told."""
    assert model.waterfall is not None
    age = Value(column="age", value=30, typical=40, protected=True)
    share = replace(model.waterfall.shares[0], column="age", attribution=0.1, side="favorable")
    found = replace(model, values=(*model.values, age), waterfall=replace(model.waterfall, shares=(*model.waterfall.shares, share)))
    assert words.reasons(found)[-1] == "Apart from the reasons: age is a protected attribute, and the model uses it."
    assert words.flags(found) == words.reasons(found)[-1:]
    unused = replace(found, waterfall=replace(model.waterfall, shares=(replace(share, attribution=0.0, side="neither"),)))
    assert not any("protected" in line for line in words.reasons(unused))


def test_names_from_data_cannot_rearrange_a_sentence(model: Explanation) -> None:
    found = replace(model, prediction=replace(model.prediction, id="a\u202eb\n"))
    assert "\u202e" not in text(found)
    assert "\u202e" not in handout(found)


def test_handout(model: Explanation) -> None:
    page = handout(model, owner="credit@example.org")
    for wanted in ("The decision was not in your favor.", "1. Income is low.", "Your income: 30.", "Your income had been 41 (it was 30)",
                   "Who to ask: credit@example.org", "A computer system was used", "Date: 5 Mar 2026"):  # fmt: skip
        assert wanted in page, wanted
    assert max(map(len, page.splitlines())) <= 78
    assert "a-9" not in page  # nobody else's case is on it


def test_values_are_written_as_they_were_logged(model: Explanation) -> None:
    turned = model.counterfactuals
    assert turned is not None
    change = replace(turned.found[0].changes[0], column="home State", before="NY", after="TX")
    found = replace(model, counterfactuals=replace(turned, found=(replace(turned.found[0], changes=(change,)),)))
    assert "Your home State had been TX (it was NY)." in handout(found)


@pytest.mark.parametrize("kind", ["surrogate", "mismatch", "no model"])
def test_handout_tells_only_what_is_sure(model: Explanation, kind: str) -> None:
    """Reasons of a surrogate, of another file or of nothing are not the factors that were used, so none is told."""
    about = model.prediction
    found = {
        "surrogate": WHOLE,
        "mismatch": replace(model, prediction=replace(about, matches=False)),
        "no model": replace(model, kind=None, reasons=None, counterfactuals=None),
    }[kind]
    assert not sure(found)
    page = handout(found)
    assert "is low" not in page
    assert "had been" not in page
    assert "a person will look at it" in " ".join(page.split())
    assert "that the system used" not in page  # it would say for sure which facts counted
    assert "The facts about you in our records" in page


def test_handout_of_pushes_that_are_not_certain(model: Explanation) -> None:
    """Some input pushed against the person, none of them surely: that nothing did would be said in vain."""
    assert model.reasons is not None
    page = handout(replace(model, reasons=replace(model.reasons, reasons=())))
    assert "counted against you." not in page
    assert "can not say for sure" in page


def test_handout_of_a_favorable_decision(model: Explanation) -> None:
    page = handout(replace(model, prediction=replace(model.prediction, favorable=True)))
    assert "no reason against you" in page
    assert "could have changed" not in page


def test_eighth_grade(model: Explanation) -> None:
    """The whole page, and its sentences alone, without lists of facts, are for readers of the eighth grade or below."""
    held, turned = model.reasons, model.counterfactuals
    assert held is not None
    assert turned is not None
    reasons = tuple(replace(held.reasons[0], column=name) for name in ("income", "debt", "region", "employment"))
    favorable = replace(model, prediction=replace(model.prediction, favorable=True))
    unsure = replace(model, prediction=replace(model.prediction, matches=False))
    empty = replace(model, counterfactuals=replace(turned, found=()))
    for found in (replace(model, reasons=replace(held, reasons=reasons)), favorable, unsure, empty):
        page = handout(found, owner="the credit office")
        assert grade(page) <= 8
        prose = " ".join(line for line in page.splitlines() if not re.match(r"[\d *=-]", line))
        assert grade(prose) <= 8
    law = "The adverse determination was predicated upon insufficient creditworthiness as established by automated statistical evaluation."
    assert grade(law) > 16  # the same in the words of lawyers would not pass


WORDS = {"the": 1, "cat": 1, "decision": 3, "computer": 3, "used": 1, "counted": 2, "people": 2, "changes": 2, "promise": 2, "favor": 2}


@pytest.mark.parametrize("word", WORDS)
def test_syllables(word: str) -> None:
    assert syllables(word) == WORDS[word]


def test_grade_of_a_known_sentence() -> None:
    sentence = "A person will look at the table and count every letter."
    # 11 words; per-son, ta-ble and let-ter have two syllables, ev-er-y three, the other seven one: 16
    assert sum(syllables(word) for word in re.findall(r"[A-Za-z]+", sentence)) == 16
    assert grade(sentence) == pytest.approx(0.39 * 11 + 11.8 * 16 / 11 - 15.59, abs=0.001)
    with pytest.raises(ValueError, match="no word"):
        grade("12 34")
