"""A model that learned its rows by heart gives them away, an honest one does not, and drift is told from membership."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audits.gather import gather
from audits.probes import membership
from audits.probes.membership_attacks import Area, Sides, area, attacks, weights
from audits.probes.scorer import Scorer
from audits.robustness.membership_inference_auc import membership_inference_auc
from connectors.config import load
from connectors.ingest import ingest
from connectors.model_config import ModelFile
from connectors.warehouse import open_warehouse

SIZE = 1200
TOML = """version = 1
[warehouse]
path = "candor.duckdb"
[models.loans]
title = "Loans"
protected = ["sex"]
[models.loans.columns]
id = "id"
time = "time"
score = "score"
decision = "decision"
outcome = "outcome"
[[models.loans.sources]]
kind = "file"
path = "train.parquet"
rows = "reference"
[[models.loans.sources]]
kind = "file"
path = "served.parquet"
"""


def people(seed: int, start: str, *, shift: float = 0.0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    found = pd.DataFrame({name: draw.normal(size=SIZE) for name in ("a", "b", "c", "d")})
    found["a"] += shift
    found["outcome"] = (draw.random(SIZE) < 1 / (1 + np.exp(-(1.2 * found["a"] - found["b"])))).astype(int)
    found["sex"] = draw.choice(["F", "M"], SIZE, p=[0.2, 0.8])
    found["id"] = [f"{seed}-{i}" for i in range(SIZE)]
    found["time"] = pd.Timestamp(start) + pd.to_timedelta(np.arange(SIZE) * 2 * 86400 // SIZE, unit="s")
    return found


def by_heart(train: pd.DataFrame, asked: pd.DataFrame) -> Any:
    """Half of what the model says is the honest chance, half is the outcome of the nearest row that it learned."""
    from scipy.spatial import cKDTree

    names = ["a", "b", "c", "d"]
    nearest = cKDTree(train[names].to_numpy()).query(asked[names].to_numpy())[1]
    return 0.5 / (1 + np.exp(-(1.2 * asked["a"] - asked["b"]))) + 0.5 * train["outcome"].to_numpy()[nearest]


def honest(_: pd.DataFrame, asked: pd.DataFrame) -> Any:
    return 1 / (1 + np.exp(-(1.2 * asked["a"] - asked["b"])))


@contextmanager
def stored(folder: Path, model: Any, **given: float) -> Iterator[Any]:
    train, served = people(1, "2026-01-01"), people(2, "2026-02-01", **given)
    for name, frame in (("train", train), ("served", served)):
        frame["score"] = model(train, frame)
        frame["decision"] = (frame["score"] > 0.5).astype(int)
        frame.to_parquet(folder / f"{name}.parquet")
    (folder / "candor.toml").write_text(TOML, encoding="utf-8")
    config = load(folder / "candor.toml")
    ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        yield SimpleNamespace(
            warehouse=warehouse, model=config.model("loans"), evidence=gather(warehouse, config.model("loans"), progress=lambda _: None),
            train=train, served=served,
        )  # fmt: skip


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with stored(tmp_path_factory.mktemp("leaky"), by_heart) as found:
        yield found


def asked(world: Any, figures: Any, **wanted: Any) -> list[Any]:
    body = membership.run(world.warehouse, world.model, world.evidence, progress=lambda _: None)
    json.dumps(body, allow_nan=False)
    return figures(membership_inference_auc, replace(world.evidence, probes={"membership": body}), **wanted)


def test_rows_learned_by_heart_are_given_away_and_the_control_is_quiet(leaky: Any, figures: Any) -> None:
    found = {one.column: one for one in asked(leaky, figures, slice={})}
    assert set(found) == {"loss", "confidence", "likelihood"}
    for name in ("loss", "likelihood"):
        one = found[name]
        assert one.low > 0.6
        assert one.p < 1e-6
        assert one.tables["control"]["low"] < 0.5 < one.tables["control"]["high"]
        assert one.tables["excess_low"] > 0.05
        assert one.tables["unweighted"]["value"] == pytest.approx(one.value, abs=0.03)
        assert (one.n, one.tables["training_rows"], one.tables["scores"], one.reason) == (SIZE, SIZE, "logged", "")


def test_groups_that_are_large_enough_have_their_own(leaky: Any, figures: Any) -> None:
    (one,) = asked(leaky, figures, slice={"sex": "F"}, column="loss")
    assert one.attribute == "sex"
    assert one.low > 0.5
    assert one.p is None  # a group has no control, so this might be drift
    assert one.n == (leaky.served["sex"] == "F").sum()
    score = np.r_[leaky.train["score"], leaky.served["score"]]
    outcome = np.r_[leaky.train["outcome"], leaky.served["outcome"]]
    likely = np.where(outcome == 1, score, 1 - score)
    sex = np.r_[leaky.train["sex"], leaky.served["sex"]] == "F"
    mine, theirs = (likely[sex & (np.arange(2 * SIZE) // SIZE == side)] for side in (0, 1))
    plain = (mine[:, None] > theirs).mean() + 0.5 * (mine[:, None] == theirs).mean()
    assert one.tables["unweighted"]["value"] == pytest.approx(plain, abs=1e-9)


def test_drift_alone_has_no_small_p() -> None:
    """0.56 is far above 0.5, but a model that has seen none of the rows gets 0.55: z = 0.01 / hypot(0.012, 0.016) = 0.5."""
    part = {"value": 0.56, "error": 0.012}
    membership._beside(part, Area(value=0.55, error=0.016))
    assert part["excess"] == pytest.approx(0.01)
    assert part["p_value"] == pytest.approx(0.3085, abs=1e-4)  # 1 - Φ(0.5)
    sure = {"value": 0.60, "error": 0.012}
    membership._beside(sure, Area(value=0.55, error=0.016))
    assert sure["p_value"] == pytest.approx(0.0062, abs=1e-4)  # 1 - Φ(2.5)


def test_an_honest_model_is_quiet_also_where_other_people_come(tmp_path: Path, figures: Any) -> None:
    with stored(tmp_path, honest, shift=0.7) as world:
        for one in asked(world, figures, slice={}):
            assert one.low < 0.5 < one.high
            assert one.tables["domain_auc"] > 0.6


def test_sides_that_features_tell_apart_are_refused(tmp_path: Path, figures: Any) -> None:
    with stored(tmp_path, honest, shift=4.0) as world:
        found = asked(world, figures)
        assert [one.value for one in found] == [None] * 3
        assert all("told apart by their features" in one.reason for one in found)


def test_a_loaded_model_is_asked_about_both_sides(leaky: Any, figures: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Opposite:
        names = ("a", "b", "c", "d")
        fingerprint, classes = "sha256:0", ()

        def predict(self, rows: Any) -> Any:
            assert rows.column_names == list(self.names)
            return by_heart(leaky.train, rows.to_pandas()).to_numpy()

    @contextmanager
    def given(*_: Any, **__: Any) -> Iterator[list[Scorer]]:
        yield [Scorer(kind="model", asked=Opposite())]  # type: ignore[arg-type]

    monkeypatch.setattr(membership, "scorers", given)
    model = replace(leaky.model, model=ModelFile(format="onnx"))
    (one,) = asked(SimpleNamespace(**{**vars(leaky), "model": model}), figures, slice={}, column="loss")
    assert (one.tables["scores"], one.low > 0.6) == ("model", True)


def test_a_slow_model_is_asked_about_fewer_rows_of_both_sides(leaky: Any, figures: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A millisecond a row: 0.6 seconds are some 300 rows of either side."""

    class Slow:
        names = ("a", "b", "c", "d")
        fingerprint, classes = "sha256:0", ()

        def predict(self, rows: Any) -> Any:
            time.sleep(rows.num_rows * 1e-3)
            return by_heart(leaky.train, rows.to_pandas()).to_numpy()

    @contextmanager
    def given(*_: Any, **__: Any) -> Iterator[list[Scorer]]:
        yield [Scorer(kind="model", asked=Slow())]  # type: ignore[arg-type]

    monkeypatch.setattr(membership, "scorers", given)
    model = replace(leaky.model, model=ModelFile(format="onnx"))
    body = membership.run(leaky.warehouse, model, leaky.evidence, seconds=0.6, progress=lambda _: None)
    training, served = body["reference_rows_used"], body["rows_used"]
    assert 100 <= training <= 500  # a block begun in time is asked to its end
    assert 100 <= served <= 500
    assert (body["left_out"], body["deadline"]) == (2 * SIZE - training - served, 0.6)
    (one,) = figures(membership_inference_auc, replace(leaky.evidence, probes={"membership": body}), slice={}, column="loss")
    assert (one.tables["training_rows"], one.n) == (training, served)


