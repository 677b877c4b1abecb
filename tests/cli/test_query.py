"""`candor query`: published tables, and nothing else on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_a_table_on_stdout_and_the_count_on_stderr(candor: Run, audited: Path) -> None:
    done = candor("query", "select path, received, accepted, duplicate, quarantined from ledger", cwd=audited)
    assert done.returncode == 0
    head, rule, *rows = done.stdout.splitlines()
    assert head.split() == ["path", "received", "accepted", "duplicate", "quarantined"]
    assert set(rule) == {"-", " "}
    assert [row.split()[1:] for row in rows] == [["2000", "2000", "0", "0"]]
    assert done.stderr == "1 rows\n"


@pytest.mark.parametrize("table", ["runs", "models", "findings", "errors", "ledger", "quarantine", "quarantine_reasons"])
def test_the_tables_that_help_names_are_there(candor: Run, audited: Path, table: str) -> None:
    assert candor("query", f"select * from {table} limit 1", cwd=audited).returncode == 0


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "copy findings to 'out.csv'",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
        "delete from findings",
        "create table t as select 1",
        "drop table findings",
        "select no_such_column from findings",
        "selekt 1",
        "",
    ],
)
def test_everything_else_is_refused_with_a_sentence(candor: Run, audited: Path, sql: str) -> None:
    before = sorted(path.name for path in audited.iterdir())
    done = candor("query", sql, cwd=audited)
    assert done.returncode in (2, 3)
    assert done.stderr.startswith("candor: ")
    assert len(done.stderr.splitlines()) == 1
    assert "root:" not in done.stdout + done.stderr
    assert sorted(path.name for path in audited.iterdir()) == before
