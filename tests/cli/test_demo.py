"""`candor demo`: the whole way within a minute, instantly the second time, and whole again after Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from connectors.actions import events
from connectors.config import load
from connectors.simulated import lending
from dashboard.commands.demo import WRITTEN
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, candor: Run) -> tuple[Path, str, float]:
    """A folder in which the demo has run, what it printed and how long it took."""
    folder = tmp_path_factory.mktemp("newcomer")
    started = time.perf_counter()
    done = candor("demo", "--no-serve", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout, time.perf_counter() - started


def test_it_takes_less_than_a_minute(shown: tuple[Path, str, float]) -> None:
    assert shown[2] < 60


def test_it_ends_on_the_planted_gap(shown: tuple[Path, str, float]) -> None:
    folder, said, _ = shown
    worst, report, link, own = (re.search(rf"{label}\s+(.*)", said) for label in ("Worst finding", "Report", "Dashboard", "Your own data"))
    assert worst
    assert report
    assert link
    assert own
    assert "Female" in worst[1]
    assert re.search(r"n = [\d,]+, about [\d,]+ people in this period, below", worst[1])
    release = next(event for event in lending.events(end=lending.latest_end(datetime.now(UTC))) if event.kind == "release")
    assert f"{release.at.day} {release.at:%b %Y}" in worst[1]
    assert (folder / report[1]).stat().st_size > 10_000
    assert "/fairness?model=loans" in link[1]
    assert "init" in own[1]


def test_the_release_is_marked_once(shown: tuple[Path, str, float], candor: Run) -> None:
    folder, said, _ = shown
    started = time.perf_counter()
    again = candor("demo", "--no-serve", cwd=folder)
    assert time.perf_counter() - started < 10
    assert again.stdout == said
    assert "Nothing new" in again.stderr
    marked = events(load(folder / "demo" / "lending" / "candor.toml"), "loans")
    assert sorted(event.kind for event in marked) == ["data", "release"]


def test_a_world_that_does_not_exist_is_2(candor: Run, tmp_path: Path) -> None:
    done = candor("demo", "landing", "--no-serve", cwd=tmp_path)
    assert done.returncode == 2
    assert '"lending"' in done.stderr
    assert not list(tmp_path.iterdir())


def test_files_that_are_not_a_demos_are_left_alone(candor: Run, tmp_path: Path) -> None:
    mine = tmp_path / "demo" / "lending" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    done = candor("demo", "--no-serve", cwd=tmp_path)
    assert done.returncode == 2
    assert mine.read_text() == "years of work"


@pytest.mark.slow
def test_ctrl_c_and_again(shown: tuple[Path, str, float], candor: Run, checkout: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dashboard.cli", "demo", "--no-serve"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(checkout)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(3.0)  # while it writes the log, or takes it in
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 130)
    assert "Traceback" not in said
    if (tmp_path / "demo" / "lending").exists():
        assert (tmp_path / "demo" / "lending" / WRITTEN).exists()
    again = candor("demo", "--no-serve", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert re.findall(r"Worst finding.*", again.stdout) == re.findall(r"Worst finding.*", shown[1])


def test_the_dashboard_answers_and_ctrl_c_ends_it(shown: tuple[Path, str, float], checkout: Path) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard.cli", "serve", "-c", "demo/lending/candor.toml", "--port", str(port)],
        cwd=shown[0], env=os.environ | {"PYTHONPATH": str(checkout)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in said
