"""One prediction of each task, of a log without a model, and of models that answer badly: what can be said is, the rest says why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from audits.probes.explainer import Explainer
from audits.probes.one_asked import about_label
from audits.probes.one_attribution import take_apart
from connectors.errors import CandorError
from tests.audits.probes.one_worlds import Function, Sum, World, asked_instead, people, scorer, store


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


@pytest.mark.parametrize("off", [0.5, 1.5])
def test_a_surrogate_that_is_off_by_more_than_the_way_to_the_cut_off_turns_nothing(
    bare: World, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:  # fmt: skip
    """It answers farther from the cut-off than was logged, by `off` times the way from there to it; the decision is the same."""
    truth = 1 / (1 + np.exp(-bare.rows["log_odds"]))
    row = bare.rows[(truth > 0.2) & (truth < 0.4)].iloc[-1]
    score = 1 / (1 + np.exp(-row["log_odds"]))

    def call(rows: pa.Table) -> np.ndarray:
        odds = -((rows["income"].to_numpy() - row["income"]) ** 2)  # this row answers as wished, and more income decides otherwise
        wished = score - off * (0.5 - score)
        return np.where(odds == 0, wished, np.where(rows["income"].to_numpy() > row["income"], 0.9, 0.05))

    asked_instead(monkeypatch, Function(names=("income", "debt"), call=call))
    with Explainer(bare.config, "loans") as explainer:
        found = explainer.explain(str(row.name))
    assert (found.prediction.score, found.prediction.favorable) == (pytest.approx(score), False)
    if off < 1:
        assert found.counterfactuals is not None
        return
    assert found.counterfactuals is None
    reason = next(each.reason for each in found.absent if each.part == "counterfactuals")
    assert "the surrogate answers" in reason
    assert f"where {score:.4g} was logged" in reason


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

    # one that takes bad for fair decides otherwise than was logged, though neither is favorable: what turns it tells nothing
    asked_instead(monkeypatch, Function(names=("income", "debt", "region"), call=call, classes=("fair", "good", "bad")), target="good")
    with Explainer(world.config, "loans") as explainer:
        other = explainer.explain(id)
    assert other.counterfactuals is None
    assert [each.reason for each in other.absent if each.part == "counterfactuals"] == [
        'the surrogate decides for "fair" today where "bad" was logged'
    ]


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
