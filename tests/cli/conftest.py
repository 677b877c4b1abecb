"""A way to run the command as a person does, and a small audited log to run it on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

CONFIG = """
version = 1
[warehouse]
path = "candor.duckdb"
[models.loans]
favorable = 1
protected = ["sex"]
window = "500 rows"
[models.loans.columns]
id = "id"
score = "score"
decision = "approved"
outcome = "repaid"
[[models.loans.sources]]
kind = "file"
path = "log.csv"
rows = "both"
"""


@pytest.fixture(scope="session")
def candor(checkout: Path) -> Run:
    """Run `candor` in a process of its own; gives the finished process."""

    def run(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(checkout)}
        command = [sys.executable, "-m", "dashboard.cli", *map(str, words)]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory, candor: Run) -> Path:
    """A folder with a log of 2,000 rows in which women are approved half as often as men: ingested and audited. Read it only."""
    folder = tmp_path_factory.mktemp("audited")
    write_log(folder)
    for command in ("ingest", "audit"):
        done = candor(command, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def own(audited: Path, tmp_path: Path) -> Path:
    """A copy of the audited folder that a test may change."""
    return Path(shutil.copytree(audited, tmp_path / "own"))


def write_log(folder: Path) -> None:
    """Write the log and its configuration."""
    random = np.random.default_rng(1)
    n = 2_000
    sex = np.where(np.arange(n) % 2 == 0, "Female", "Male")
    score = random.uniform(size=n)
    approved = (score > np.where(sex == "Female", 0.7, 0.4)).astype(int)
    repaid = (random.uniform(size=n) < score).astype(int)
    log = pd.DataFrame({"id": np.arange(n), "sex": sex, "income": random.normal(50, 9, n).round(2), "score": score.round(6)})
    log.assign(approved=approved, repaid=repaid).to_csv(folder / "log.csv", index=False)
    (folder / "candor.toml").write_text(CONFIG)
