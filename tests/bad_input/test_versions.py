"""Files that another version of Candor wrote: one sentence, never a half-made run."""

from __future__ import annotations

import duckdb
import pytest

from tests.bad_input.conftest import Place


@pytest.fixture
def small(place: Place) -> Place:
    """An audited log without a clock: one window."""
    place.configure(columns={"id": "id", "decision": "decision"})
    for command in ("ingest", "audit"):
        assert place.candor(command).code == 0
    return place


def change(file: object, sql: str) -> None:
    connection = duckdb.connect(":memory:")
    connection.execute(f"ATTACH '{file}' AS w")
    connection.execute(sql)
    connection.execute("DETACH w")
    connection.close()


def test_a_snapshot_that_lacks_a_column(small: Place) -> None:
    (snapshot,) = (small.folder / "candor.published").glob("*.duckdb")
    change(snapshot, "ALTER TABLE w.main.models DROP COLUMN analysed")
    done = small.candor("report", "--model", "m", "-o", "report.html")
    assert done.code == 3
    assert 'its table models has no column "analysed"); run "candor audit" to write it anew' in done.sentence
    assert not (small.folder / "report.html").exists()
    assert small.candor("audit").code == 0
    assert small.candor("report", "--model", "m", "-o", "report.html").code == 0


@pytest.mark.parametrize(("table", "column"), [("models", "analysed"), ("tally_outcome", "n")])
def test_a_warehouse_whose_table_lacks_a_column(small: Place, table: str, column: str) -> None:
    change(small.folder / "candor.duckdb", f"ALTER TABLE w.candor.{table} DROP COLUMN {column}")
    before = small.sql("SELECT count(*) FROM candor.runs")
    done = small.candor("audit")
    assert done.code == 3
    assert f'its table candor.{table} has no column "{column}"; move the file away and ingest again' in done.sentence
    assert small.sql("SELECT count(*) FROM candor.runs") == before


def test_a_newer_warehouse(small: Place) -> None:
    change(small.folder / "candor.duckdb", "UPDATE w.candor.meta SET value = '99' WHERE key = 'schema_version'")
    done = small.candor("audit")
    assert done.code == 3
    assert "schema version 99" in done.sentence
