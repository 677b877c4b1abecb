"""Logs that leave measures little to stand on: figures that remain true, or a reason in words; never NaN, never a silent zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.bad_input.conftest import COLUMNS, Place, rows

Run = dict[str, Any]
SIZE = 600


def found(run: Run, name: str, slice: Mapping[str, str] | None = None, column: str | None = None) -> dict[str, Any]:
    """The figure over the whole period; the window that begins first is the whole one when it is listed first."""
    wanted = dict(slice or {})
    for each in run["runs"][0]["findings"]:
        if (each["name"], each["slice"], each["column"], each["version"]) == (name, wanted, column, None):
            return dict(each)
    raise AssertionError(f"no {name} for {wanted}")


def absent(run: Run, name: str) -> str:
    """Why a measure is not there at all."""
    reasons = [each["reason"] for each in run["runs"][0]["errors"] if each["name"] == name]
    assert len(reasons) == 1, (name, reasons)
    assert not any(each["name"] == name for each in run["runs"][0]["findings"])
    return str(reasons[0])


def logged(place: Place, columns: Mapping[str, Any], model: str = 'protected = ["sex"]', without: tuple[str, ...] = ()) -> Run:
    """Write, ingest and audit a log of 600 rows with some columns replaced; the JSON passes what every run must pass."""
    place.log(columns, size=SIZE)
    place.configure(model, columns={role: None if role in without else column for role, column in COLUMNS.items()})
    return place.audited()


def no_labels(run: Run) -> None:
    """Rates of decisions stay; all that needs an outcome is listed once, with the reason."""
    assert found(run, "selection_rate")["estimate"]["n"] == SIZE
    assert absent(run, "accuracy") == absent(run, "roc_auc") == "no outcome is known yet for any prediction of the period"


def one_group_labelled(run: Run) -> None:
    """The men have an accuracy, the women none and a reason; the gap between them has none either."""
    assert found(run, "accuracy", {"sex": "Male"})["estimate"]["n"] == SIZE // 2
    women = found(run, "accuracy", {"sex": "Female"})
    assert (women["estimate"]["value"], women["estimate"]["n"]) == (None, 0)
    assert "known outcome" in women["reason"]
    assert found(run, "equal_opportunity_difference")["estimate"]["value"] is None


def one_group(run: Run) -> None:
    """Nobody to compare with: a ratio of 1 by definition, no difference, and why."""
    assert found(run, "selection_rate", {"sex": "Female"})["estimate"]["n"] == SIZE
    gap = found(run, "demographic_parity_difference")
    assert gap["estimate"]["value"] is None
    assert "fewer than two known groups" in gap["reason"]


def a_group_of_one(run: Run) -> None:
    """One man: his figures are shown with their uncertainty and not judged, and he is nobody's yardstick."""
    man = found(run, "selection_rate", {"sex": "Male"})
    assert man["estimate"]["n"] == 1
    assert man["estimate"]["high"] - man["estimate"]["low"] > 0.7
    ratio = found(run, "impact_ratio", {"sex": "Male"})
    assert ratio["verdict"] in ("insufficient", None)
    assert ratio["reference_slice"] == {"sex": "Female"}


def constant_score(run: Run) -> None:
    """A score that says nothing ranks nothing: one half exactly, every pair a tie."""
    assert found(run, "roc_auc")["estimate"]["value"] == 0.5
    assert found(run, "expected_calibration_error")["estimate"]["value"] is not None


def scores_beyond_one(run: Run) -> None:
    """Ranks need no probability; calibration does, and says what was found."""
    assert found(run, "roc_auc")["estimate"]["value"] > 0.6
    for name in ("log_loss", "brier_score", "expected_calibration_error"):
        assert "not probabilities" in absent(run, name)


def ties_everywhere(run: Run) -> None:
    """Two values of the score, with decisions that follow it."""
    auc = found(run, "roc_auc")["estimate"]
    assert auc["low"] < auc["value"] < auc["high"]


def perfect_separation(run: Run) -> None:
    """Everything right: 1 with a lower end below it, for 600 rows do not prove certainty."""
    for name in ("roc_auc", "accuracy", "true_positive_rate"):
        figure = found(run, name)["estimate"]
        assert figure["value"] == 1.0
        assert figure["low"] is None or figure["low"] < 1.0
    assert found(run, "false_positive_rate")["estimate"]["value"] == 0.0
    assert found(run, "false_positive_rate")["estimate"]["high"] > 0