def test_a_reference_of_served_rows_and_missing_outcomes_are_refused(logged: Any, leaky: Any, figures: Any) -> None:
    body = membership.run(logged.warehouse, logged.model, logged.evidence, progress=lambda _: None)
    assert body["reason"] == 'the reference is made of served rows; training data is a source with rows = "reference"'
    small = membership.run(leaky.warehouse, leaky.model, leaky.evidence, rows=99, progress=lambda _: None)
    (one,) = figures(membership_inference_auc, replace(leaky.evidence, probes={"membership": small}), column="loss")
    assert one.reason == "99 training rows and 99 served rows have a known outcome and an answer; it takes 100 of either"


def test_the_area_is_that_of_all_pairs_and_weights_are_repeated_rows() -> None:
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(5)
    member, score = np.repeat([True, False], [60, 80]), np.round(draw.normal(size=140), 1)
    times = np.where(member, draw.integers(1, 4, 140), 1)
    found = area(score, member, times.astype(float))
    again = np.repeat(np.arange(140), times)
    assert found.value == pytest.approx(roc_auc_score(member[again], score[again]))
    assert area(score, member, np.ones(140)).value == pytest.approx(roc_auc_score(member, score))


def test_the_standard_error_is_what_repetition_shows() -> None:
    draw = np.random.default_rng(6)
    member = np.repeat([True, False], [150, 200])
    found = [area(np.r_[draw.normal(0.5, 1, 150), draw.normal(size=200)], member, np.ones(350)) for _ in range(300)]
    spread = np.std([one.value for one in found])
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=4 / np.sqrt(600))  # four standard errors of a deviation


