"""One prediction explained from a stored log: what each part says of a known model, and one sentence for whatever is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from audits.explanation import Explanation, from_json, to_json
from audits.gather import gather
from audits.probes.explainer import Explainer
from audits.probes.one_asked import about_label
from audits.probes.one_attribution import take_apart
from audits.probes.scorer import NoScorer
from connectors.config import Config, load
from connectors.errors import CandorError, UsageError
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse
from tests.audits.probes.one_worlds import Function, Sum, scorer

TOML = """version = 1
[warehouse]
path = "candor.duckdb"
[models.loans]
title = "Loans"
task = "{task}"
{favorable}
features = ["income", "debt", "age", "region"]
[models.loans.reference]
until = 2026-01-04
[models.loans.columns]
id = "id"
time = "time"
score = "{score}"
decision = "decision"
outcome = "outcome"
{roles}
{more}
[[models.loans.sources]]
kind = "file"
path = "log.parquet"
"""
MODEL = """[models.loans.model]
format = "lightgbm"
path = "model.txt"
immutable = ["age"]
monotone = { income = "up" }
[models.loans.reasons]
income = "Income too low"
debt = { low = "Too little debt", high = "Too much debt" }
"""
ROWS = 1_200


@dataclass(frozen=True, kw_only=True)
class World:
    """A stored log, its rows by id, and its configuration."""

    config: Config
    rows: pd.DataFrame


def people(rows: int = ROWS) -> pd.DataFrame:
    """Draw applicants; a third of them is the reference."""
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "id": [f"k{i:04}" for i in range(rows)],
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows) * 9 * 86400 // rows, unit="s"),
            "income": draw.normal(40_000, 9_000, rows).round().astype(int),
            "debt": draw.normal(12, 4, rows).round(2),
            "age": draw.integers(18, 80, rows),
            "region": draw.choice(["north", "south", "east"], rows),
        }
    )
    frame["log_odds"] = (frame["income"] - 40_000) / 9_000 - (frame["debt"] - 12) / 4 + 0.8 * (frame["region"] == "north")
    frame["outcome"] = np.where(draw.random(rows) < 0.3, np.nan, draw.random(rows) < 1 / (1 + np.exp(-frame["log_odds"])))
    return frame


def store(
    folder: Path, frame: pd.DataFrame, *, more: str = "", task: str = "binary", score: str = "score", roles: str = "", bare: bool = False
) -> World:  # fmt: skip
    """Put rows into a warehouse and count them."""
    frame.to_parquet(folder / "log.parquet")
    favorable = "favorable = 1" if task == "binary" else 'favorable = "good"' if task == "multiclass" else ""
    said = roles if task != "regression" else ""
    text = TOML.format(task=task, favorable=favorable, score=score, more=more, roles=said)
    text = text.replace('score = "score"\n', "") if bare else text
    (folder / "candor.toml").write_text(text.replace('decision = "decision"\n', "") if task == "regression" else text)
    config = load(folder / "candor.toml")
    ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        gather(warehouse, config.model("loans"), progress=lambda _: None)
    return World(config=config, rows=frame.set_index("id"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model file of twenty trees."""
    import lightgbm

    made: Path = tmp_path_factory.mktemp("explained")
    frame = people()
    inputs = frame[["income", "debt", "age", "region"]].assign(region=frame["region"].astype("category"))
    label = np.random.default_rng(1).random(len(frame)) < 1 / (1 + np.exp(-frame["log_odds"]))
    settings = {"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "seed": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(inputs, label.astype(int)), 20)
    booster.save_model(made / "model.txt")
    frame.loc[700, "debt"] = np.nan  # missing in the row
    frame.loc[701, "region"] = "moon"  # a level that nobody had
    inputs = frame[["income", "debt", "age", "region"]].assign(region=frame["region"].astype(inputs["region"].dtype))
    frame["score"] = booster.predict(inputs)
    frame["decision"] = (frame["score"] >= 0.5).astype(int)
    frame.loc[702, "score"] = np.nan  # decided, without a score
    frame.loc[703, "score"] += 0.2  # logged by another model
    again = frame.iloc[[710]].assign(time=frame["time"].iloc[1100], version="v2", income=frame["income"].iloc[710] + 9)
    pd.concat([frame.assign(version="v1"), again]).reset_index(drop=True).to_parquet(made / "rows.parquet")
    return made


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    """The log of that model."""
    return store(folder, pd.read_parquet(folder / "rows.parquet"), more=MODEL, roles='version = "version"')


@pytest.fixture(scope="module")
def explain(world: World) -> Iterator[Callable[..., Explanation]]:
    """Explain one prediction of it."""
    with Explainer(world.config, "loans") as explainer:
        yield explainer.explain


def refused(world: World) -> str:
    """Give the id of somebody who was refused by a wide margin, in the analysed period."""
    known = world.rows[(world.rows["time"] > "2026-01-05") & (world.rows["score"] < 0.3) & (world.rows["version"] == "v1")]
    return str(known.index[0])


def test_the_whole_of_it(world: World, explain: Callable[..., Explanation]) -> None:
    id = refused(world)
    row = world.rows.loc[id]
    found = explain(id)
    assert found.absent == ()
    assert from_json(to_json(found)) == found
    about = found.prediction
    assert (about.decision, about.favorable, about.matches, about.version) == ("0", False, True, "v1")
    assert about.score == pytest.approx(row["score"], abs=1e-12)
    assert about.answer == pytest.approx(row["score"], abs=1e-9)
    assert about.cut_off is not None
    assert about.cut_off.value == pytest.approx(0.5, abs=0.02)
    assert {value.column: value.value for value in found.values}["income"] == row["income"]
    assert [value.column for value in found.values if value.fixed] == ["age"]

    fall = found.waterfall
    assert fall is not None
    assert fall.base + sum(share.attribution for share in fall.shares) == pytest.approx(fall.total, abs=1e-9)
    assert fall.total_score == pytest.approx(row["score"], abs=1e-6)  # it ends at the logged score
    assert (fall.scale, fall.exact) == ("log-odds", True)
    assert all((share.attribution < 0) == (share.side == "unfavorable") for share in fall.shares if share.side != "neither")
    assert found.stability is not None
    assert [each.column for each in found.stability.kept] == [share.column for share in fall.shares]
    assert (found.stability.size, found.stability.same, found.stability.rows) == (4, 1.0, 400)  # of four inputs, all four are the top four


def test_cases_are_the_nearest(world: World, explain: Callable[..., Explanation]) -> None:
    """The ten nearest by hand: spreads of the reference, one for another region."""
    id = refused(world)
    rows = world.rows[world.rows["version"] == "v1"]
    reference = rows[rows["time"] < "2026-01-04"]
    gap = pd.Series(0.0, index=rows.index)
    for name in ("income", "debt", "age"):
        deciles = np.quantile(reference[name], (0.1, 0.9))
        part = (rows[name] - rows.loc[id, name]).abs() / ((deciles[1] - deciles[0]) / 2.5631)
        gap += part.fillna(1.0)
    gap += rows["region"] != rows.loc[id, "region"]
    near = gap.drop(id).nsmallest(10)
    cases = explain(id).cases
    assert cases is not None
    assert [case.id for case in cases.cases][:5] == list(near.index)[:5]
    assert [case.distance for case in cases.cases] == pytest.approx(near.tolist(), rel=0.05)  # deciles are read off the frozen bins
    outcomes = rows.loc[[case.id for case in cases.cases], "outcome"].dropna()
    assert (cases.known, cases.share) == (len(outcomes), pytest.approx(outcomes.mean()))
    assert cases.low is not None
    assert cases.share is not None
    assert cases.high is not None
    assert cases.low <= cases.share <= cases.high


def test_counterfactuals_flip_the_real_model(world: World, folder: Path, explain: Callable[..., Explanation]) -> None:
    """Asked of the library itself, each one flips; age stays, and income only grows."""
    import lightgbm

    id = refused(world)
    found = explain(id)
    turned = found.counterfactuals
    assert turned is not None
    assert turned.wanted == "favorable"
    assert turned.finished
    assert turned.found
    booster = lightgbm.Booster(model_file=folder / "model.txt")
    kind = pd.CategoricalDtype(["east", "north", "south"])
    for each in turned.found:
        row = world.rows.loc[id, ["income", "debt", "age", "region"]].to_dict()
        for change in each.changes:
            assert change.before == row[change.column]
            assert change.column != "age"
            assert change.column != "income" or change.after > change.before  # type: ignore[operator]
            row[change.column] = change.after
        frame = pd.DataFrame([row]).astype({"region": kind})
        assert booster.predict(frame)[0] == pytest.approx(each.score, abs=1e-9)
        assert each.score >= 0.5
        assert each.cost == pytest.approx(sum(change.spreads for change in each.changes))
    assert [each.cost for each in turned.found] == sorted(each.cost for each in turned.found)
    assert turned.fixed == ("age",)


def test_reasons(world: World, explain: Callable[..., Explanation]) -> None:
    found = explain(refused(world))
    assert found.reasons is not None
    assert found.waterfall is not None
    assert found.reasons.adverse
    against = [share.column for share in found.waterfall.shares if share.side == "unfavorable"]
    assert [each.column for each in found.reasons.reasons] == against[: len(found.reasons.reasons)]
    told = {each.column: each.sentence for each in found.reasons.reasons}
    row = world.rows.loc[refused(world)]
    assert ("debt" not in told) or told["debt"] == ("Too much debt" if row["debt"] > 12 else "Too little debt")


def test_favorable_already(world: World, explain: Callable[..., Explanation]) -> None:
    id = str(world.rows[(world.rows["score"] > 0.6) & (world.rows["time"] > "2026-01-05")].index[0])
    found = explain(id)
    assert found.reasons is not None
    assert not found.reasons.adverse
    assert found.counterfactuals is not None
    assert found.counterfactuals.wanted == "unfavorable"
    assert all(each.score < 0.5 for each in found.counterfactuals.found)


def test_kept_answers_are_given_again(world: World, explain: Callable[..., Explanation]) -> None:
    first = explain(refused(world))
    assert explain(refused(world)) is first
    assert explain(refused(world), seconds=9.0) is not first  # other budgets may find more


def test_unknown_id(explain: Callable[..., Explanation]) -> None:
    with pytest.raises(UsageError, match='no prediction has the id "k07o0"; the nearest is "k0700"'):
        explain("k07o0")


def test_several_versions(world: World, explain: Callable[..., Explanation]) -> None:
    newest = explain("k0710")
    assert (newest.prediction.version, newest.prediction.versions) == ("v2", ("v1", "v2"))
    older = explain("k0710", version="v1")
    assert older.prediction.version == "v1"
    incomes = {each.prediction.version: each.values[0].value for each in (newest, older)}
    assert incomes["v2"] == incomes["v1"] + 9  # type: ignore[operator]
    with pytest.raises(UsageError, match='not logged by version "v3"; valid are: v1, v2'):
        explain("k0710", version="v3")


def test_missing_value(explain: Callable[..., Explanation]) -> None:
    """What is missing is said, is no counterfactual, and the model is asked all the same."""
    found = explain("k0700")
    debt = next(value for value in found.values if value.column == "debt")
    assert (debt.value, debt.odd) == (None, "missing")
    assert found.waterfall is not None
    assert found.counterfactuals is not None
    assert "debt" in found.counterfactuals.fixed
    assert all(change.column != "debt" for each in found.counterfactuals.found for change in each.changes)


def test_unseen_level(explain: Callable[..., Explanation]) -> None:
    found = explain("k0701")
    region = next(value for value in found.values if value.column == "region")
    assert (region.value, region.odd) == ("moon", "unseen")
    assert found.waterfall is not None
    assert found.cases is not None
    assert all(case.values["region"] != "moon" for case in found.cases.cases)


def test_row_without_score(explain: Callable[..., Explanation]) -> None:
    found = explain("k0702")
    assert found.prediction.score is None
    assert found.prediction.matches is None
    assert found.prediction.answer is not None
    assert found.waterfall is not None


def test_logged_score_of_another_model(explain: Callable[..., Explanation]) -> None:
    found = explain("k0703")
    assert found.prediction.matches is False


def test_broken_model_leaves_the_rest(world: World, folder: Path, tmp_path: Path) -> None:
    """A file that is none: attributions, counterfactuals and reasons say so, past cases stand."""
    text = (folder / "candor.toml").read_text().replace("model.txt", "broken.txt").replace('"candor.duckdb"', f'"{folder}/candor.duckdb"')
    (tmp_path / "candor.toml").write_text(text)
    (tmp_path / "broken.txt").write_text("no model at all")
    with Explainer(load(tmp_path / "candor.toml"), "loans") as explainer:
        found = explainer.explain(refused(world))
        assert found.kind is None
        assert found.cases is not None
        assert found.waterfall is None
        assert {each.part for each in found.absent} == {"model", "attributions", "stability", "counterfactuals", "reasons"}
        assert all("broken.txt" in each.reason for each in found.absent if each.part == "model")


def test_busy(world: World, explain: Callable[..., Explanation]) -> None:
    """While a writer holds the warehouse, the sentence says so at once."""
    with open_warehouse(world.config.warehouse), pytest.raises(CandorError, match="is using the warehouse"):
        explain("k0705", patience=0.0)


def test_never_audited(tmp_path: Path) -> None:
    frame = people(60).assign(score=0.5, decision=1)
    frame.to_parquet(tmp_path / "log.parquet")
    (tmp_path / "candor.toml").write_text(TOML.format(task="binary", favorable="favorable = 1", score="score", roles="", more=""))
    config = load(tmp_path / "candor.toml")
    ingest(config)
    with Explainer(config, "loans") as explainer, pytest.raises(CandorError, match='run "candor audit" first'):
        explainer.explain("k0001")


def asked_instead(monkeypatch: pytest.MonkeyPatch, model: Function | None, **more: object) -> None:
    """Have a function stand in for the trained surrogate; None refuses."""

    def surrogates(*_: object, **__: object) -> list[object]:
        if model is None:
            raise NoScorer("model loans: the surrogate follows the scores with R² 0.31, below 0.80")
        fidelity = {"value": 0.97, "low": 0.96, "high": 0.98, "n": 900}
        return [scorer(model, kind="surrogate", fidelity=fidelity, **more)]

    monkeypatch.setattr("audits.probes.surrogate.surrogates", surrogates)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A log without a model."""
    frame = people(600)
    frame["score"] = 1 / (1 + np.exp(-frame["log_odds"]))
    return store(tmp_path_factory.mktemp("bare"), frame.assign(decision=(frame["score"] >= 0.5).astype(int)))


def test_surrogate(bare: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(rows: pa.Table) -> np.ndarray:
        frame = rows.to_pandas()
        return 1 / (1 + np.exp(-((frame["income"] - 40_000) / 9_000 - (frame["debt"] - 12) / 4).to_numpy(dtype=float)))

    asked_instead(monkeypatch, Function(names=("income", "debt", "age", "region"), call=call))
    with Explainer(bare.config, "loans") as explainer:
        found = explainer.explain("k0500")
    assert (found.kind, found.prediction.matches) == ("surrogate", None)
    assert found.fidelity is not None
    assert (found.fidelity.value, found.fidelity.n) == (0.97, 900)
    assert found.waterfall is not None
    assert not found.waterfall.exact
    assert found.waterfall.base + sum(share.attribution for share in found.waterfall.shares) == pytest.approx(found.waterfall.total)
    assert [share.side for share in found.waterfall.shares if share.column in ("age", "region")] == ["neither", "neither"]


def test_score_of_what_nobody_hopes_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The score is the chance of the unfavorable outcome: what raises it counts against the person, and a lower one is wanted."""
    frame = people(400).drop(columns="outcome")
    frame["score"] = 1 / (1 + np.exp((frame["income"] - 40_000) / 9_000))
    frame["decision"], frame["outcome"] = (frame["score"] <= 0.5).astype(int), (frame["score"] <= 0.5).astype(int)
    world = store(tmp_path, frame, roles="positive = 0")

    def call(rows: pa.Table) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp((rows["income"].to_numpy() - 40_000) / 9_000)))

    asked_instead(monkeypatch, Function(names=("income", "debt"), call=call))
    id = str(frame[(frame["income"] < 35_000) & (frame["time"] > "2026-01-05")]["id"].iloc[0])
    with Explainer(world.config, "loans") as explainer:
        found = explainer.explain(id)
    assert found.prediction.favorable is False
    assert found.prediction.cut_off is not None
    assert found.prediction.cut_off.above == "unfavorable"
    assert found.waterfall is not None
    income = found.waterfall.shares[0]
    assert (income.column, income.attribution > 0, income.side) == ("income", True, "unfavorable")
    assert found.counterfactuals is not None
    assert found.counterfactuals.wanted == "favorable"
    change = found.counterfactuals.found[0].changes[0]
    assert (change.column, change.after) == ("income", pytest.approx(40_000, abs=200))
    assert found.counterfactuals.found[0].score <= 0.5 + 0.01


