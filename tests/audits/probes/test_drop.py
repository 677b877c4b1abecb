"""Changes taken apart: planted causes get their part, the parts add up, and what cannot be told is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audits.attribution.drop import drop, headline
from audits.attribution.shapley import shapley
from audits.evidence import Evidence
from audits.probes.drop import run, step_at_onset
from audits.probes.drop_apart import Question, in_time, periods, take_apart
from audits.probes.drop_repair import Broken, broken_columns, common_factor
from audits.probes.drop_rows import Rows
from audits.probes.drop_worlds import weighted_auc
from tests.audits.probes.drop_worlds import answered, people, quiet, rows

METRICS: dict[str, Callable[[Rows], Any]] = {
    "selection_rate": lambda r: r.decision, "accuracy": lambda r: (r.decision == r.outcome).astype(float), "base_rate": lambda r: r.outcome,
    "roc_auc": lambda r: r.outcome,
}  # fmt: skip


def apart(before: Rows, now: Rows, metric: str, *, ages: Any = None) -> dict[str, Any]:
    """Take one metric's change apart."""
    timely = None if ages is None else in_time(before, ages)
    setting = periods(before, now, broken_columns(before, now), in_time=timely, seed=1)
    asked = Question(
        name=metric, kind="auc" if metric == "roc_auc" else "mean", before=METRICS[metric](before), now=METRICS[metric](now),
        of_outcomes=metric != "selection_rate", timed=timely is not None,
    )  # fmt: skip
    found = take_apart(asked, setting, seed=1)
    json.dumps(found, allow_nan=False)
    if found["parts"]:
        assert sum(part["value"] for part in found["parts"]) == pytest.approx(found["change"], abs=1e-12)
        assert found["change"] == pytest.approx(found["value"] - found["reference"], abs=1e-12)
        assert all(part["low"] <= part["value"] <= part["high"] for part in found["parts"])
    return found


def part(found: dict[str, Any], kind: str) -> dict[str, Any]:
    """Give one part."""
    return next(each for each in found["parts"] if each["kind"] == kind)


def rest(found: dict[str, Any], *kinds: str) -> float:
    """Give the largest of the other parts."""
    return max(abs(each["value"]) for each in found["parts"] if each["kind"] not in kinds)


def test_shapley_by_hand() -> None:
    """Orders AB and BA: A adds 1 first and 3 second, B adds 2 first and 4 second; parts add up for any game."""
    assert shapley(np.array([0.0, 1.0, 2.0, 5.0])).tolist() == [2.0, 3.0]
    game = np.random.default_rng(2).normal(size=(5, 16))
    assert shapley(game).sum(axis=-1) == pytest.approx(game[:, -1] - game[:, 0], abs=1e-12)
    with pytest.raises(ValueError, match="not those of all coalitions"):
        shapley(np.zeros(3))


def test_nothing_changed() -> None:
    """Two samples of one world: no part is larger than chance, and nothing is broken."""
    found = apart(quiet(1), quiet(2), "selection_rate")
    assert part(found, "data quality")["value"] == 0
    assert part(found, "data quality")["features"] == []
    assert rest(found) < 0.04
    assert abs(found["auc"] - 0.5) < 0.05


def test_other_people() -> None:
    """Everybody owes 0.4 standard deviations more: approvals fall because of who came, by debt."""
    who = people(2, debt=0.4)
    found = apart(quiet(1), rows(who, answered(who)), "selection_rate")
    assert part(found, "covariate")["high"] < -0.05
    assert rest(found, "covariate") < 0.04
    assert part(found, "covariate")["features"][0]["column"] == "debt"


def test_another_cut_off() -> None:
    """The model approves from 0.6 on instead of 0.5: the same people, other decisions."""
    who = people(2)
    found = apart(quiet(1), rows(who, answered(who, cut=0.6)), "selection_rate")
    assert part(found, "concept")["high"] < -0.08
    assert rest(found, "concept") < 0.05


