"""A small stored log, and models that are functions, so that one prediction can be explained without a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from audits.estimate import Floats, Integers
from audits.gather import gather
from audits.probes.scorer import NoScorer, Scorer
from connectors.config import Config, load
from connectors.ingest import ingest
from connectors.model_parts import Encoding, Linear, Part, Trees
from connectors.warehouse import open_warehouse

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
ROWS = 1_200


@dataclass
class Function:
    """A model that only answers."""

    names: tuple[str, ...]
    call: Callable[[pa.Table], Floats]
    classes: tuple[str, ...] = ()
    fingerprint: str = "function"

    def predict(self, rows: pa.Table) -> Floats:
        """Answer."""
        return self.call(rows)

    def matrix(self, rows: pa.Table) -> Floats | None:
        """Show nothing."""
        return None

    def owner(self) -> Integers:
        """Own each input by itself."""
        return np.arange(len(self.names))

    def trees(self) -> Trees | None:
        """Show nothing."""
        return None

    def linear(self) -> Linear | None:
        """Show nothing."""
        return None


class Sum(Function):
    """A weighted sum that shows its coefficients."""

    def __init__(self, weights: dict[str, float], *, intercept: float = 0.0, link: str = "identity") -> None:
        parts = tuple(Part(input=place) for place in range(len(weights)))
        encode = Encoding(inputs=tuple(weights), parts=parts)
        self.sum = Linear(coefficients=np.asarray([*weights.values()]), intercept=intercept, link=link, encode=encode)  # type: ignore[arg-type]
        super().__init__(names=tuple(weights), call=lambda rows: self.sum.answer(encode.matrix(rows)))

    def matrix(self, rows: pa.Table) -> Floats | None:
        """Show the numbers."""
        return self.sum.encode.matrix(rows)

    def linear(self) -> Linear | None:
        """Show the coefficients."""
        return self.sum


def scorer(model: Function, *, kind: str = "model", **more: object) -> Scorer:
    """Wrap a function as probes are given it."""
    return Scorer(kind=kind, asked=model, **more)  # type: ignore[arg-type]


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


def asked_instead(monkeypatch: pytest.MonkeyPatch, model: Function | None, **more: object) -> None:
    """Have a function stand in for the trained surrogate; None refuses."""

    def surrogates(*_: object, **__: object) -> list[object]:
        if model is None:
            raise NoScorer("model loans: the surrogate follows the scores with R² 0.31, below 0.80")
        fidelity = {"value": 0.97, "low": 0.96, "high": 0.98, "n": 900}
        return [scorer(model, kind="surrogate", fidelity=fidelity, **more)]

    monkeypatch.setattr("audits.probes.surrogate.surrogates", surrogates)
