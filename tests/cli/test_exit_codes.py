"""0 done, 1 a finding failed, 2 command or configuration, 3 an audit, a source, a lock or the disk, 130 Ctrl-C; and no traceback ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIG, Run, write_log


def only_a_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stderr
    (last,) = done.stderr.strip().splitlines()[-1:]
    assert last.startswith("candor: ")
    return last


MISTYPED = (["audits"], ["audit", "--windw", "1d"], ["event", "x"], ["serve", "--port", "0"], ["report", "--model", "loans"])


@pytest.mark.parametrize("words", MISTYPED)
def test_a_command_that_does_not_exist_is_2(candor: Run, tmp_path: Path, words: list[str]) -> None:
    done = candor(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("command", ["ingest", "audit", "serve"])
def test_no_configuration_is_2(candor: Run, tmp_path: Path, command: str) -> None:
    done = candor(command, cwd=tmp_path)
    assert done.returncode == 2
    assert "candor.toml" in only_a_sentence(done)


def test_an_unknown_key_is_2_and_names_the_nearest(candor: Run, tmp_path: Path) -> None:
    (tmp_path / "candor.toml").write_text(CONFIG.replace("favorable", "favourable"))
    done = candor("audit", cwd=tmp_path)
    assert done.returncode == 2
    sentence = only_a_sentence(done)
    assert "favourable" in sentence
    assert '"favorable"' in sentence


def test_an_unknown_model_is_2_and_names_the_nearest(candor: Run, tmp_path: Path) -> None:
    write_log(tmp_path)
    done = candor("ingest", "--model", "laons", cwd=tmp_path)
    assert done.returncode == 2
    assert "loans" in only_a_sentence(done)
    assert not (tmp_path / "candor.duckdb").exists()


def test_a_named_file_that_is_missing_is_2(candor: Run, tmp_path: Path) -> None:
    (tmp_path / "candor.toml").write_text(CONFIG)
    done = candor("ingest", cwd=tmp_path)
    assert done.returncode == 2
    assert "log.csv" in only_a_sentence(done)


def test_a_task_that_nothing_measures_is_2(candor: Run, own: Path) -> None:
    (own / "candor.toml").write_text(CONFIG.replace("[models.loans]", '[models.loans]\ntask = "ranking"', 1))
    done = candor("audit", cwd=own)
    assert done.returncode == 2
    assert '"ranking"; only binary' in only_a_sentence(done)


def test_nothing_published_is_3(candor: Run, tmp_path: Path) -> None:
    (tmp_path / "candor.toml").write_text(CONFIG)
    done = candor("query", "select 1", cwd=tmp_path)
    assert done.returncode == 3
    assert "candor audit" in only_a_sentence(done)


def test_the_gate_is_1_and_nothing_else_is(candor: Run, own: Path) -> None:
    assert candor("audit", cwd=own).returncode == 0
    gated = candor("audit", "--gate", "--json", "-", cwd=own)
    assert gated.returncode == 1
    (run,) = json.loads(gated.stdout)["runs"]
    assert any(each["verdict"] == "fail" for each in run["findings"])


def test_a_disk_that_cannot_be_written_is_3(candor: Run, own: Path) -> None:
    done = candor("report", "--model", "loans", "-o", own / "absent" / "report.html", cwd=own)
    assert done.returncode == 3
    assert "report.html" in only_a_sentence(done)


def test_a_template_or_format_that_does_not_exist_is_2(candor: Run, own: Path) -> None:
    for words in (["--template", "audits"], ["--format", "docx"], ["--format", "pdf"]):
        done = candor("report", "--model", "loans", *words, "-o", own / "report.out", cwd=own)
        assert done.returncode == 2
        only_a_sentence(done)
        assert not (own / "report.out").exists()


def test_a_fault_of_ours_is_3_without_locals(checkout: Path, tmp_path: Path) -> None:
    broken = "import sys, dashboard.cli as cli; cli.read_config = lambda *_: {}['secret']; sys.argv = ['candor', 'audit']; cli.main()"
    done = subprocess.run([sys.executable, "-c", broken], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert only_a_sentence(done) == "candor: this is a fault in Candor: KeyError: 'secret' (CANDOR_DEBUG=1 shows where)"


def test_ctrl_c_is_130(checkout: Path, tmp_path: Path) -> None:
    waiting = "import sys, time, dashboard.cli as cli; cli.read_config = lambda *_: (print('here', flush=True), time.sleep(60)); "
    waiting += "sys.argv = ['candor', 'audit']; cli.main()"
    process = subprocess.Popen([sys.executable, "-c", waiting], cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said


def test_a_reader_that_leaves_is_0(candor: Run, audited: Path, checkout: Path) -> None:
    sql = "select repeat('x', 1000) as x from range(20000)"
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard.cli", "query", sql],
        cwd=audited, env=os.environ | {"PYTHONPATH": str(checkout)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process.stderr:
        said = process.stderr.read()
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in said
    assert "Broken" not in said