def test_another_world() -> None:
    """People with much debt repay less: the ranking gets better, and debt is where the world changed."""
    who = people(2)
    now = rows(who, answered(who, harder=2.0))
    found = apart(quiet(1), now, "base_rate")
    assert part(found, "concept")["high"] < -0.05
    first = part(found, "concept")["features"][0]
    assert first["column"] == "debt"
    assert first["from"] > 0.2, "it departs among the most indebted"
    ranked = apart(quiet(1), now, "roc_auc")
    assert part(ranked, "concept")["low"] > 0.0


def test_a_unit_that_the_model_saw() -> None:
    """Income arrives at 0.72 of its size, and the model decides by that: the drop is the data's."""
    who = people(2)
    seen = who["income"] * 0.72
    found = apart(quiet(1), rows(who, answered(who, seen=seen), logged=seen), "selection_rate")
    told = part(found, "data quality")
    assert told["high"] < -0.09
    assert rest(found, "data quality") < 0.04
    assert told["features"][0]["column"] == "income"
    assert told["features"][0]["factor"] == pytest.approx(0.72, abs=0.02)


def test_a_unit_that_only_the_log_has() -> None:
    """The same in the log, but the model decided by the true incomes: no part is the data's, and a note says why."""
    who = people(2)
    found = apart(quiet(1), rows(who, answered(who), logged=who["income"] * 0.72), "selection_rate")
    assert part(found, "data quality")["value"] == 0
    assert any("only the log is wrong" in note for note in found["notes"])


def test_a_unit_unlike_anything_before() -> None:
    """A thousandth: the reference says nothing about such incomes, so broken data and the world are one part."""
    who = people(2)
    seen = who["income"] / 1000
    found = apart(quiet(1), rows(who, answered(who, seen=seen), logged=seen), "selection_rate")
    assert [each["kind"] for each in found["parts"]] == ["data quality", "covariate"]
    assert part(found, "data quality")["value"] == pytest.approx(found["change"], abs=0.03)
    assert any("never seen before" in note for note in found["notes"])


def test_missing_values_beside_other_people() -> None:
    """Two fifths of the incomes are gone, and debts rose: both have their part."""
    who = people(2, debt=0.3)
    seen = np.where(who["draw"].random(len(who["income"])) < 0.4, np.nan, who["income"])
    found = apart(quiet(1), rows(who, answered(who, seen=seen), logged=seen), "selection_rate")
    assert part(found, "data quality")["high"] < -0.08
    assert part(found, "covariate")["high"] < -0.03
    assert rest(found, "data quality", "covariate") < 0.04
    assert part(found, "data quality")["features"][0]["kind"] == "missing values"


def test_a_column_that_is_gone() -> None:
    """No income at all: nothing is left to tell the world from the data by, and the note says so."""
    who = people(2)
    seen = np.full(len(who["income"]), np.nan)
    found = apart(quiet(1), rows(who, answered(who, seen=seen), logged=seen), "accuracy")
    assert part(found, "data quality")["high"] < -0.05
    assert not any(each["kind"] == "concept" for each in found["parts"])
    assert any("no whole row is left" in note for note in found["notes"])


def test_outcomes_that_are_still_missing() -> None:
    """Bad outcomes take up to ten days and good ones up to forty: after fifteen days the base rate looks low, and nothing happened."""

    def lagged(who: dict[str, Any], seed: int) -> Rows:
        found = rows(who, answered(who))
        draw = np.random.default_rng(seed)
        return replace(found, lag=np.where(found.outcome == 0, draw.uniform(0, 10, len(found)), draw.uniform(0, 40, len(found))))

    before, now = lagged(people(1), 5), lagged(people(2), 6)
    early = now.where(now.lag <= 15)
    found = apart(before, early, "base_rate", ages=np.full(len(now), 15.0))
    assert found["change"] < -0.15
    assert part(found, "label delay")["high"] < -0.15
    assert rest(found, "label delay") < 0.05
    unsaid = apart(quiet(1), rows(people(2), answered(people(2))), "base_rate")
    assert any("how long outcomes take" in note for note in unsaid["notes"])


