"""What the command line says of itself, how soon, and that its examples are commands that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from dashboard import cli

COMMANDS = (
    "demo", "init", "ingest", "audit", "report", "evidently", "serve", "watch", "replay", "drill", "rollback", "explain", "query", "event",
    "doctor", "alerts",
)  # fmt: skip
ALERTS = ("list", "show", "acknowledge", "silence", "unsilence", "resolve", "test")
TYPED = (*((name,) for name in COMMANDS[:-1]), *(("alerts", name) for name in ALERTS))
HEAVY = ("duckdb", "ibis", "numpy", "pandas", "plotly", "pyarrow", "pydantic", "rich", "scipy", "sklearn", "streamlit")


def test_help_answers_before_anyone_waits(checkout: Path) -> None:
    took = []
    for _ in range(7):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "dashboard.cli", "--help"], cwd=checkout, capture_output=True, check=True)
        took.append(time.perf_counter() - started)
    assert min(took) < 0.4


def test_help_imports_nothing_heavy(checkout: Path) -> None:
    asked = "import sys, dashboard.cli; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    said = subprocess.run([sys.executable, "-c", asked], cwd=checkout, capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in said
    assert not set(HEAVY) & set(said)


def test_the_commands_are_those_of_the_contract() -> None:
    said = CliRunner().invoke(cli.app, ["--help"]).stdout
    assert tuple(re.findall(r"^  ([a-z]+)  ", said.split("Commands:")[1], re.MULTILINE)) == COMMANDS


@pytest.mark.parametrize("command", TYPED, ids=" ".join)
def test_examples_are_commands_that_parse(command: tuple[str, ...]) -> None:
    said = CliRunner().invoke(cli.app, [*command, "--help"])
    assert said.exit_code == 0
    examples = re.findall(r"^    (candor .*?)(?: >.*)?$", said.stdout, re.MULTILINE)
    assert examples
    for example in examples:
        words = shlex.split(example)
        assert tuple(words[1 : len(command) + 1]) == command
        chosen: Any = typer.main.get_command(cli.app)
        for name in command:
            chosen = chosen.commands[name]
        chosen.make_context(" ".join(command), words[len(command) + 1 :])  # raises where an option does not exist


def test_nothing_typed_is_a_question() -> None:
    said = CliRunner().invoke(cli.app, [])
    assert said.exit_code == 2
    assert "candor demo" in said.output
