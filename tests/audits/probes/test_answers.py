"""A model file held against the log: what matches, what does not, what makes it match, and what a broken model leaves behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audits.examine import examine
from audits.explanations.accumulated_local_effects import accumulated_local_effects
from audits.explanations.partial_dependence import partial_dependence
from audits.explanations.surrogate_fidelity import surrogate_fidelity
from audits.probes import answers, effects
from audits.probes.model_rows import read_rows
from audits.probes.scorer import Scorer, releases
from audits.robustness.model_mismatch_rate import model_mismatch_rate
from connectors import model as models
from connectors.errors import CandorError
from connectors.model_columns import ModelError
from connectors.model_config import ModelFile
from connectors.model_parts import Encoding, Linear, Part
from tests.audits.probes.conftest import Logged
from tests.audits.probes.test_surrogate import quiet, scored

Formula = Callable[[Mapping[str, Any]], Any]


def formula(turn: float) -> Formula:
    """Give the score that the log was written with, of a version that looks at debt with this sign."""
    job = {"clerk": -1.0, "cook": 0.0, "nurse": 1.0}

    def score(x: Mapping[str, Any]) -> Any:
        jobs = np.asarray([job.get(each, np.nan) for each in x["job"]])
        debt = np.asarray([1.0 if each is None or each != each else each for each in x["debt"]], dtype=np.float64)
        return 1 / (1 + np.exp(-(np.log(np.abs(np.asarray(x["income"], dtype=np.float64)) / 27_000) * 2 + turn * debt + jobs)))

    return score


class Loaded:
    """A model made of a formula."""

    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What is worth knowing of the file."""

    def __init__(self, asked: Formula, names: tuple[str, ...] = ("income", "debt", "job", "height")) -> None:
        self.asked, self.names, self.fingerprint = asked, names, "sha256:1"

    def predict(self, rows: pa.Table) -> Any:
        try:
            self.notes = ("it answered",)
            with np.errstate(over="ignore"):
                return np.asarray(self.asked({name: rows.column(name).to_pylist() for name in self.names}), dtype=np.float64)
        except ValueError as error:
            raise ModelError(f"m.txt: {error}") from None

    def matrix(self, rows: pa.Table) -> None:
        return None

    def owner(self) -> Any:
        return np.arange(len(self.names))

    def trees(self) -> None:
        return None

    def linear(self) -> None:
        return None


@pytest.fixture(scope="module")
def two(stored: Callable[..., Any]) -> Iterator[Logged]:
    """Give the log of two versions."""
    with stored(scored(1200), extra='version = "version"') as logged:
        yield logged


