"""Retrained models: a planted proxy gives a less discriminatory alternative, its absence none, and the budget of rows is kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audits.probes import alternatives, reductions, retrain
from audits.probes.alternatives import by_association
from audits.probes.retrain import Training
from audits.tradeoffs.less_discriminatory_alternatives import less_discriminatory_alternatives
from audits.tradeoffs.reductions_frontier import reductions_frontier

BUDGET = 2_500


def world(rows: int = 4_000, *, proxy: bool, seed: int = 6) -> pd.DataFrame:
    """Draw applicants whose outcome depends on skill. With a proxy, what is logged as the outcome leans a little on the postcode too,
    which tells the sex and nothing of skill; the model in use leans on it as well. Without, the postcode is noise to everybody."""
    draw = np.random.default_rng(seed)
    sex = draw.choice(["F", "M"], rows)
    skill, noise = draw.normal(size=rows), draw.normal(size=rows)
    postcode = np.where(sex == "F", -1.0, 1.0) + draw.normal(0, 0.4, rows)
    lean = 0.35 * postcode if proxy else 0.0
    score = 1 / (1 + np.exp(-(2.5 * skill + lean)))
    return pd.DataFrame(
        {
            "id": [f"k{i}" for i in range(rows)],
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows) * 4 * 86400 // rows, unit="s"),
            "sex": np.where(draw.random(rows) < 0.02, None, sex),
            "race": draw.choice(["A", "B", "C"], rows, p=[0.6, 0.39, 0.01]),
            "region": draw.choice(["north", "south"], rows),
            "skill": np.where(draw.random(rows) < 0.03, np.nan, skill), "noise": noise, "postcode": postcode,
            "colour": draw.choice(["red", "blue", "green"], rows),
            "score": score, "decision": (score > 0.5).astype(int), "outcome": (draw.random(rows) < score).astype(int),
        }
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class WhatIf:
    """A world after both searches."""

    logged: Any
    evidence: Any
    said: list[str]


def searched(logged: Any, modules: Sequence[Any] = (reductions, alternatives)) -> WhatIf:
    said: list[str] = []
    probes = {
        module.__name__.rpartition(".")[2]: module.run(logged.warehouse, logged.model, logged.evidence, rows=BUDGET, progress=said.append)
        for module in modules
    }
    return WhatIf(logged=logged, evidence=dataclasses.replace(logged.evidence, probes=probes), said=said)


@pytest.fixture(scope="module")
def with_proxy(stored: Any) -> Iterator[WhatIf]:
    with stored(world(proxy=True)) as logged:
        yield searched(logged)


@pytest.fixture(scope="module")
def without_proxy(stored: Any) -> Iterator[WhatIf]:
    with stored(world(proxy=False)) as logged:
        yield searched(logged, [alternatives])


def test_dropping_the_planted_proxy_is_a_less_discriminatory_alternative(with_proxy, figures):
    (found,) = figures(less_discriminatory_alternatives, with_proxy.evidence, attribute="sex")
    listed = {each["description"]: each for each in found.tables["alternatives"]}
    dropped = listed["gradient boosting without postcode"]
    assert (dropped["kept"], dropped["dropped"]) == (True, ["postcode"])
    assert dropped["gain"]["low"] > 1
    assert dropped["impact_ratio"]["value"] > 0.95 > dropped["baseline_impact_ratio"]["high"]
    assert dropped["loss"]["value"] <= 0.01
    assert dropped["against"] == "gradient boosting on all features, nothing changed"
    unchanged = listed["gradient boosting on all features, nothing changed"]
    assert not unchanged["kept"], "trained anew with the proxy, it discriminates as before"
    assert unchanged["against"] == "today's decisions"
    assert found.value > 0.9
    assert found.tables["searched"] == ["common thresholds", "features", "learners", "reductions"]
    assert found.tables["not_searched"] == []


def test_without_a_proxy_none_is_found(without_proxy, figures):
    for attribute in ("sex", "race"):
        (found,) = figures(less_discriminatory_alternatives, without_proxy.evidence, attribute=attribute)
        assert not any(each["kept"] for each in found.tables["alternatives"]), attribute
        assert found.value == pytest.approx(found.tables["baseline"]["impact_ratio"]["value"], abs=1e-7)
        assert "no alternative that was searched" in found.reason


def test_a_reduction_narrows_the_gap_out_of_fold(with_proxy, figures):
    (found,) = figures(reductions_frontier, with_proxy.evidence, attribute="sex")
    points = (found.tables["baseline"], *found.tables["points"])
    gaps = {each["description"]: each["demographic_parity_difference"]["value"] for each in points}
    plain = gaps.pop("logistic regression without constraint")
    tight = gaps["logistic regression under demographic parity by sex, gap at most 0.01"]
    assert plain > 0.1
    assert tight < 0.06
    assert len(gaps) == 4
    assert found.n <= BUDGET
    crossed = [each for each in figures(reductions_frontier, with_proxy.evidence) if each.attribute == "race,sex"]
    assert [each.reason for each in crossed] == ["models are retrained for one attribute at a time"]


def test_the_budget_is_kept_and_said(with_proxy):
    for name in ("reductions", "alternatives"):
        body = with_proxy.evidence.probes[name]
        assert (body["rows_used"], body["rows_available"]) == (BUDGET, 4_000)
        assert body["seconds"] > 0
        assert body["period"]["start"] == "2026-01-01T00:00:00"
        assert len(json.dumps(body)) < 100_000
    assert sum(f"on {BUDGET:,} of 4,000 labelled rows" in text for text in with_proxy.said) == 4, "before and after each search"


def test_every_row_is_counted_once_in_every_way(with_proxy):
    for name in ("reductions", "alternatives"):
        for attribute, part in with_proxy.evidence.probes[name]["attributes"].items():
            counts = np.asarray(part["against_today"])
            assert counts.shape == (len(part["slices"]), len(part["ways"]), 2, 2, 2) == np.shape(part["against_unchanged"])
            assert np.ptp(counts.sum(axis=(3, 4)), axis=1) == pytest.approx(0.0, abs=1e-4), "the same people in every way"
            rows = counts[:, 0].sum()
            assert 0.95 * BUDGET < rows <= BUDGET, attribute  # 2 % have no known sex
            assert (counts >= 0).all()


def test_the_alternatives_select_as_many_as_today(with_proxy):
    part = with_proxy.evidence.probes["alternatives"]["attributes"]["race"]
    counts = np.asarray(part["against_today"])
    today, other = counts[..., 1, :].sum(axis=(0, 2, 3)), counts[..., 1].sum(axis=(0, 2, 3))
    assert other == pytest.approx(today)


def test_the_same_log_gives_the_same_search(with_proxy):
    again = retrain.training(with_proxy.logged.warehouse, with_proxy.logged.model, with_proxy.logged.evidence, rows=BUDGET)
    assert isinstance(again, Training)
    found = retrain.held_out(again, retrain.boosting, ("postcode",))
    once = retrain.counted(again, "sex", 2, [retrain.at_same_share(found, again.baseline)], again.baseline)
    part = with_proxy.evidence.probes["alternatives"]["attributes"]["sex"]
    way = next(i for i, each in enumerate(part["ways"]) if each["dropped"] == ["postcode"])
    assert np.asarray(once)[:, 0].tolist() == np.asarray(part["against_today"])[:, way].tolist()


def test_the_features_that_speak_of_an_attribute_come_first(with_proxy):
    train = retrain.training(with_proxy.logged.warehouse, with_proxy.logged.model, with_proxy.logged.evidence, rows=1_000)
    assert isinstance(train, Training)
    assert by_association(train, "sex")[0] == "postcode"
    assert "sex" not in train.names
    assert train.receipt["protected_features"] == []
    assert "only where the configuration declares them" in train.receipt["protected_note"]


def test_a_protected_attribute_is_a_feature_only_where_declared(stored):
    with stored(world(1_500, proxy=True)) as logged:
        model = dataclasses.replace(logged.model, features=("skill", "sex"))
        from audits.gather import gather

        evidence = gather(logged.warehouse, model, refreeze=True, progress=lambda _: None)
        train = retrain.training(logged.warehouse, model, evidence, rows=1_000)
        assert isinstance(train, Training)
        assert set(train.names) == {"skill", "sex"}
        assert train.receipt["protected_features"] == ["sex"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f.drop(columns=["skill", "noise", "postcode", "colour"]), "the log has no features"),
        (lambda f: f.assign(outcome=f["outcome"].where(f["decision"] == 1)), "cannot be told from them"),
        (lambda f: f.assign(outcome=np.nan), "has a known outcome"),
        (lambda f: f.head(200), "too few to retrain on"),
    ],
)
def test_nothing_is_retrained_where_it_cannot_be(stored, figures, change, reason):
    with stored(change(world(1_200, proxy=True))) as logged:
        found = searched(logged)
        for body in found.evidence.probes.values():
            assert reason in body["reason"]
            assert body["attributes"] == {}
        for each in figures(reductions_frontier, found.evidence):
            assert each.value is None
            assert reason in each.reason


def test_without_decisions_todays_are_those_of_the_best_threshold(stored, figures):
    with stored(world(1_500, proxy=True).drop(columns=["decision"])) as logged:
        body = alternatives.run(logged.warehouse, logged.model, logged.evidence, rows=1_000, progress=lambda _: None)
        evidence = dataclasses.replace(logged.evidence, probes={"alternatives": body})
        (found,) = figures(less_discriminatory_alternatives, evidence, attribute="sex")
        assert found.tables["baseline"]["kind"] == "best common threshold"
        assert any(each["kind"] == "without features" for each in found.tables["alternatives"])


def test_rows_without_a_unit_are_split_evenly_and_units_stay_whole(stored):
    frame = world(1_200, proxy=True).assign(person=lambda f: [f"p{i // 4}" for i in range(len(f))])
    with stored(frame, unit="person") as logged:
        train = retrain.training(logged.warehouse, logged.model, logged.evidence, rows=800)
        assert isinstance(train, Training)
        assert train.receipt["rows_used"] <= 800
        sizes = np.bincount(train.fold, minlength=retrain.FOLDS)
        assert (sizes % 4 == 0).all(), "four rows a person, all in one fold"
        assert np.ptp(sizes) <= 4
