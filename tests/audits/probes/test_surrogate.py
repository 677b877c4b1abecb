"""Surrogates: faithful where the log holds what the model uses, refused where it does not, and loaded again instead of trained."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from audits.examine import examine
from audits.explanations.surrogate_fidelity import surrogate_fidelity
from audits.probes import surrogate as subject
from audits.probes import surrogate_trees
from audits.probes.answers import run
from audits.probes.model_rows import read_rows
from audits.probes.scorer import NoScorer, Scorer, scorers
from audits.probes.surrogate_trees import Surrogate, encoding, fitted, read_trees
from connectors.config import Columns, ModelConfig
from connectors.model_config import ModelFile
from tests.audits.probes.conftest import Logged, planted


def quiet(_: str) -> None:
    """Take progress and tell nobody."""


def scored(rows: int = 3000, seed: int = 1) -> pd.DataFrame:
    """Draw the planted log with scores that follow income, debt and job; the second version looks at debt the other way round."""
    frame = planted(rows, seed)
    frame["version"] = np.where(np.arange(rows) < rows // 2, "v1", "v2")
    job = frame["job"].map({"clerk": -1.0, "cook": 0.0, "nurse": 1.0})
    turn = np.where(frame["version"] == "v1", 1.0, -1.0)
    frame["score"] = 1 / (1 + np.exp(-(np.log(frame["income"] / 27_000) * 2 + turn * frame["debt"].fillna(1.0) + job)))
    frame["decision"] = (frame["score"] > 0.4).astype(int)
    return frame


def one_version(rows: int = 1500, **columns: Any) -> pd.DataFrame:
    """Draw rows of the first version only, some columns replaced."""
    frame = scored(2 * rows).iloc[:rows].drop(columns="version").reset_index(drop=True)
    return frame.assign(**columns)


def lesson_of(score: Any, unit: Any = None, rows: pa.Table | None = None) -> subject.Lesson:
    """Make a lesson of scores, and of columns where some are given."""
    n = len(score)
    unit = np.arange(n) if unit is None else unit
    rows = pa.table({"x": score}) if rows is None else rows
    return subject.Lesson(
        rows=rows, score=np.asarray(score), decision=np.full(n, np.nan), fold=np.arange(n) % subject.FOLDS, unit=unit, of="score",
        available=n,
    )  # fmt: skip


def learned(frame: pd.DataFrame, names: Sequence[str] = ("income", "debt", "job"), **model: Any) -> tuple[Surrogate | None, dict[str, Any]]:
    """Learn the scores of a frame from some of its columns."""
    rows = pa.Table.from_pandas(frame[list(names)], preserve_index=False)
    config = ModelConfig(name="loans", title="Loans", columns=Columns(score="score"), **model)
    return subject.trained(lesson_of(frame["score"].to_numpy(), rows=rows), config, SimpleNamespace(classes=()))  # type: ignore[arg-type]


@pytest.fixture(scope="module", autouse=True)
def _few_trees() -> Iterator[None]:
    """Train fewer trees: these logs are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "TREES", 70)
        yield


@pytest.fixture(scope="module")
def taught(stored: Callable[..., Any]) -> Iterator[tuple[Logged, Scorer]]:
    """Give a log of one version, with its surrogate."""
    with stored(one_version()) as logged, scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet) as found:
        yield logged, found[0]


def test_a_surrogate_answers_as_logged(taught: tuple[Logged, Scorer]) -> None:
    """A smooth score of three columns is imitated out of fold to 98 %; its decisions agree, and the two ends hold the figure."""
    logged, scorer = taught
    fidelity = scorer.fidelity
    assert fidelity is not None
    assert (scorer.kind, scorer.version, scorer.target) == ("surrogate", None, "")
    assert 0.98 < fidelity["low"] < fidelity["value"] < fidelity["high"] < 1
    assert fidelity["agreement"] > 0.95
    assert fidelity["rows"] == 1500
    rows = read_rows(logged.warehouse, logged.model, logged.evidence, rows=400)
    answers = scorer.answer(rows.table)
    assert np.abs(answers - rows.score).mean() < 0.02
    assert scorer.linear() is None