def test_periods_that_do_not_overlap_are_refused() -> None:
    """Everybody owes as much as one in fifty did: the reason says what the rows are worth, and there are no parts."""
    who, others = people(1), people(2)
    who["debt"] = np.where(np.arange(len(who["debt"])) % 50 == 0, 4.0 + who["debt"] / 4, who["debt"])
    others["debt"] = 4.0 + others["debt"] / 4
    found = apart(rows(who, answered(who)), rows(others, answered(others)), "selection_rate")
    assert found["parts"] == []
    assert found["reason"] == "debt alone tells the two periods apart, and the model looks at it: they hardly overlap"
    assert found["change"] < -0.3
    farther = people(3, debt=1.6)
    farther["noise"] = farther["noise"] / 2 + 1.8
    found = apart(rows(who, answered(who)), rows(farther, answered(farther)), "selection_rate")
    assert found["parts"] == []
    assert found["reason"].startswith("the two periods hardly overlap: reweighted to look alike")
    assert min(found["effective_n"]) < 100


def test_a_running_number_is_left_out() -> None:
    """A column that tells the periods apart by itself is named and left out; the rest is taken apart."""

    def numbered(period: Rows, first: int) -> Rows:
        return replace(period, numeric={**period.numeric, "number": np.arange(first, first + len(period), dtype=np.float64)})

    who = people(2, debt=0.4)
    setting = periods(numbered(quiet(1), 0), numbered(rows(who, answered(who)), 10_000), [], seed=1)
    assert setting.left_out == ("number",)
    assert setting.ratio.auc < 0.7


def test_what_is_broken() -> None:
    """Spellings are mapped back, new names are not; a number that stands for unknown is a missing value; a spread is no scale."""

    def found(**columns: Any) -> list[Broken]:
        now = quiet(2)
        numeric = {name: columns.get(name, values) for name, values in now.numeric.items()}
        categorical = {name: columns.get(name, values) for name, values in now.categorical.items()}
        return broken_columns(quiet(1), replace(now, numeric=numeric, categorical=categorical))

    now = quiet(2)
    assert found() == []
    (spelt,) = found(region=np.asarray([f" {value.lower()}" for value in now.categorical["region"]], dtype=object))
    assert spelt.kind == "new categories"
    assert spelt.repaired is not None
    assert spelt.repaired.tolist() == now.categorical["region"].tolist()
    (new,) = found(region=np.where(np.arange(len(now)) % 5 == 0, "Moon", now.categorical["region"]))
    assert (new.kind, new.repaired, new.share) == ("new categories", None, 0.2)
    (stood,) = found(debt=np.where(np.arange(len(now)) % 4 == 0, 0.5, now.numeric["debt"]))
    assert (stood.kind, stood.share) == ("missing values", 0.25)
    (frozen,) = found(debt=np.full(len(now), 0.1))
    assert (frozen.kind, frozen.share) == ("frozen column", 1.0)
    x = now.numeric["income"]
    assert common_factor(x[:1500], x[1500:] + 5000) is None


def test_weighted_auc_is_that_of_repeated_rows() -> None:
    """Whole weights are repetitions; an oracle counts pairs."""
    draw = np.random.default_rng(4)
    score, positive, weight = draw.integers(0, 6, 40) / 6, draw.integers(0, 2, 40).astype(float), draw.integers(0, 3, 40)
    s, y = np.repeat(score, weight), np.repeat(positive, weight)
    pairs = [(a > b) + (a == b) / 2 for a in s[y == 1] for b in s[y == 0]]
    assert weighted_auc(score, positive, weight[None].astype(float))[0] == pytest.approx(np.mean(pairs))
    assert np.isnan(weighted_auc(score, np.ones(40), np.ones((1, 40)))[0])


