"""Stopped in the middle, by Ctrl-C or without warning: the next command finishes the work, on all of the rows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.config import load
from connectors.errors import CandorError
from connectors.warehouse import open_warehouse
from dashboard import cli
from tests.bad_input.conftest import Place, whole


@pytest.fixture
def stored(place: Place) -> Place:
    """A log that has been ingested, long enough to be caught while it is counted."""
    place.log(size=20_000)
    assert place.candor("ingest").code == 0
    return place


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_an_audit_that_is_stopped_is_finished_by_the_next(stored: Place, checkout: Path, number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard.cli", "audit"], cwd=stored.folder, env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert any("counting" in line for line in iter(process.stderr.readline, ""))
    process.send_signal(number)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert not said
    assert "Traceback" not in errors
    assert not (stored.folder / "candor.published").exists()
    done = stored.candor("audit", "--json", "run.json")
    assert done.code == 0, done.err
    (model,) = whole(stored.folder / "run.json")["runs"]
    assert model["coverage"]["used"] == 20_000
    assert json.loads((stored.folder / "run.json").read_text())["id"] in stored.candor("query", "select run from runs").out


def test_ctrl_c_that_a_library_answers_with_its_own_error_is_130(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def swallow(*_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            signal.sigtimedwait([], 5)
        except KeyboardInterrupt:
            raise AttributeError("partially initialized module") from None

    monkeypatch.setattr(cli, "read_config", swallow)
    done = place.candor("audit")
    assert done.code == 130
    assert done.sentence == "stopped"


def test_a_folder_called_lock_is_not_a_lock(tmp_path: Path) -> None:
    folder = tmp_path / "blocks"
    folder.mkdir()
    made = Place(folder)
    made.configure()
    (folder / "candor.duckdb").write_bytes(b"no database at all" * 1000)
    config = load(folder / "candor.toml")
    with pytest.raises(CandorError, match="is not a DuckDB database"), open_warehouse(config.warehouse, patience=0):
        pass
