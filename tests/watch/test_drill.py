"""A drill reaches the real receiver by the real path, says how long it took, and leaves the real log and the real alerts alone."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from audits.alerting import alerts
from benchmarks.watch_world import Hourly
from connectors.config import load
from connectors.errors import CandorError, UsageError
from dashboard.commands import drill as command
from dashboard.commands.drill import drill, now
from tests.watch.conftest import Receiver


def quietly(_: str) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def shadows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's shadows are made."""
    folder = tmp_path / "shadows"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_page_arrives_marked_and_timed_and_nothing_real_changes(world: Hourly, receiver: Receiver, shadows: Path) -> None:
    config = load(world.config)
    before = hashlib.sha256(config.warehouse.path.read_bytes()).hexdigest()
    listed = sorted(path.relative_to(world.folder) for path in world.folder.rglob("*"))
    shown: list[str] = []
    assert drill(world.config, fault="missing values", say=quietly, show=shown.append) == 0, shown
    steps = [match for line in shown if (match := re.match(r"\+ *([\d.]+) s  (\w+) ", line))]
    assert [step[2] for step in steps] == ["committed", "audited", "raised", "delivered"]
    seconds = [float(step[1]) for step in steps]
    assert seconds == sorted(seconds)
    assert seconds[0] == 0.0
    assert "income" in next(line for line in shown if "raised" in line)
    first = receiver.got[0][3].decode()
    assert "DRILL" in first
    assert "drill-" in first
    assert "resolved" in receiver.got[-1][3].decode()  # and closed again
    assert hashlib.sha256(config.warehouse.path.read_bytes()).hexdigest() == before
    assert sorted(path.relative_to(world.folder) for path in world.folder.rglob("*")) == listed
    assert alerts(config, now=now()) == ()
    assert list(shadows.iterdir()) == []  # it held rows


def test_a_receiver_that_refuses_is_a_missed_page(
    world: Hourly, receiver: Receiver, shadows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PATIENCE", 0.3)
    monkeypatch.setattr(command, "without_fault", lambda *_: [])  # the control has its say in the test above
    receiver.status = 500
    shown: list[str] = []
    assert drill(world.config, channel="pager", keep=True, say=quietly, show=shown.append) == 3
    assert any(line.startswith("No page at pager: ") for line in shown), shown
    (kept,) = shadows.iterdir()
    assert (kept / "during.parquet").exists()
    assert kept.stat().st_mode & 0o077 == 0


def test_what_cannot_be_drilled_is_said(world: Hourly, quiet: Hourly, shadows: Path) -> None:
    with pytest.raises(UsageError, match='no channel "pagr"; did you mean "pager"'):
        drill(world.config, channel="pagr", say=quietly)
    with pytest.raises(UsageError, match="missing values"):
        drill(world.config, fault="missing value", say=quietly)
    with pytest.raises(UsageError, match="names no channel"):
        drill(quiet.config, say=quietly)
    with pytest.raises(UsageError, match='no model "x"'):
        drill(world.config, model="x", say=quietly)
    with pytest.raises(CandorError, match="cannot be planted"):
        drill(world.config, fault="labels late", say=quietly)
    assert list(shadows.iterdir()) == []