def never_selected(run: Run) -> None:
    """Nobody got the favorable decision: a rate of 0 with an upper end, and no ratio to it."""
    rate = found(run, "selection_rate")["estimate"]
    assert (rate["value"], rate["low"]) == (0.0, 0.0)
    assert rate["high"] > 0
    precision = found(run, "positive_predictive_value")
    assert precision["estimate"]["value"] is None
    assert precision["reason"]
    for sex in ("Female", "Male"):
        ratio = found(run, "impact_ratio", {"sex": sex})
        assert ratio["estimate"]["value"] is None or ratio["slice"] == ratio["reference_slice"], ratio
        assert ratio["estimate"]["value"] is not None or ratio["reason"]


def small_reference(run: Run) -> None:
    """Twenty rows of reference: drift is shown, and no verdict rests on it."""
    assert run["runs"][0]["reference"]["n"] == 20
    drift = [each for each in run["runs"][0]["findings"] if each["name"] == "population_stability_index"]
    assert drift
    assert {each["verdict"] for each in drift} <= {"insufficient", None}


BASE = rows(SIZE)
WOMEN = BASE["sex"] == "Female"
SCORE = np.asarray(BASE["score"], dtype=np.float64)
REFERENCE = 'protected = ["sex"]\n[models.m.reference]\nrows = 20'
CASES: dict[str, tuple[dict[str, Any], str, Callable[[Run], None]]] = {
    "no labels": ({"outcome": [None] * SIZE}, 'protected = ["sex"]', no_labels),
    "labels for one group only": ({"outcome": np.where(WOMEN, "", BASE["outcome"].astype(str))}, 'protected = ["sex"]', one_group_labelled),
    "one group": ({"sex": ["Female"] * SIZE}, 'protected = ["sex"]', one_group),
    "a group of one": ({"sex": ["Male", *["Female"] * (SIZE - 1)]}, 'protected = ["sex"]', a_group_of_one),
    "constant score": ({"score": [0.5] * SIZE}, 'protected = ["sex"]', constant_score),
    "scores outside 0 and 1": ({"score": (SCORE * 3 - 1).round(3)}, 'protected = ["sex"]', scores_beyond_one),
    "scores from 1 to 10": ({"score": np.ceil(SCORE * 10).clip(1).astype(int)}, 'protected = ["sex"]', scores_beyond_one),
    "ties everywhere": ({"score": np.where(SCORE > 0.5, 0.8, 0.2)}, 'protected = ["sex"]', ties_everywhere),
    "perfect separation": (
        {"score": np.where(BASE["outcome"] == 1, 0.6 + SCORE / 4, SCORE / 4).round(4), "decision": BASE["outcome"]},
        'protected = ["sex"]', perfect_separation,
    ),
    "favorable never decided": ({"decision": np.arange(SIZE) * 0, "outcome": BASE["outcome"]}, 'protected = ["sex"]', never_selected),
    "reference of twenty rows": ({}, REFERENCE, small_reference),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_figures_remain_true_or_say_why_not(place: Place, case: str) -> None:
    columns, model, holds = CASES[case]
    holds(logged(place, columns, model))
    place.reported()


@pytest.mark.parametrize("case", ["a group of one", "constant score", "perfect separation", "favorable never decided"])
def test_so_they_do_where_people_come_again(place: Place, case: str) -> None:
    """The same with three rows a person: intervals from groups of people, and as few of them as there are."""
    columns, model, _ = CASES[case]
    place.log({**columns, "person": np.arange(SIZE) // 3}, size=SIZE)
    place.configure(model, columns={**COLUMNS, "unit": "person"})
    run = place.audited()
    assert any("jackknife" in str(each["estimate"]["method"]) for each in run["runs"][0]["findings"])
    rate = found(run, "selection_rate")["estimate"]
    assert rate["low"] < rate["high"]


def test_three_classes_in_a_binary_task_are_refused(place: Place) -> None:
    place.log({"decision": np.arange(SIZE) % 3}, size=SIZE)
    assert place.candor("ingest").code == 0
    refused = place.candor("audit")
    assert refused.code == 2
    assert 'task = "binary", but column "decision" holds more than two values' in refused.sentence


KINDS = np.asarray(["cat", "dog", "bird"])


def classes(size: int = SIZE) -> dict[str, Any]:
    """Three classes with probabilities; "bird" turns out now and then and is never decided."""
    random = np.random.default_rng(3)
    chance = random.dirichlet((2, 2, 0.7), size).round(4)
    outcome = KINDS[(random.random(size)[:, None] > chance.cumsum(axis=1)).sum(axis=1).clip(max=2)]
    decision = np.where(chance[:, 0] > chance[:, 1], "cat", "dog")
    return {"decision": decision, "outcome": outcome} | {f"p_{kind}": chance[:, i] for i, kind in enumerate(KINDS)}


def test_a_class_that_is_never_predicted(place: Place) -> None:
    """Found in none of its cases, which is a true 0 with an upper end; of what it was when predicted nothing can be said."""
    place.log(classes(), size=SIZE)
    place.configure('task = "multiclass"\nprotected = ["sex"]', columns={**COLUMNS, "score": "p_*"})
    run = place.audited()
    recall, precision = (found(run, name, column="bird") for name in ("true_positive_rate", "positive_predictive_value"))
    assert recall["estimate"]["value"] == 0.0
    assert 0 < recall["estimate"]["high"] < 0.2
    assert precision["estimate"]["value"] is None
    assert precision["reason"]
    assert found(run, "accuracy")["estimate"]["n"] == SIZE
    place.reported()


@pytest.mark.parametrize(
    ("pattern", "columns", "sentence"),
    [
        ("q_*", {}, "log.csv matches; valid are: id, at"),
        ("p_c*", {}, 'only "p_cat" matches'),
        ("p_*", {"p_bird": ["likely"] * SIZE}, "must hold numbers"),
        ("p_*", {"decision": ["x", "y"] * (SIZE // 2), "outcome": ["x", "y"] * (SIZE // 2)}, "name the columns after the classes"),
    ],
)
def test_patterns_that_stand_for_no_classes(place: Place, pattern: str, columns: dict[str, Any], sentence: str) -> None:
    place.log({**classes(), **columns}, size=SIZE)
    place.configure('task = "multiclass"', columns={**COLUMNS, "score": pattern})
    refused = place.candor("ingest")
    assert refused.code == 2
    assert sentence in refused.sentence


def test_a_regression_of_words_is_refused(place: Place) -> None:
    place.log({"outcome": ["much", "little"] * (SIZE // 2)}, size=SIZE)
    place.configure('task = "regression"', columns={**COLUMNS, "decision": None})
    refused = place.candor("ingest")
    assert refused.code == 2
    assert "must hold numbers" in refused.sentence


def test_a_regression_with_nothing_to_learn_from(place: Place) -> None:
    """Every outcome the same: errors are true; what share of the variance is explained cannot be said."""
    place.log({"outcome": [10.0] * SIZE, "score": (10 + SCORE).round(3)}, size=SIZE)
    place.configure('task = "regression"\nprotected = ["sex"]', columns={**COLUMNS, "decision": None})
    run = place.audited()
    assert found(run, "mean_error")["estimate"]["value"] == pytest.approx(SCORE.mean(), abs=1e-3)
    explained = found(run, "r_squared")
    assert explained["estimate"]["value"] is None
    assert explained["reason"]
    place.reported()


IMPUTED = 'protected = [{ column = "heritage", probabilities = { A = "p_a", B = "p_b" } }]'


def test_probabilities_of_groups(place: Place) -> None:
    """From 0 to 1 they are weighted; beyond, the column and the value are named; nobody's group is a group of the log."""
    chance = SCORE.round(3)
    place.log({"p_a": chance, "p_b": (1 - chance).round(3)}, size=SIZE)
    place.configure(IMPUTED)
    run = place.audited()
    assert found(run, "probability_weighted_selection_rate", {"heritage": "A"})["estimate"]["value"] is not None
    assert not [each for each in run["runs"][0]["findings"] if each["name"] == "selection_rate" and each["slice"]]
    place.log({"id": np.arange(SIZE) + SIZE, "p_a": chance * 100, "p_b": 1 - chance}, size=SIZE)
    assert place.candor("ingest").code == 0
    refused = place.candor("audit")
    assert refused.code == 2
    assert 'probabilities.A needs probabilities from 0 to 1, but the column "p_a" holds' in refused.sentence


def test_a_rule_that_forbids_guessing(place: Place) -> None:
    place.configure(f'regimes = ["nyc144"]\n{IMPUTED}')
    refused = place.candor("ingest")
    assert refused.code == 2
    assert "allows no imputed race" in refused.sentence


def test_a_favorable_class_that_never_occurs(place: Place) -> None:
    place.log(classes(), size=SIZE)
    place.configure('task = "multiclass"\nfavorable = "brid"', columns={**COLUMNS, "score": "p_*"})
    refused = place.candor("ingest")
    assert refused.code == 2
    assert "favorable is 'brid', but decision and outcome hold only bird, cat, dog; did you mean \"bird\"?" in refused.sentence


def test_a_probability_that_is_not_logged(place: Place) -> None:
    place.configure(IMPUTED)
    refused = place.candor("ingest")
    assert refused.code == 2
    assert 'protected[0].probabilities.A is "p_a", but' in refused.sentence


def test_a_comparison_group_that_nobody_is_in(place: Place) -> None:
    place.configure('protected = [{ column = "sex", reference = "Mal" }]')
    assert place.candor("ingest").code == 0
    refused = place.candor("audit")
    assert refused.code == 2
    assert 'protected[0].reference is "Mal", which no row has in "sex"; did you mean "Male"?' in refused.sentence
