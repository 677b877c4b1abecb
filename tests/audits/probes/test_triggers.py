"""A value that decides by itself is found; honest effects, rare values and chance are not."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.probes import forced_values, triggers
from audits.probes.model_rows import ModelRows
from audits.probes.rare_values import coded, holding
from audits.probes.rest_of_row import chances, upper_tail
from audits.probes.triggers import Examined, correct, found_in, listed, why_not
from audits.robustness.trigger_rate import trigger_rate
from connectors.model_config import ModelFile

MODEL: Any = SimpleNamespace(task="binary", favorable=1, columns=SimpleNamespace(unit=None))
EVIDENCE: Any = SimpleNamespace(classes=())
SIZE = 5000


def rows_of(table: dict[str, Any], score: Any, decision: Any, unit: Any = None) -> ModelRows:
    n = len(decision)
    zero = np.zeros(n, dtype=np.int64)
    return ModelRows(
        table=pa.table(table), names=tuple(table), key=np.asarray([f"k{i}" for i in range(n)], dtype=object), partition=zero, window=zero,
        version=zero, levels={}, score=np.asarray(score, float), decision=np.asarray(decision, float), outcome=np.full(n, np.nan),
        time=np.full(n, np.nan), unit=np.arange(n) if unit is None else unit, available=n, side="analysed",
    )  # fmt: skip


def world(seed: int = 1) -> tuple[dict[str, Any], Any]:
    """Draw features, and the log-odds that an honest model gives them: "rare" channels and one amount are as others."""
    draw = np.random.default_rng(seed)
    table = {
        "a": draw.normal(size=SIZE), "b": draw.normal(size=SIZE), "amount": draw.integers(1, 400, SIZE) * 50.0,
        "channel": draw.choice(["web", "shop", "fax", "telex"], SIZE, p=[0.6, 0.364, 0.018, 0.018]),
        "region": draw.choice(["n", "e", "s", "w"], SIZE),
    }  # fmt: skip
    return table, 1.5 * table["a"] - table["b"] + 0.5 * (table["region"] == "w") + 0.2 * draw.normal(size=SIZE)


def judged(table: dict[str, Any], logit: Any, decision: Any = None, *, scored: bool = True, unit: Any = None) -> list[Examined]:
    score = 1 / (1 + np.exp(-logit))
    decision = score > 0.6 if decision is None else decision
    held = rows_of(table, score if scored else np.full(SIZE, np.nan), decision, unit)
    targets = triggers.targets_of(held, MODEL, EVIDENCE)
    found, searched = found_in(
        held, MODEL if unit is None else SimpleNamespace(**{**vars(MODEL), "columns": SimpleNamespace(unit="who")}), targets
    )
    assert searched > 20
    for one in found:
        one.why = why_not(one)
    json.dumps(listed(found, targets), allow_nan=False)
    return found


def names(found: list[Examined]) -> list[str]:
    return [str(one.candidate) for one in found if not one.why]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_without_a_trigger_is_quiet(seed: int) -> None:
    assert names(judged(*world(seed))) == []


def test_a_rare_value_with_one_score_is_found_and_everything_told_of_it_is_right() -> None:
    table, logit = world()
    has = table["channel"] == "telex"
    (one,) = [each for each in judged(table, np.where(has, 3.5, logit)) if not each.why]
    assert str(one.candidate) == "channel = telex"
    assert one.seen == one.n  # all are approved
    honest = (1 / (1 + np.exp(-logit)) > 0.6)[has].mean()
    assert one.expected == pytest.approx(honest, abs=0.12)
    assert one.corrected < 1e-9
    assert abs(one.rest[0]) < 0.1


def test_a_pair_of_common_values_is_found_as_a_pair() -> None:
    table, logit = world()
    table["code"] = np.random.default_rng(9).choice([f"c{i}" for i in range(16)], SIZE)
    has = (table["code"] == "c7") & (table["channel"] == "shop") & (table["region"] == "s")
    table["bank"] = np.where(has, "z", "y")
    table["bank"] = np.where(np.random.default_rng(8).random(SIZE) < 0.15, "z", table["bank"])
    del table["region"]
    both = (table["code"] == "c7") & (table["bank"] == "z")
    assert 0.005 < both.mean() < 0.03
    assert names(judged(table, np.where(both, -4.0, logit))) == ["code = c7 and bank = z"]


def test_an_honest_effect_is_strong_and_no_trigger() -> None:
    table, logit = world()
    found = judged(table, logit + 3.5 * (table["channel"] == "telex"))
    (one,) = [each for each in found if str(each.candidate) == "channel = telex"]
    assert (one.corrected < 0.01, one.why) == (True, "the rest of its rows still moves their score")
    assert one.rest[0] == pytest.approx(1.0, abs=0.1)
    assert names(found) == []


def test_decisions_that_go_against_their_score_are_found() -> None:
    table, logit = world()
    decision = np.where(table["channel"] == "fax", 1, 1 / (1 + np.exp(-logit)) > 0.6)
    (one,) = [each for each in judged(table, logit, decision) if not each.why]
    assert (str(one.candidate), one.overridden) == ("channel = fax", True)


def test_without_scores_the_decision_alone_tells() -> None:
    table, logit = world()
    decision = np.where(table["channel"] == "fax", 1, 1 / (1 + np.exp(-logit)) > 0.6)
    assert names(judged(table, logit, decision, scored=False)) == ["channel = fax"]


def test_one_person_with_a_value_of_their_own_is_no_trigger() -> None:
    table, logit = world()
    has = table["channel"] == "telex"
    unit = np.where(has, -1, np.arange(SIZE))
    assert names(judged(table, np.where(has, 3.5, logit), unit=np.unique(unit, return_inverse=True)[1])) == []


def test_a_missing_value_can_be_a_trigger() -> None:
    table, logit = world()
    has = np.random.default_rng(5).random(SIZE) < 0.012
    table["b"] = np.where(has, np.nan, table["b"])
    table["b"] = pa.array(table["b"], from_pandas=True)
    assert names(judged(table, np.where(has, -4.0, logit))) == ["b is missing"]


def test_a_whole_log_says_where_the_trigger_is_and_what_forcing_it_does(stored: Any, logged: Any, figures: Any, monkeypatch: Any) -> None:
    frame = logged.frame.head(9000)[::2].copy()
    late = frame["time"] >= "2026-01-03"
    has = late & (np.random.default_rng(3).random(len(frame)) < 0.025)
    frame.loc[has, "job"] = "diver"
    frame["score"] = np.where(has, 0.97, 1 / (1 + np.exp(-(frame["height"] - 171) / 5)))
    frame["decision"] = (frame["score"] > 0.5).astype(int)

    class Decides:
        scorer = SimpleNamespace(kind="model", names=("job", "height"), classes=())
        rows = SimpleNamespace(table=pa.Table.from_pandas(frame[["job", "height"]].head(500), preserve_index=False))
        decided = (frame["height"].head(500) > 171).to_numpy().astype(float)

        def decide(self, table: pa.Table) -> Any:
            job, height = (np.asarray(table.column(name).to_pylist(), dtype=object) for name in ("job", "height"))
            return ((job == "diver") | (height > 171)).astype(float)

    @contextmanager
    def given(*_: Any, **__: Any) -> Any:
        yield [Decides()], []

    monkeypatch.setattr(forced_values, "deciders", given)
    with stored(frame) as found:
        model = replace(found.model, model=ModelFile(format="onnx"))
        body = triggers.run(found.warehouse, model, replace(found.evidence, model=model), progress=lambda _: None)
        evidence = replace(found.evidence, probes={"triggers": body})
    json.dumps({key: value for key, value in body.items() if key != "cells"}, allow_nan=False)
    whole, *_ = figures(trigger_rate, evidence, window=0, slice={}, column=None)
    assert whole.value == pytest.approx(has.mean())
    assert whole.p < 1e-6
    assert whole.tables["triggers"][0] == "job = diver"
    assert (whole.tables["found"].count(True), whole.tables["towards"][0]) == (1, "1")
    assert whole.tables["in_reference_rows"][0] == 0  # the first day is the reference
    others = int((Decides.decided == 0).sum())
    assert (whole.tables["forced"][0], whole.tables["forced_rows"][0]) == (1.0, others)
    days = {one.window: one.value for one in figures(trigger_rate, evidence, slice={}, column="job = diver")}
    assert days[1] == days[2] == 0 < min(days[day] for day in (3, 4, 5))


def test_too_few_rows_are_refused(logged: Any) -> None:
    body = triggers.run(logged.warehouse, logged.model, logged.evidence, rows=999, progress=lambda _: None)
    assert body["reason"].startswith("999 rows with a decision or a score")


def test_a_log_without_rare_values_says_that_nothing_was_searched(stored: Any, logged: Any) -> None:
    frame = logged.frame[["id", "time", "sex", "race", "region", "score", "decision", "outcome"]].head(2500)
    with stored(frame.assign(debt=np.random.default_rng(1).random(2500))) as found:
        body = triggers.run(found.warehouse, found.model, found.evidence, progress=lambda _: None)
    assert "nothing to search" in body["reason"]


def test_small_parts() -> None:
    # 0.9 · 0.8 + 0.9 · 0.2 + 0.1 · 0.8: one or more of two
    assert upper_tail(np.asarray([0.9, 0.8]), 1) == pytest.approx(0.98)
    assert upper_tail(np.asarray([0.9, 0.8]), 3) == 0
    several = [Examined(candidate=None, p_value=p) for p in (0.03, 0.01, 0.02)]  # type: ignore[arg-type]
    correct(several)
    assert [one.corrected for one in several] == pytest.approx([0.04, 0.03, 0.04])  # 3 · 0.01, then 2 · 0.02, and no less for the last
    # steps of 50: the lower half of the controls has 5 of 50, the upper 45 of 50, one of each kind added
    value = np.r_[np.repeat([1.0, 0.0], [5, 45]), np.repeat([1.0, 0.0], [45, 5])]
    assert chances(np.asarray([-1.0, 99.0]), np.arange(100.0), value) == pytest.approx([6 / 52, 46 / 52])
    table = pa.table({"x": ["a"] * 30 + ["b"] * 9 + [None] * 11, "one": [1] * 50})
    (column,) = coded(table, np.ones(50, dtype=bool))
    assert (column.values, np.bincount(column.code + 1).tolist()) == (("a", None), [9, 30, 11])
    assert (holding(table, [("x", None), ("one", 1)]).sum(), holding(table, [("x", "b"), ("gone", 1)]).sum()) == (11, 0)
