"""One prediction explained from a stored log: what each part says of a known model, and one sentence for whatever is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.explanation import Explanation, from_json, to_json
from audits.probes.explainer import Explainer, written
from connectors.config import load
from connectors.errors import CandorError, UsageError
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse
from tests.audits.probes.one_worlds import TOML, World, people, store

MODEL = """[models.loans.model]
format = "lightgbm"
path = "model.txt"
immutable = ["age"]
monotone = { income = "up" }
[models.loans.reasons]
income = "Income too low"
debt = { low = "Too little debt", high = "Too much debt" }
"""


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
    told = {case.id: (case.outcome, case.outcome_favorable) for case in cases.cases if case.outcome is not None}
    assert told == {id: (str(known), known == 1) for id, known in outcomes.items()}  # as logged
    assert all(case.outcome_favorable is None for case in cases.cases if case.outcome is None)
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
    with pytest.raises(UsageError, match='no prediction has the id "nope"; none is like it'):  # four letters, all of them others
        explain("nope")


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


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ('immutable = ["age"]', 'immutable = ["agee"]', r'model\.immutable names "agee".*did you mean "age"'),
        ('monotone = { income = "up" }', 'monotone = { incom = "up" }', r'model\.monotone names "incom".*did you mean "income"'),
    ],
)
def test_what_an_audit_refuses_is_not_obeyed_here(
    world: World, folder: Path, tmp_path: Path, right: str, wrong: str, sentence: str
) -> None:  # fmt: skip
    """A misspelt column would silently leave the input free to be changed."""
    text = (folder / "candor.toml").read_text().replace(right, wrong).replace('"candor.duckdb"', f'"{folder}/candor.duckdb"')
    (tmp_path / "candor.toml").write_text(text.replace("model.txt", f"{folder}/model.txt"))
    with Explainer(load(tmp_path / "candor.toml"), "loans") as explainer, pytest.raises(UsageError, match=sentence):
        explainer.explain(refused(world))


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


def test_a_model_in_a_folder_is_opened_anew_once_a_file_in_it_is_written(tmp_path: Path) -> None:
    inside = tmp_path / "model"
    (inside / "data").mkdir(parents=True)
    (inside / "data" / "model.lgb").write_text("one")
    before = written(inside)
    assert before == written(inside)
    (inside / "data" / "model.lgb").write_text("another")
    assert written(inside) != before
    assert written(tmp_path / "gone") == ()