def log(size: int = 2400) -> pd.DataFrame:
    """Write four days; on the last the model approves from 0.62 on."""
    who = people(7, size=size)
    day = np.arange(size) * 4 // size
    score, decision, outcome = answered(who)
    decision = np.where(day == 3, score > 0.62, decision).astype(int)
    time = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(size) * 4 * 86400 // size, unit="s")
    return pd.DataFrame({
        "id": [f"k{i}" for i in range(size)], "time": time, "sex": "F", "race": "A", "region": who["region"], "income": who["income"],
        "debt": who["debt"], "score": score, "decision": decision, "outcome": outcome.astype(int),
    })  # fmt: skip


def test_from_the_warehouse_to_a_finding(stored: Any) -> None:
    """The probe reads a bounded number of rows, says so, and the finding holds the parts of what changed most surely."""
    from audits.attribution import drop_attribution

    with stored(log()) as held:
        said: list[str] = []
        body = run(held.warehouse, held.model, held.evidence, rows=1000, progress=said.append, window="2026-01-04")
        again = run(held.warehouse, held.model, held.evidence, rows=1000, progress=said.append, window="2026-01-04")
        evidence = replace(held.evidence, probes={"drop": json.loads(json.dumps(body, allow_nan=False))})
    assert (body["rows_used"], body["budget"]) == (1000, 1000)
    assert body["rows_available"] > body["rows_used"]
    assert said[0].startswith("loans: taking changes apart on 500 and 500 of")
    assert {k: v["parts"] for k, v in body["metrics"].items()} == {k: v["parts"] for k, v in again["metrics"].items()}
    assert set(body["metrics"]) == {"selection_rate", "accuracy", "base_rate", "roc_auc"}
    (block,) = drop_attribution(evidence)
    table = block.tables[0]
    assert table["metric"] == "selection_rate"
    assert block.value[0] == pytest.approx(table["change"])
    assert max(table["parts"], key=lambda each: abs(each["value"]))["kind"] == "concept"
    assert evidence.windows[block.window[0]].start == pd.Timestamp("2026-01-04").to_pydatetime()
    assert set(table["metrics"]) == set(body["metrics"]) - {"selection_rate"}


def test_without_enough_rows(evidence_of: Callable[..., Evidence]) -> None:
    """A window of three rows: refused in words, without reading anything; unasked, there is no finding."""
    evidence = evidence_of([{"decision": 1, "outcome": i % 2, "x": float(i), "day": i // 3} for i in range(9)])
    body = run(None, evidence.model, evidence, progress=lambda _: None)  # type: ignore[arg-type]
    assert body["reason"] == "no complete window after the reference has 300 rows"
    (block,) = drop(replace(evidence, probes={"drop": body}), "drop_attribution", "difference", ("accuracy",))
    assert block.reason[0] == body["reason"]
    assert list(drop(evidence, "drop_attribution", "difference", ("accuracy",))) == []


def test_the_surest_change_is_the_headline() -> None:
    """The largest for its interval, of those that have parts."""

    def metric(change: float, width: float, *parts: Any) -> dict[str, Any]:
        return {"change": change, "low": change - width, "high": change + width, "parts": list(parts)}

    found = {"a": metric(0.1, 0.05, 1), "b": metric(-0.08, 0.01, 1), "c": metric(0.5, 0.01)}
    assert headline(found) == "b"


def test_the_step_when_a_scale_changed(evidence_of: Callable[..., Evidence]) -> None:
    """Scores fell by 0.2 with the release on day 1, and not on day 2 when incomes broke: no step."""
    log = [{"score": 0.6 - 0.2 * (day > 0) + 0.01 * (i % 3), "income": (100.0 + i) * (0.5 if day > 1 else 1.0), "day": day}
           for day in range(4) for i in range(20)]  # fmt: skip
    evidence = evidence_of(log)
    broken = [Broken(column="income", kind="unit or scale change", rows=np.ones(3, dtype=bool), repaired=np.ones(3), factor=0.5)]
    assert step_at_onset(evidence, broken, 4) == pytest.approx(0.0, abs=1e-9)
    assert step_at_onset(evidence, [], 4) is None
    always = evidence_of([{**row, "income": row["income"] if row["day"] > 1 else row["income"] / 2} for row in log])
    assert step_at_onset(always, broken, 4) is None, "it was never at its former scale"
