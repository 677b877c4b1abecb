"""A small log of a lender without a fault, day by day, and the same with one: what every planted-fault test starts from."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audits import quality
from audits.evidence import Evidence
from audits.examine import examine
from audits.gather import gather
from audits.policy import thresholds
from connectors.config import Columns, load
from connectors.ingest import ingest
from connectors.simulated.row_faults import AHEAD
from connectors.warehouse import open_warehouse

Log = dict[str, np.ndarray[Any, Any]]

START = np.datetime64("2026-03-02", "us")  # a Monday
CLEAN, FAULTY, ROWS = 13, 3, 600
"""Days before the fault, days with it, and rows a day."""

ROLES = Columns(id="id", time="at", version="model", score="score", decision="approved", outcome="repaid", outcome_time="seen")
FEATURES = ("income", "debt", "purpose", "region")
FAULT_FROM = START + np.timedelta64(CLEAN, "D")
NOW = (START + np.timedelta64(CLEAN + FAULTY, "D") + np.timedelta64(10, "m")).astype(dt.datetime)

TOML = """version = 1
[models.loans]
title = "Loans"
favorable = 1
window = "1d"
features = ["income", "debt", "purpose", "region"]
[models.loans.reference]
until = 2026-03-09
[models.loans.columns]
id = "id"
time = "at"
version = "model"
score = "score"
decision = "approved"
outcome = "repaid"
outcome_time = "seen"
[[models.loans.sources]]
kind = "file"
path = "predictions-*.parquet"
rows = "predictions"
[[models.loans.sources]]
kind = "file"
path = "outcomes-*.parquet"
rows = "outcomes"
"""


def clean(seed: int = 4) -> Log:
    """Make the log: income and debt decide the score, outcomes follow the score and are known a day later; v2 comes on the tenth day."""
    r = np.random.default_rng(seed)
    days = CLEAN + FAULTY
    day = np.repeat(np.arange(days), r.poisson(ROWS, days))
    n = len(day)
    at = np.sort(START + (day * 86_400_000_000 + r.integers(0, 86_400_000_000, n)).astype("timedelta64[us]"))
    income, debt = r.lognormal(8, 0.5, n).round(2), r.beta(2, 4, n).round(4)
    odds = 1.2 * (np.log(income) - 8) - 3 * (debt - 0.33) + 0.8
    score = 1 / (1 + np.exp(-odds))
    repaid = (r.random(n) < score).astype(np.float64)
    seen = at + (86_400_000_000 * (0.5 + r.random(n))).astype("timedelta64[us]")
    return {
        "id": np.arange(n), "at": at, "model": np.where(at < START + np.timedelta64(9, "D"), "v1", "v2").astype(object),
        "income": income, "debt": debt, "purpose": r.choice(["car", "home", "education"], n, p=[0.5, 0.3, 0.2]).astype(object),
        "region": r.choice(["north", "south", "west"], n).astype(object), "score": score.round(6),
        "approved": (score >= 0.6).astype(np.int64), "repaid": repaid, "seen": seen,
    }  # fmt: skip


def write(folder: Path, log: Log, first: int, end: int, *, ahead: bool = False) -> None:
    """Write the predictions of the days from `first` to before `end` as one file, and the outcomes that became known on them as another.

    With `ahead`, rows after the fault are dated six hours later than they were made.
    """
    begin, stop = START + np.timedelta64(first, "D"), START + np.timedelta64(end, "D")
    made = np.where(log["at"] >= FAULT_FROM + AHEAD, log["at"] - AHEAD, log["at"]) if ahead else log["at"]
    held = (made >= begin) & (made < stop)
    if held.any():
        rows = {name: array(values[held]) for name, values in log.items() if name not in ("repaid", "seen")}
        pq.write_table(pa.table(rows), folder / f"predictions-{first:02}.parquet")
    known = (log["seen"] >= begin) & (log["seen"] < stop) & (log["repaid"] == log["repaid"])  # NaN differs from itself
    outcomes = {name: array(log[name][known]) for name in ("id", "repaid", "seen")}
    pq.write_table(pa.table(outcomes), folder / f"outcomes-{first:02}.parquet")


def array(values: np.ndarray[Any, Any]) -> pa.Array:
    """Give a column the type of its own values: what was numbers and is text from the fault on comes as text."""
    if values.dtype.kind == "O" and all(isinstance(value, float | int) for value in values):
        return pa.array(values.astype(np.float64), from_pandas=True)
    return pa.array(values, from_pandas=True)


@contextmanager
def clock_at(moment: dt.datetime) -> Iterator[None]:
    """Let ingest believe that it is another time."""

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return moment.replace(tzinfo=tz)

    with patch("connectors.ingest.datetime", Clock):
        yield


def begin(folder: Path, log: Log) -> None:
    """Take in the days before the fault, and freeze the bins."""
    folder.mkdir()
    (folder / "candor.toml").write_text(TOML, encoding="utf-8")
    for first, end in ((0, 7), (7, 10), (10, CLEAN)):
        write(folder, log, first, end)
    config = load(folder / "candor.toml")
    with clock_at((START + np.timedelta64(CLEAN, "D")).astype(dt.datetime)):
        ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        gather(warehouse, config.model("loans"), progress=lambda _: None)


def go_on(base: Path, folder: Path, log: Log, *, ahead: bool = False, toml: str = TOML) -> Evidence:
    """Take in the days with the fault beside those before it, and gather."""
    shutil.copytree(base, folder)
    (folder / "candor.toml").write_text(toml, encoding="utf-8")
    write(folder, log, CLEAN, CLEAN + FAULTY, ahead=ahead)
    config = load(folder / "candor.toml")
    with clock_at(NOW):
        ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        found = gather(warehouse, config.model("loans"), progress=lambda _: None)
    return replace(found, clock=NOW)


def failed(evidence: Evidence) -> set[str]:
    """Name the measures of the family that fail somewhere, and insist that none of them raised."""
    run = examine(evidence, thresholds(evidence.model), card={}, audits=quality.AUDITS)
    assert [failure for failure in run.errors if failure.error] == []
    rows = run.findings.select(["name", "verdict"]).to_pylist()
    return {row["name"] for row in rows if row["verdict"] == "fail"}
