"""`candor doctor` says what is there, what is not, and what must be done."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dashboard.commands import doctor
from tests.cli.conftest import CONFIG, Run


def test_it_names_pins_extras_and_the_licence(candor: Run, tmp_path: Path) -> None:
    done = candor("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("duckdb", "==2.0.0", "Business Source License", "chromium", "java", "spark"):
        assert part in done.stdout


def test_a_wrong_version_is_3(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {line.thing: line for line in doctor.libraries()}
    assert found["duckdb"].state == "ok"
    real = doctor.installed
    monkeypatch.setattr(doctor, "installed", lambda name: "1.0.0" if name == "duckdb" else None if name == "typst" else real(name))
    found = {line.thing: line for line in doctor.libraries()}
    assert (found["duckdb"].state, found["typst"].state) == ("wrong", "wrong")
    assert "needs ==2.0.0" in found["duckdb"].found
    assert found["plotly"].state == "ok"


def test_every_extra_is_explained() -> None:
    assert set(doctor.EXTRAS) == set(doctor.project()[1])


def test_an_extra_that_is_absent_is_not_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed", lambda name: None if name == "alibi-detect" else "9999")
    found = {line.thing: line for line in doctor.libraries() if line.part == "extra"}
    assert found["alibi"].state == "absent"
    assert "Business Source License" in found["alibi"].found


def test_a_machine_without_a_browser_or_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert {line.thing: line.state for line in doctor.machine()} == {"chromium": "absent", "java": "absent"}


def test_the_warehouse_before_and_after(candor: Run, audited: Path, tmp_path: Path) -> None:
    (tmp_path / "candor.toml").write_text(CONFIG)
    before = {line.thing: line.state for line in doctor.warehouse(tmp_path / "candor.toml")}
    assert (before["candor.duckdb"], before["candor.published"]) == ("absent", "absent")
    after = {line.thing: line for line in doctor.warehouse(audited / "candor.toml")}
    assert (after["candor.duckdb"].state, after["candor.published"].state) == ("ok", "ok")
    assert "not in use" in after["candor.duckdb"].found


def test_a_configuration_that_does_not_load(candor: Run, tmp_path: Path) -> None:
    (tmp_path / "candor.toml").write_text("version = 2")
    done = candor("doctor", cwd=tmp_path)
    assert done.returncode == 2
    assert "version" in done.stderr
    assert candor("doctor", "-c", "absent.toml", cwd=tmp_path).returncode == 2