def test_its_trees_are_its_answers(taught: tuple[Logged, Scorer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Walked here or by LightGBM, with missing values and levels never seen: one and the same number."""
    logged, scorer = taught
    table = read_rows(logged.warehouse, logged.model, logged.evidence, rows=300).table
    odd = pa.table({"income": [None, 3e4, -1.0], "debt": [None, np.inf, 0.0], "job": ["pilot", None, "cook"], "height": [None, 1.0, 170.0]})
    for rows in (table, odd):
        trees = scorer.trees()
        assert trees is not None
        walked = trees.answer(scorer.matrix(rows))  # type: ignore[arg-type]
        assert scorer.predict(rows) == pytest.approx(walked, abs=1e-12)
        with monkeypatch.context() as patch:
            patch.setattr(surrogate_trees, "FEW", 0)
            assert scorer.predict(rows) == pytest.approx(walked, abs=1e-12)
    assert scorer.owner().tolist() == [0, 1, 2, 3]
    assert scorer.names == ("income", "debt", "job", "height")


def test_a_category_is_the_mean_of_its_level() -> None:
    """Of scores 1 for 20 rows a and 0 for 20 rows b, less the mean 1/2, a is (20 x 1/2) / (20 + 20) = 1/4; a level never seen is 0.

    So is one with a single row: its mean would be that row's score, and trees would learn to copy it.
    """
    rows = pa.table({"k": ["a"] * 20 + ["b"] * 20 + ["c", "d"]})
    encode = encoding(rows, np.array([1.0] * 20 + [0.0] * 20 + [1.0, 0.0]))
    assert encode.matrix(pa.table({"k": ["a", "b", "c", "e", None]}))[:, 0] == pytest.approx([1 / 4, -1 / 4, 0, 0, 0])


def test_a_column_that_names_each_row_is_not_copied() -> None:
    """A free text, another in every row, says nothing of the score, and takes nothing from the fidelity."""
    _, told = learned(one_version(900, note=[f"call {i}" for i in range(900)]), ("income", "debt", "job", "note"))
    assert told["fidelity"]["value"] > 0.95


def test_a_missing_value_never_trained_on_is_the_median() -> None:
    """LightGBM would take it for 0, which may be anywhere."""
    x = pa.table({"x": np.arange(100.0) + 50})
    encode = encoding(x, np.arange(100.0))
    assert encode.matrix(pa.table({"x": [None, 60.0]}))[:, 0].tolist() == [99.5, 60.0]


def test_a_tree_without_a_split_is_a_leaf() -> None:
    """Constant columns leave nothing to split on: every answer is the mean score, 1/4."""
    x = pa.table({"x": np.zeros(40)})
    score = np.tile([0.0, 0.0, 0.0, 1.0], 10)
    encode = encoding(x, score)
    trees = read_trees(fitted(encode.matrix(x), score, "identity", trees=3), encode, "identity")
    assert trees.answer(encode.matrix(x)) == pytest.approx(np.full(40, 0.25))


def test_it_is_loaded_again(taught: tuple[Logged, Scorer], monkeypatch: pytest.MonkeyPatch) -> None:
    """The next probe trains nothing; other rows, or more of them asked for, make a new one."""
    logged, scorer = taught
    monkeypatch.setattr(subject, "trained", lambda *_: pytest.fail("trained again"))
    with scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet, rows=1500) as found:
        assert found[0].fingerprint == scorer.fingerprint
        assert found[0].fidelity == scorer.fidelity
    sql = "UPDATE candor.surrogates SET content = 'other rows'"
    with logged.warehouse.transaction():
        logged.warehouse.connection.execute(sql)
    with pytest.raises(BaseException, match="trained again"), scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet):
        pass
    monkeypatch.setattr(logged.warehouse, "write", False)
    with scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet) as found:  # reading only, the one that is there will do
        assert found[0].fingerprint == scorer.fingerprint


def test_training_gives_the_same_again(taught: tuple[Logged, Scorer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Same rows, same trees, byte for byte."""
    logged, scorer = taught
    monkeypatch.setattr(subject, "kept", lambda *_: None)
    monkeypatch.setattr(logged.warehouse, "write", False)
    with scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet) as found:
        assert found[0].fingerprint == scorer.fingerprint


def test_a_score_made_of_chance_is_refused(stored: Callable[..., Any]) -> None:
    """Scores that no column tells: no surrogate, one sentence with the figure, and the same from the probe."""
    chance = np.random.default_rng(3).random(900)
    with stored(one_version(900, score=chance)) as logged:
        for _ in range(2):  # the second time from what was kept
            with pytest.raises(NoScorer, match=r"explain .*of the variance of the scores, less than 80%"):
                scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet).__enter__()
        body = run(logged.warehouse, logged.model, logged.evidence, progress=quiet)
        assert body["reason"].startswith("model loans: no model file, and trees trained on logged features explain")
        failures = examine(replace(logged.evidence, probes={"answers": body}), {}, card={}, audits=[surrogate_fidelity]).errors
        assert [failure.reason for failure in failures] == [body["reason"]]


