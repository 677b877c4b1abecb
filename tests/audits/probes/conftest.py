"""A stored log with one planted weak spot and one proxy, for what reads rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.evidence import Evidence
from audits.gather import gather
from connectors.config import ModelConfig, load
from connectors.ingest import ingest
from connectors.warehouse import Warehouse, open_warehouse

TOML = """version = 1
[warehouse]
path = "candor.duckdb"
[models.loans]
title = "Loans"
task = "{task}"
protected = ["sex", "race"]
segments = ["region"]
{more}
[models.loans.columns]
id = "id"
time = "time"
outcome = "outcome"
{roles}
[[models.loans.sources]]
kind = "file"
path = "log.parquet"
"""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A log as it lies in the warehouse, and the rows it was made from."""

    warehouse: Warehouse
    model: ModelConfig
    evidence: Evidence
    frame: pd.DataFrame


def planted(rows: int = 9000, seed: int = 1) -> pd.DataFrame:
    """Draw people: decisions err in 15 %, and in 40 % where income is below 20,000 in the north; height tells sex."""
    draw = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "id": [f"k{i}" for i in range(rows)],
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows) * 5 * 86400 // rows, unit="s"),
            "sex": draw.choice(["F", "M"], rows),
            "race": np.where(draw.random(rows) < 0.05, None, draw.choice(["A", "B", "C"], rows)),
            "region": draw.choice(["north", "south", "west"], rows),
            "income": draw.lognormal(10.2, 0.5, rows),
            "debt": np.where(draw.random(rows) < 0.1, np.nan, draw.normal(0, 1, rows)),
            "job": draw.choice(["clerk", "cook", "nurse"], rows),
            "score": draw.beta(2, 2, rows),
        }
    )
    found["height"] = np.round(np.where(found["sex"] == "M", 178, 165) + draw.normal(0, 7, rows))
    found["decision"] = (found["score"] > 0.5).astype(int)
    chance = 0.15 + 0.25 * ((found["income"] < 20_000) & (found["region"] == "north"))
    wrong = draw.random(rows) < chance
    found["outcome"] = np.where(draw.random(rows) < 0.1, np.nan, np.where(wrong, 1 - found["decision"], found["decision"]))
    return found


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., object]:
    """Give the function that stores a frame and gathers its evidence."""

    @contextmanager
    def store(frame: pd.DataFrame, *, task: str = "binary", unit: str = "", more: str = "", extra: str = "") -> Iterator[Logged]:
        folder: Path = tmp_path_factory.mktemp("logged")
        frame.to_parquet(folder / "log.parquet")
        roles = [f'{role} = "{role}"' for role in ("score", "decision") if role in frame] + ([f'unit = "{unit}"'] if unit else [])
        roles += [extra] if extra else []
        more = more or ("favorable = 1" if task == "binary" else "")
        (folder / "candor.toml").write_text(TOML.format(task=task, more=more, roles="\n".join(roles)), encoding="utf-8")
        config = load(folder / "candor.toml")
        ingest(config)
        model = config.model("loans")
        with open_warehouse(config.warehouse) as warehouse:
            evidence = gather(warehouse, model, progress=lambda _: None)
            yield Logged(warehouse=warehouse, model=model, evidence=evidence, frame=frame)

    return store


@pytest.fixture(scope="session")
def logged(stored: Callable[..., object]) -> Iterator[Logged]:
    """Give the planted log."""
    with stored(planted()) as found:  # type: ignore[attr-defined]
        yield found