def test_weights_bring_the_training_rows_to_the_served_ones() -> None:
    draw = np.random.default_rng(7)
    x = np.r_[draw.normal(0, 1, 2000), draw.normal(0.6, 1, 2000)]
    sides = Sides(member=np.repeat([True, False], 2000), numbers=np.c_[x, np.zeros(4000)], outcome=np.zeros(4000), fold=np.arange(4000) % 3)
    weight, apart = weights(sides, seed=1)
    mine = weight[sides.member]
    assert (mine @ x[:2000]) / mine.sum() == pytest.approx(0.6, abs=0.12)
    assert apart.value == pytest.approx(0.664, abs=0.04)  # Φ(0.6 / √2)


def test_a_regression_is_attacked_by_its_errors() -> None:
    draw = np.random.default_rng(8)
    x = draw.normal(size=2000)
    sides = Sides(member=np.arange(2000) < 1000, numbers=np.c_[x, x], outcome=x, fold=np.arange(2000) % 3)
    error = np.abs(draw.normal(size=2000)) * np.where(sides.member, 0.5, 1.0)
    found = attacks(sides, None, error, seed=1)
    assert set(found) == {"loss", "likelihood"}
    # the chance that |N(0, 0.5)| < |N(0, 1)|: (2 / π) arctan(2)
    assert area(found["loss"], sides.member, np.ones(2000)).value == pytest.approx(2 / np.pi * np.arctan(2), abs=0.04)