def test_what_cannot_be_learned() -> None:
    """Too few rows, one score for all, no column: no surrogate, and a sentence that says which."""
    for frame, names, said in (
        (one_version(300), ("income",), "300 rows with a score are too few"),
        (one_version(600, score=0.5), ("income",), "all scores are the same"),
        (one_version(600), (), "the log has no features"),
    ):
        surrogate, told = learned(frame, names)
        assert surrogate is None
        assert said in told["reason"]


def test_decisions_alone_are_imitated(stored: Callable[..., Any]) -> None:
    """Without scores the surrogate tells the probability of the decision, and its figure is the share of decisions it gets right."""
    with (
        stored(one_version(1200).drop(columns="score")) as logged,
        scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet) as (scorer,),
    ):
        assert scorer.fidelity is not None
        assert scorer.fidelity["of"] == "decision"
        assert scorer.fidelity["agreement"] > 0.93
        rows = read_rows(logged.warehouse, logged.model, logged.evidence, rows=300)
        assert ((scorer.answer(rows.table) > 0.5) == (rows.decision == 1)).mean() > 0.97


def test_each_version_has_its_own(stored: Callable[..., Any]) -> None:
    """Two versions that look at debt in opposite ways: each surrogate follows its own, and the probe holds each against its own rows."""
    with stored(scored(2400), extra='version = "version"') as logged:
        with scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet) as found:
            assert [scorer.version for scorer in found] == ["v2", "v1"]
            poor, rich = (pa.table({"income": [27e3], "debt": [debt], "job": ["cook"], "height": [170.0]}) for debt in (1.5, -1.5))
            turn = [float((scorer.answer(rich) - scorer.answer(poor))[0]) for scorer in found]
            assert turn[0] > 0.4  # 1 / (1 + e^-1.5) - 1 / (1 + e^1.5) = 0.635
            assert turn[1] < -0.4
        body = run(logged.warehouse, logged.model, logged.evidence, rows=2000, progress=quiet)
        json.dumps({key: value for key, value in body.items() if key != "cells"}, allow_nan=False)
        assert (body["kind"], body["floor"], body["rows_available"]) == ("surrogate", 0.8, 2400)
        assert {each["version"] for each in body["surrogates"]} == {"v1", "v2"}
        assert "sex" in body["other_columns"]
        assert "income" not in body["other_columns"]
        evidence = replace(logged.evidence, probes={"answers": body})
        (block,) = surrogate_fidelity(evidence)
        by_version = {evidence.versions[v]: i for i, v in enumerate(block.version) if block.window[i] == 0 and block.slice[i] == 0}
        assert set(by_version) == {None, "v1", "v2"}
        assert all(block.low[i] <= block.value[i] <= block.high[i] for i in by_version.values())
        assert all(block.value[i] > 0.97 for i in by_version.values())
        assert block.tables[by_version[None]]["agreement"] > 0.93
        assert len(set(block.slice.tolist())) > 5, "groups have theirs"


def test_a_regression_has_a_surrogate() -> None:
    """Numbers of any size, by least squares, and no decision to agree on."""
    frame = one_version(900)
    frame["score"] = frame["income"] * 3 + frame["debt"].fillna(0) * 1e4
    surrogate, told = learned(frame, task="regression")
    assert surrogate is not None
    assert surrogate.trees().link == "identity"
    assert told["fidelity"]["value"] > 0.9
    assert told["fidelity"]["agreement"] is None