@pytest.fixture
def probed(two: Logged, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Give the function that runs the probe on models by version; None stands for the one file of every version."""

    def probe(which: Mapping[str | None, Formula], *, run: Any = answers.run, **given: Any) -> dict[str, Any]:
        @contextmanager
        def opened(model: Any, version: str | None = None, **_: Any) -> Iterator[Loaded]:
            yield Loaded(which[version])

        monkeypatch.setattr(models, "open_model", opened)
        first, *others = which
        file = ModelFile(format="lightgbm", path=Path("m.txt"), version=first, versions={str(name): Path("o.txt") for name in others})
        found: dict[str, Any] = run(two.warehouse, replace(two.model, model=file), two.evidence, progress=quiet, **given)
        json.dumps({key: value for key, value in found.items() if key != "cells"}, allow_nan=False)
        return found

    return probe


def test_a_slow_model_is_held_against_fewer_rows_and_the_rest_is_said(two: Logged, probed: Any) -> None:
    """A millisecond a row: of 1,200 rows some 400 in half a second; without any a hundred of each release, and nothing a second time."""

    def slow(turn: float) -> Formula:
        def score(x: Mapping[str, Any]) -> Any:
            time.sleep(len(x["job"]) * 1e-3)
            return formula(turn)(x)

        return score

    body = probed({"v2": slow(-1.0), "v1": slow(1.0)}, seconds=0.5)
    whole = probed({"v2": formula(-1.0), "v1": formula(1.0)})
    assert (whole["left_out"], whole["deadline"]) == (0, answers.SECONDS)
    assert 200 <= body["rows_used"] < whole["rows_used"] == body["rows_used"] + body["left_out"]
    assert [each["mismatched"] for each in body["releases"]] == [0, 0]
    assert [each["rows_used"] + each["left_out"] for each in body["releases"]] == [each["rows_used"] for each in whole["releases"]]
    none = probed({"v2": slow(-1.0), "v1": slow(1.0)}, seconds=0.0)
    assert none["rows_used"] == 200
    assert [(each["asked_twice"], each["not_compared"]) for each in none["releases"]] == [(0, ["v1"]), (0, ["v2"])]
    assert sorted((each["release"], each["version"]) for each in none["versions"]) == [("v1", "v1"), ("v2", "v2")]


def test_each_release_matches_its_own_version(two: Logged, probed: Any) -> None:
    """v1's file answers v1's rows as logged and hardly one of v2's; together nothing mismatches."""
    body = probed({"v2": formula(-1.0), "v1": formula(1.0)})
    assert [(each["version"], each["mismatched"], each["unstable"]) for each in body["releases"]] == [("v2", 0, 0), ("v1", 0, 0)]
    share = {(each["release"], each["version"]): each["share"] for each in body["versions"]}
    assert share["v1", "v1"] == share["v2", "v2"] == 0
    assert share["v1", "v2"] > 0.9
    assert body["hints"] == []
    assert body["notes"] == ["it answered"]
    assert (body["kind"], body["format"], body["file"], body["tolerance"]) == ("model", "lightgbm", "m.txt", 0.001)
    assert {"sex", "race", "region"} <= set(body["other_columns"])
    (block,) = model_mismatch_rate(replace(two.evidence, probes={"answers": body}))
    assert block.value[0] == 0
    assert block.n[0] == 1200
    assert 0 < block.high[0] < 0.01
    assert block.tables[0]["inputs"] == ["income", "debt", "job", "height"]
    assert not list(surrogate_fidelity(replace(two.evidence, probes={"answers": body})))


def test_an_old_file_is_a_finding(two: Logged, probed: Any) -> None:
    """v1's file for every version: the rows of v2 are half of them, and the later windows hold nothing else."""
    body = probed({None: formula(1.0)})
    share = {each["version"]: each["share"] for each in body["versions"]}
    assert share["v1"] == 0
    assert share["v2"] > 0.9
    (block,) = model_mismatch_rate(replace(two.evidence, probes={"answers": body}))
    assert block.value[0] == pytest.approx(body["releases"][0]["share"])
    last = (block.window == len(two.evidence.windows) - 1) & (block.version == 0) & (block.slice == 0)
    assert block.value[last] > 0.9


@pytest.mark.parametrize(
    ("changed", "kind", "columns"),
    [
        (lambda f: lambda x: 1 - f(x), "other class", []),
        (lambda f: lambda x: np.log(f(x) / (1 - f(x))), "probability", []),
        (lambda f: lambda x: f({**x, "income": x["height"], "height": x["income"]}), "swapped columns", ["income", "height"]),
        (lambda f: lambda x: f({**x, "income": 1000 * np.asarray(x["income"], dtype=np.float64)}), "unit x 0.001", ["income"]),
        (lambda f: lambda x: np.where([each == "cook" for each in x["job"]], 0.123, f(x)), "level", ["job"]),
        (lambda f: lambda x: np.where([each is None for each in x["debt"]], 0.123, f(x)), "missing", ["debt"]),
        (lambda f: lambda x: np.cos(1e6 * f(x)), "unknown", []),
    ],
)
def test_what_makes_answers_match_is_told(probed: Any, changed: Any, kind: str, columns: list[str]) -> None:
    """A change after which they match, or the rows in which the mismatches lie."""
    hints = probed({"v1": changed(formula(1.0))})["hints"]
    assert [(hint["kind"], hint["columns"]) for hint in hints] == [(kind, columns)]
    if kind != "unknown":
        assert hints[0]["share"] >= 0.9


def test_scores_rounded_in_the_log(stored: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two digits in the log: nine in ten differ by more than the tolerance, and rounding is told."""
    frame = scored(600).query("version == 'v1'").drop(columns="version").reset_index(drop=True)
    frame["score"] = frame["score"].round(2)
    with stored(frame) as logged:
        model = replace(logged.model, model=ModelFile(format="onnx", path=Path("m.onnx"), tolerance=0.0005))

        @contextmanager
        def opened(*_: Any, **__: Any) -> Iterator[Loaded]:
            yield Loaded(formula(1.0))

        monkeypatch.setattr(models, "open_model", opened)
        body = answers.run(logged.warehouse, model, logged.evidence, progress=quiet)
        assert [hint["kind"] for hint in body["hints"]] == ["rounded"]
        assert 0.8 < body["releases"][0]["share"] < 0.97  # 1 - 0.001 / 0.01 of evenly spread remainders
        assert body["releases"][0]["difference_p95"] < 0.005


def test_answers_that_are_no_numbers_are_counted(two: Logged, probed: Any) -> None:
    """A model that answers NaN for nurses: those rows mismatch, and the hint names the level."""
    body = probed({"v1": lambda x: np.where([each == "nurse" for each in x["job"]], np.nan, formula(1.0)(x))})
    nurses = body["releases"][0]["missing_answers"]
    assert nurses == body["releases"][0]["mismatched"] > 100
    assert [(hint["kind"], hint["level"]) for hint in body["hints"]] == [("level", "nurse")]


def test_two_answers_for_one_row_are_counted(probed: Any) -> None:
    draw = np.random.default_rng(1)
    release = probed({"v1": lambda x: formula(1.0)(x) + 1e-3 * draw.random(len(x["job"]))})["releases"][0]
    assert release["unstable"] > 0.9 * release["asked_twice"] > 0


def test_a_broken_model_is_one_sentence_and_the_rest_goes_on(two: Logged, probed: Any) -> None:
    def broken(_: Mapping[str, Any]) -> Any:
        raise ModelError("m.txt: the model did not answer within 30 s")

    for run in (answers.run, effects.run):
        body = probed({"v1": broken}, run=run)
        assert body["reason"] == "m.txt: the model did not answer within 30 s"
    run_of = examine(replace(two.evidence, probes={"answers": body}), {}, card={}, audits=[model_mismatch_rate])
    assert [failure.reason for failure in run_of.errors] == ["m.txt: the model did not answer within 30 s"]


def test_a_release_that_does_not_open_leaves_the_others(two: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed with its reason; where none opens, the reason stands."""

    @contextmanager
    def opened(model: Any, version: str | None = None, **_: Any) -> Iterator[Loaded]:
        if version == "v2":
            raise ModelError("new.txt: this is no LightGBM file")
        yield Loaded(formula(1.0))

    monkeypatch.setattr(models, "open_model", opened)
    file = ModelFile(format="lightgbm", path=Path("new.txt"), version="v2", versions={"v1": Path("old.txt")})
    body = answers.run(two.warehouse, replace(two.model, model=file), two.evidence, progress=quiet)
    assert [each["version"] for each in body["releases"]] == ["v1"]
    assert body["refused"] == [{"version": "v2", "reason": "new.txt: this is no LightGBM file"}]
    alone = replace(two.model, model=replace(file, versions={}))
    assert answers.run(two.warehouse, alone, two.evidence, progress=quiet)["reason"] == "new.txt: this is no LightGBM file"


def test_a_release_that_breaks_leaves_the_others(probed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file answers nothing, and the old one does not know the levels of the new rows: what can be told is told."""
    monkeypatch.setattr(answers, "OTHERS", 450)  # its own 600 rows are asked about as 100 and 500

    def broken(_: Mapping[str, Any]) -> Any:
        raise ModelError("m.txt: the model stopped")

    def old(x: Mapping[str, Any]) -> Any:
        if len(x["job"]) == answers.OTHERS:
            raise ModelError("o.txt: a level that it does not know")
        return formula(1.0)(x)

    body = probed({"v2": broken, "v1": old})
    assert [each["version"] for each in body["releases"]] == ["v1"]
    assert body["refused"] == [{"version": "v2", "reason": "m.txt: the model stopped"}]
    assert [(each["version"], each["rows"], each["share"]) for each in body["versions"]] == [("v1", 600, 0.0), ("v2", 0, None)]


def test_which_releases_are_asked(two: Logged) -> None:
    """The file in `path` first, then those of `versions`; without a path only these; an address is asked as it is."""
    for file, wanted in (
        (ModelFile(format="onnx", path=Path("m"), version="v2", versions={"v1": Path("o")}), ("v2", "v1")),
        (ModelFile(format="onnx", versions={"v1": Path("o"), "v2": Path("p")}), ("v1", "v2")),
        (ModelFile(format="http", url="http://localhost"), (None,)),
        (None, ()),
    ):
        assert releases(replace(two.model, model=file)) == wanted


def test_a_version_that_no_row_has_is_refused(probed: Any) -> None:
    """One sentence with the nearest that there is; the others are asked."""
    body = probed({"V1": formula(1.0)})
    assert body["reason"] == 'models.loans.model: no row is of version "V1"; did you mean "v1"?'
    assert probed({"v1": formula(1.0), "v7": formula(1.0)})["refused"][0]["version"] == "v7"


def test_effects_are_told_by_column_and_release(two: Logged, probed: Any) -> None:
    """Debt turns the other way in v2: the two curves rise and fall; height, which nothing uses, has none."""
    body = probed({"v2": formula(-1.0), "v1": formula(1.0)}, run=effects.run, rows=400)
    assert (body["rows_used"], body["side"]) == (400, "analysed")  # the first of five days has only 240
    evidence = replace(two.evidence, probes={"effects": body})
    for audit, curve in ((partial_dependence, "mean"), (accumulated_local_effects, "effect")):
        (block,) = audit(evidence)
        figures = {(evidence.versions[block.version[i]], evidence.topics[block.column[i]]): i for i in range(len(block))}
        assert set(figures) == {(v, c) for v in ("v1", "v2") for c in ("income", "debt", "job", "height")}
        rising, falling = (block.tables[figures[version, "debt"]][curve] for version in ("v1", "v2"))
        assert np.all(np.diff(rising) > 0)
        assert np.all(np.diff(falling) < 0)
        assert block.value[figures["v1", "height"]] == pytest.approx(0, abs=1e-12)
        assert np.all((block.low <= block.value) & (block.value <= block.high))
        jobs = block.tables[figures["v1", "job"]]
        level = dict(zip(jobs["at"], jobs[curve], strict=True))
        assert level["clerk"] < level["cook"] < level["nurse"]
    late = probed({"v1": formula(1.0)}, run=effects.run, seconds=0.0)
    assert late["releases"][0]["left_out"] == ["income", "debt", "job", "height"]
    for audit in (partial_dependence, accumulated_local_effects):
        (block,) = audit(replace(two.evidence, probes={"effects": late}))
        assert (len(block), np.isnan(block.value).all(), block.n.tolist()) == (4, True, [0] * 4)
        assert set(block.reason) == {"not reached within 0 s; with fewer rows (--rows) more inputs are"}


def test_levels_that_a_model_was_not_trained_with(two: Logged) -> None:
    """Where the model says what it knows, the others are listed with their rows."""
    part = Part(input=0, levels=("clerk", "cook"), table=((0.0,), (1.0,)), unseen=(0.0,), missing=(0.0,))
    parts = Linear(coefficients=np.ones(1), intercept=0.0, link="logit", encode=Encoding(inputs=("job",), parts=(part,)))
    loaded = Loaded(formula(1.0), names=("job",))
    loaded.linear = lambda: parts  # type: ignore[method-assign, assignment]
    rows = read_rows(two.warehouse, two.model, two.evidence, rows=300)
    (found,) = answers.unseen_levels(Scorer(kind="model", asked=loaded), rows)
    nurses = pc.sum(pc.equal(rows.table.column("job"), "nurse")).as_py()
    assert found == {"column": "job", "levels": ["nurse"], "rows": nurses}


def test_classes_are_put_in_the_log_s_order(two: Logged) -> None:
    """The model says (b, a), the log (a, b): 0.2, 0.8 is 0.8, 0.2; the largest distance of a row counts."""
    loaded = Loaded(formula(1.0))
    loaded.classes = ("b", "a")
    scorer = Scorer(kind="model", asked=loaded)
    evidence = replace(two.evidence, bins=replace(two.evidence.bins, classes=("a", "b")))
    rows = read_rows(two.warehouse, two.model, two.evidence, rows=3)
    rows = replace(rows, score=np.array([[0.8, 0.2], [0.5, 0.5], [np.nan, 0.5]]))
    wrong, distance = answers.against(rows, np.array([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]]), scorer, evidence, 0.001)
    assert wrong.tolist()[:2] == [0, 1]
    assert distance[:2] == pytest.approx([0, 0.1])
    assert np.isnan(wrong[2])
    missing = replace(evidence, bins=replace(evidence.bins, classes=("a", "c")))
    with pytest.raises(CandorError, match='the log has the class "c", which the model does not know'):
        answers.against(rows, np.zeros((3, 2)), scorer, missing, 0.001)


def test_decisions_are_held_against_where_no_score_is_logged(two: Logged) -> None:
    """Answers 0.01 to 0.40, favorable above 0.2 but for one row: the cut-off follows all others, and that one mismatches."""
    rows = read_rows(two.warehouse, two.model, two.evidence, rows=40)
    asked = np.arange(1, 41) / 100
    decision = (asked > 0.2).astype(float)
    decision[3] = 1.0
    rows = replace(rows, score=np.full(40, np.nan), decision=decision)
    wrong, distance = answers.against(rows, asked, Scorer(kind="model", asked=Loaded(formula(1.0))), two.evidence, 0.001)
    assert np.flatnonzero(wrong).tolist() == [3]
    assert np.isnan(distance).all()


def test_what_a_surrogate_of_decisions_imitates(two: Logged) -> None:
    """Decisions as 0 and 1 of the positive value, or of each class, also of one that these rows do not have."""
    rows = replace(read_rows(two.warehouse, two.model, two.evidence, rows=3), decision=np.array([1.0, 0.0, np.nan]))
    assert answers.imitated(rows, two.model, "decision", 0)[:2].tolist() == [1, 0]
    bad = replace(two.model, columns=replace(two.model.columns, positive=0))
    assert answers.imitated(rows, bad, "decision", 0)[:2].tolist() == [0, 1]
    assert answers.imitated(rows, two.model, "decision", 3)[:2].tolist() == [[0, 1, 0], [1, 0, 0]]
    assert np.isnan(answers.imitated(rows, two.model, "decision", 3)[2]).all()
