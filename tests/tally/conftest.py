"""A small log with everything that can go wrong in it, on both engines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from audits.bins import Bins, CategoricalBins, numeric_bins
from audits.scan import Log
from connectors.config import Columns, ModelConfig, Protected, WarehouseConfig
from connectors.warehouse import Engine, open_warehouse, spark_engine

MODEL = ModelConfig(
    name="small", title="Small", favorable=1, policy=MappingProxyType({}), segments=("region",),
    protected=(Protected(column="sex"), Protected(column="age", edges=(25, 46))),
    columns=Columns(id="id", time="time", score="score", decision="decision", outcome="outcome", outcome_time="seen", cost="cost"),
)  # fmt: skip


def small_log(rows: int = 3000, seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and outcomes in the warehouse's layout: missing values, a skewed column, unseen levels, unlabelled rows."""
    r = np.random.default_rng(seed)
    day = np.sort(r.integers(0, 4, rows))
    score = np.clip(r.beta(2, 3, rows), 0, 1)
    predictions = pd.DataFrame(
        {
            "candor:key": np.arange(rows),
            "candor:partition": day.astype(np.int32),
            "candor:time": pd.Timestamp("2026-01-01") + pd.to_timedelta(day * 24 * 60 + r.integers(0, 1440, rows), unit="min"),
            "candor:nonfinite": [["x"] if i % 211 == 0 else None for i in range(rows)],
            "sex": np.where(r.random(rows) < 0.02, None, np.where(r.random(rows) < 0.5, "Female", 'Ma"le')),
            "age": r.integers(18, 80, rows),
            "region": r.choice(["north", "south"], rows),
            "x": np.where(np.arange(rows) % 211 == 0, np.nan, r.lognormal(1, 1.5, rows)),
            "k": np.where(r.random(rows) < 0.1, np.nan, np.floor(r.poisson(4, rows))),
            "colour": np.where(r.random(rows) < 0.05, None, r.choice(["red", "green", "blue", "ultra"], rows, p=[0.5, 0.3, 0.15, 0.05])),
            "score": np.where(r.random(rows) < 0.03, np.nan, score),
            "decision": np.where(r.random(rows) < 0.02, np.nan, (score > 0.4).astype(float)),
            "cost": r.gamma(2, 0.1, rows),
        }
    )
    known = r.random(rows) < 0.8
    outcomes = pd.DataFrame(
        {
            "candor:key": np.arange(rows)[known],
            "outcome": (r.random(rows) < score).astype(np.int64)[known],
            "outcome_time": (predictions["candor:time"] + pd.to_timedelta(r.integers(0, 20, rows), unit="D"))[known],
        }
    )
    return predictions, outcomes


def frozen(predictions: pd.DataFrame, names: tuple[str, ...] = ("x", "k", "score")) -> Bins:
    """Bins frozen on the first day, with NumPy as the quantile oracle."""
    first = predictions[predictions["candor:partition"] == 0]
    columns = []
    for name in names:
        values = first[name].dropna().to_numpy()
        columns.append(
            numeric_bins(
                name, low=values.min(), high=values.max(), mean=values.mean(), deviation=values.std(),
                integers=bool((values == np.floor(values)).all()), quantiles=list(np.quantile(values, np.linspace(0, 1, 401))),
            )
        )  # fmt: skip
    return Bins(columns=(*columns, CategoricalBins(name="colour", levels=("red", "green", "blue"), complete=True)), score="score")


@dataclass(frozen=True)
class World:
    """One engine over the small log."""

    engine: Engine
    log: Log
    predictions: pd.DataFrame
    outcomes: pd.DataFrame
    bins: Bins


@pytest.fixture(scope="session")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    for name, frame in zip(("predictions", "outcomes"), small_log(), strict=True):
        times = [column for column in frame.columns if column in ("candor:time", "outcome_time")]
        frame.astype(dict.fromkeys(times, "datetime64[us]")).to_parquet(folder / f"{name}.parquet")
    return folder


def _duckdb(folder: Path) -> Iterator[Engine]:
    path = folder / "small.duckdb"
    path.unlink(missing_ok=True)
    with open_warehouse(WarehouseConfig(path=path)) as warehouse:
        for name in ("predictions", "outcomes"):
            warehouse.connection.execute('CREATE SCHEMA IF NOT EXISTS "model:small"')
            warehouse.connection.execute(f'CREATE TABLE "model:small".{name} AS FROM read_parquet(?)', [str(folder / f"{name}.parquet")])
        yield warehouse.engine


def _spark(folder: Path) -> Iterator[Engine]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, which this machine lacks")
    yield spark_engine("local[2]", {f"model:small.{name}": folder / f"{name}.parquet" for name in ("predictions", "outcomes")})


ENGINES: dict[str, Callable[[Path], Iterator[Engine]]] = {"duckdb": _duckdb, "spark": _spark}


@pytest.fixture(scope="session", params=list(ENGINES))
def world(request: pytest.FixtureRequest, parquet: Path) -> Iterator[World]:
    """The same log on every engine: one suite for all."""
    predictions, outcomes = small_log()
    for engine in ENGINES[request.param](parquet):
        log = Log(predictions=engine.table("model:small", "predictions"), outcomes=engine.table("model:small", "outcomes"), model=MODEL)
        yield World(engine=engine, log=log, predictions=predictions, outcomes=outcomes, bins=frozen(predictions))
        engine.release()