def test_several_classes_have_a_surrogate(stored: Callable[..., Any]) -> None:
    """Each class has trees of its own; `answer` is about the favorable one, and so are the trees."""
    frame = one_version(1200)
    z = np.stack([np.log(frame["income"] / 27_000) * 3, frame["debt"].fillna(0) * 2, np.zeros(len(frame))], axis=1)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    names = np.array(["low", "mid", "top"])
    frame = frame.drop(columns="score").assign(**{f"p_{name}": p[:, i] for i, name in enumerate(names)})
    frame["decision"], frame["outcome"] = names[p.argmax(axis=1)], names[p.argmax(axis=1)]
    with stored(frame, task="multiclass", more='favorable = "top"', extra='score = "p_*"') as logged:
        with scorers(logged.warehouse, logged.model, logged.evidence, progress=quiet) as (scorer,):
            assert scorer.target == "top"
            rows = read_rows(logged.warehouse, logged.model, logged.evidence, rows=200)
            every = scorer.predict(rows.table)
            assert scorer.classes == logged.evidence.classes
            assert np.abs(every - rows.score).mean() < 0.03
            assert scorer.answer(rows.table).tolist() == every[:, scorer.classes.index("top")].tolist()
            trees, matrix = scorer.trees(), scorer.matrix(rows.table)
            assert trees is not None
            assert matrix is not None
            assert trees.answer(matrix) == pytest.approx(scorer.answer(rows.table), abs=1e-12)
            assert set(scorer.owner().tolist()) == set(range(len(scorer.names)))
            assert scorer.fidelity is not None
            assert scorer.fidelity["agreement"] > 0.85
        body = run(logged.warehouse, logged.model, logged.evidence, rows=1000, progress=quiet)
        (block,) = surrogate_fidelity(replace(logged.evidence, probes={"answers": body}))
        assert block.value[0] > 0.9


def test_lessons_come_from_both_sides_and_units_stay_together(stored: Callable[..., Any]) -> None:
    """Of 400 rows asked for at most half are the reference's; all rows of a person are in one fold, and all 1,200 are available."""
    frame = one_version(1200, person=[f"p{i % 300}" for i in range(1200)])
    until = "favorable = 1\n[models.loans.reference]\nuntil = 2026-01-03"
    with stored(frame, unit="person", more=until) as logged:
        lesson = subject.lessons(logged.warehouse, logged.model, logged.evidence, None, 400)
        before = set(frame["income"][frame["time"] < "2026-01-03"])
        known = [income in before for income in lesson.rows.column("income").to_pylist()]
        assert 50 <= sum(known) <= 200  # a unit counts once a window, and the reference is one
        assert lesson.available == 1200
        assert lesson.rows.num_rows == len(lesson.score) <= 400
        assert len(set(zip(lesson.unit.tolist(), lesson.fold.tolist(), strict=True))) == len(set(lesson.unit.tolist())) < len(lesson.unit)


def test_the_interval_of_fidelity_holds() -> None:
    """Errors with a tenth of the variance of the scores: R² is 0.9, and about 95 % of the intervals hold it.

    With each row four times over as one unit they are as wide as those of the quarter, and twice as wide as they would be without units.
    """
    model = ModelConfig(name="m", title="m", columns=Columns(score="score"))
    draw = np.random.default_rng(6)
    held = []
    for _ in range(400):
        score = draw.normal(size=300)
        answers = score + np.sqrt(0.1) * draw.normal(size=300)
        told = subject.fidelity_of(lesson_of(score, np.arange(300)), answers, model)
        held.append(told["low"] <= 0.9 <= told["high"])
    assert 0.92 <= np.mean(held) <= 0.98
    often = subject.fidelity_of(lesson_of(np.tile(score, 4), np.tile(np.arange(300), 4)), np.tile(answers, 4), model)
    assert often["value"] - often["low"] == pytest.approx(told["value"] - told["low"])
    apart = subject.fidelity_of(lesson_of(np.tile(score, 4), np.arange(1200)), np.tile(answers, 4), model)
    assert often["value"] - often["low"] == pytest.approx(2 * (apart["value"] - apart["low"]))


def test_units_stay_in_one_fold() -> None:
    """The fold is a checksum of the unit: the same number wherever and whenever it is read."""
    folds = surrogate_trees.fold_of(["a", "b", "a", "a"], 3)
    assert folds[0] == folds[2] == folds[3]
    assert set(surrogate_trees.fold_of([str(i) for i in range(50)], 3).tolist()) == {0, 1, 2}


def test_json_and_back(taught: tuple[Logged, Scorer]) -> None:
    _, scorer = taught
    assert isinstance(scorer.asked, Surrogate)
    again = Surrogate.of_json(scorer.asked.to_json())
    assert again.fingerprint == scorer.asked.fingerprint
    assert ModelFile().format == "surrogate"