def test_surrogate_refused(bare: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_instead(monkeypatch, None)
    with Explainer(bare.config, "loans") as explainer:
        found = explainer.explain("k0500")
    assert found.kind is None
    assert "R² 0.31" in next(each.reason for each in found.absent if each.part == "model")
    assert found.cases is not None


def test_column_that_the_log_lacks(bare: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_instead(monkeypatch, Function(names=("income", "savings"), call=lambda rows: np.zeros(rows.num_rows)))
    with Explainer(bare.config, "loans") as explainer:
        found = explainer.explain("k0500")
    assert 'the model wants "savings", which the log does not have' in {each.reason for each in found.absent}


def test_no_answer(bare: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_instead(monkeypatch, Function(names=("income",), call=lambda rows: np.full(rows.num_rows, np.nan)))
    with Explainer(bare.config, "loans") as explainer:
        found = explainer.explain("k0500")
    assert found.prediction.answer is None
    reasons = {each.part: each.reason for each in found.absent}
    assert "gives no answer for this row" in reasons["attributions"]
    assert "gives no answer for this row" in reasons["counterfactuals"]


def test_model_that_throws(bare: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers once, then breaks: what was made stands, and nothing is kept of it."""
    calls = []

    def call(rows: pa.Table) -> np.ndarray:
        calls.append(rows.num_rows)
        if len(calls) > 1:
            raise CandorError("model.txt: the model stopped: out of memory")
        return np.zeros(rows.num_rows)

    asked_instead(monkeypatch, Function(names=("income", "debt"), call=call))
    with Explainer(bare.config, "loans") as explainer:
        found = explainer.explain("k0500")
    assert found.cases is not None
    assert "out of memory" in next(each.reason for each in found.absent if each.part == "attributions")


def test_decisions_without_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of decisions alone: where they turn is learned on the answers of what is asked."""
    frame = people(300).drop(columns="outcome")
    frame["decision"] = (frame["debt"] <= 13).astype(int)
    frame["outcome"] = frame["decision"]
    world = store(tmp_path, frame, bare=True)
    asked_instead(monkeypatch, Function(names=("income", "debt"), call=lambda rows: 1 - rows["debt"].to_numpy() / 26))
    id = str(frame[(frame["debt"] > 15) & (frame["time"] > "2026-01-05")]["id"].iloc[0])
    with Explainer(world.config, "loans") as explainer:
        found = explainer.explain(id)
    assert (found.prediction.score, found.prediction.favorable) == (None, False)
    assert found.counterfactuals is not None
    (change,) = found.counterfactuals.found[0].changes
    assert (change.column, change.after) == ("debt", pytest.approx(13, abs=0.1))


def test_regression(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people(400).drop(columns="outcome")
    frame["score"] = frame["income"] / 1000.0
    frame["outcome"] = frame["score"] + 1
    world = store(tmp_path, frame, task="regression")
    asked_instead(monkeypatch, Function(names=("income", "debt", "age", "region"), call=lambda rows: rows["income"].to_numpy() / 1000.0))
    with Explainer(world.config, "loans") as explainer:
        found = explainer.explain("k0300")
    assert found.waterfall is not None
    assert found.waterfall.scale == "prediction"
    assert {share.side for share in found.waterfall.shares} == {"neither"}
    assert found.cases is not None
    near = frame.set_index("id").loc[[case.id for case in found.cases.cases], "outcome"]
    assert found.cases.share == pytest.approx(near.mean())
    assert {each.part: each.reason for each in found.absent} == {
        "counterfactuals": "a regression takes no decision that could turn",
        "reasons": "no outcome is declared favorable, so nothing counts against anybody",
    }


def test_several_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The favorable class is explained; what turns a decision round brings that class."""
    frame = people(400).drop(columns="outcome")
    raw = np.stack([np.exp(frame["log_odds"]), np.full(400, 1.0), np.exp(-frame["log_odds"])], axis=1)
    shares = raw / raw.sum(axis=1, keepdims=True)
    names = np.asarray(["good", "fair", "bad"])
    frame[["p_good", "p_fair", "p_bad"]] = shares
    frame["decision"] = names[shares.argmax(axis=1)]
    frame["outcome"] = frame["decision"]
    world = store(tmp_path, frame, task="multiclass", score="p_*")

    def call(rows: pa.Table) -> np.ndarray:
        held = rows.to_pandas()
        odds = (held["income"] - 40_000) / 9_000 - (held["debt"] - 12) / 4 + 0.8 * (held["region"] == "north")
        found = np.stack([np.exp(-odds), np.exp(odds), np.ones(len(held))], axis=1)
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    asked_instead(monkeypatch, Function(names=("income", "debt", "region"), call=call, classes=("bad", "good", "fair")), target="good")
    id = str(frame[(frame["decision"] == "bad") & (frame["time"] > "2026-01-05")]["id"].iloc[0])
    with Explainer(world.config, "loans") as explainer:
        found = explainer.explain(id)
    assert found.absent == ()
    about = found.prediction
    assert (about.label, about.decision, about.favorable) == ("good", "bad", False)
    assert about.score == pytest.approx(frame.set_index("id").loc[id, "p_good"])
    assert about.answer == pytest.approx(about.score, abs=1e-9)
    turned = found.counterfactuals
    assert turned is not None
    assert (turned.wanted, turned.label, turned.threshold) == ("favorable", "good", None)
    assert {each.decision for each in turned.found} == {"good"}
    assert found.reasons is not None
    assert found.reasons.adverse


def test_parts_about_another_class_are_let_go_of() -> None:
    """What a surrogate is made of speaks of one class; asked about another, only its answers count, and they add up to its probability."""
    held = Sum({"x": 1.0})
    held.classes, held.call = ("a", "b"), lambda rows: np.stack([rows["x"].to_numpy(), 1 - rows["x"].to_numpy()], axis=1)
    row, behind = pa.table({"x": [0.25]}), pa.table({"x": [0.5, 0.75]})
    taken = take_apart(about_label(scorer(held, target="a"), "b"), row, behind, seconds=1, seed=1)
    # P(b) = 1 - x: from 1 - 0.625 to 0.75
    assert (taken.base, taken.total, taken.mean.tolist()) == (0.375, pytest.approx(0.75), pytest.approx([0.375]))
    kept = about_label(scorer(held, target="a"), "a")
    assert kept.linear() is held.sum
