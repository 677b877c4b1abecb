"""A small log, the command run on it as a person runs it (in this process, through `main`), and what every answer must satisfy."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from dashboard import cli

COLUMNS = {"id": "id", "time": "at", "score": "score", "decision": "decision", "outcome": "outcome"}


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line with which a command gives up."""
        lines = [line for line in self.err.splitlines() if line.startswith("candor: ")]
        assert len(lines) == 1, self.err
        assert self.err.splitlines()[-1] == lines[0]
        assert "Traceback" not in self.err
        assert "fault in Candor" not in self.err
        return lines[0].removeprefix("candor: ")


class Place:
    """A folder with a log and its configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def candor(self, *words: object) -> Done:
        """Run one command in the folder."""
        out, err = io.StringIO(), io.StringIO()
        code = 0
        before, arguments = Path.cwd(), sys.argv
        os.chdir(self.folder)
        sys.argv = ["candor", *map(str, words)]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                cli.main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        finally:
            os.chdir(before)
            sys.argv = arguments
        return Done(code=code, out=out.getvalue(), err=err.getvalue())

    def configure(
        self, model: str = 'protected = ["sex"]', columns: Mapping[str, str | None] = COLUMNS, sources: str | None = None, name: str = "m"
    ) -> None:
        """Write candor.toml for one model."""
        mapped = "\n".join(f"{role} = {json.dumps(column, ensure_ascii=False)}" for role, column in columns.items() if column is not None)
        read = sources or f'[[models.{name}.sources]]\npath = "log.csv"\n'
        text = f'version = 1\n[warehouse]\npath = "candor.duckdb"\n[models.{name}]\n{model}\n[models.{name}.columns]\n{mapped}\n{read}'
        (self.folder / "candor.toml").write_text(text, encoding="utf-8")

    def log(
        self, columns: Mapping[str, Sequence[Any]] = {}, *, rename: Mapping[str, str] | None = None, size: int = 120, name: str = "log.csv"
    ) -> None:
        """Write a log of three days, with some columns replaced or renamed."""
        pd.DataFrame(rows(size) | dict(columns)).rename(columns=rename or {}).to_csv(self.folder / name, index=False)

    def audited(self) -> dict[str, Any]:
        """Ingest and audit without a complaint; gives the run's JSON after the checks that every run must pass."""
        for words in (["ingest"], ["audit", "--json", "run.json"]):
            done = self.candor(*words)
            assert done.code == 0, done.err
        return whole(self.folder / "run.json")

    def reported(self, model: str = "m") -> None:
        """Write every format of the report without a complaint."""
        for format in ("html", "csv", "json"):
            done = self.candor("report", "--model", model, "--format", format, "-o", f"report.{format}")
            assert done.code == 0, done.err
        (self.folder / "report.json").read_text(encoding="utf-8")

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse itself."""
        connection = duckdb.connect(":memory:")
        try:
            connection.execute(f"ATTACH '{self.folder / 'candor.duckdb'}' AS w (READ_ONLY)")
            connection.execute("USE w.main")
            return connection.execute(query).fetchall()
        finally:
            connection.close()


def rows(n: int) -> dict[str, Any]:
    """A log in which men are approved a little more often than women."""
    random = np.random.default_rng(7)
    score = random.uniform(size=n).round(4)
    return {
        "id": np.arange(n),
        "at": pd.date_range("2026-01-01", periods=n, freq=pd.Timedelta(days=3) / n).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sex": np.where(np.arange(n) % 2 == 0, "Female", "Male"),
        "region": np.where(np.arange(n) % 3 == 0, "north", "south"),
        "income": random.normal(50, 9, n).round(2),
        "score": score,
        "decision": (score > np.where(np.arange(n) % 2 == 0, 0.55, 0.5)).astype(int),
        "outcome": (random.uniform(size=n) < score).astype(int),
    }


def whole(file: Path) -> dict[str, Any]:
    """A run's JSON: no NaN, a reason for every figure that is absent, no audit that broke down."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in {file}")

    run: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse)
    assert run["runs"]
    for each in run["runs"]:
        assert each["findings"]
        for finding in each["findings"]:
            assert finding["estimate"]["value"] is not None or finding["reason"], finding
        for failure in each["errors"]:
            assert not failure["error"], failure
            assert failure["reason"]
    return run


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with a good log and its configuration."""
    made = Place(tmp_path)
    made.log()
    made.configure()
    return made
