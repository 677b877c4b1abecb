"""Snapshots and actions: whole or absent, never half; readers keep what they opened."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from connectors.actions import Event, add_event, events
from connectors.errors import CandorError, UsageError
from connectors.published import folder_of, open_published, publish
from connectors.warehouse import open_warehouse
from tests.connectors.world import HEADER, World, csv_rows


def test_nothing_published_yet(world: World) -> None:
    with pytest.raises(CandorError, match='nothing has been published yet; run "candor audit"'):
        open_published(world.config)


def test_a_snapshot_has_the_small_tables_and_never_the_log(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1]) + "2,x,0.5,1,1\n3,y,0.5,1,1\nbroken\n")
    world.ingest()
    with open_warehouse(world.config.warehouse) as warehouse:
        path = publish(warehouse, world.config)
        kept = open_published(world.config)
        for _ in range(4):
            publish(warehouse, world.config)
    assert path.name == "1.duckdb"
    files = sorted(entry.name for entry in folder_of(world.config).iterdir())
    assert files == ["3.duckdb", "4.duckdb", "5.duckdb", "CURRENT"]
    assert kept.table("SELECT received FROM ledger").to_pylist() == [{"received": 4}]  # an old reader is not disturbed
    kept.close()
    with open_published(world.config) as published:
        assert published.path.name == "5.duckdb"
        assert published.names() == ["ledger", "quarantine", "quarantine_reasons"]
        reasons = published.table('SELECT reason, "column", "rows" FROM quarantine_reasons').to_pylist()
        assert reasons == [
            {"reason": 'column "at" is not a time', "column": "at", "rows": 2},
            {"reason": "1 value where the header has 5", "column": None, "rows": 1},
        ]
        found = published.table("SELECT line FROM quarantine WHERE model = ? ORDER BY line", ["m"]).to_pylist()
        assert found == [{"line": 3}, {"line": 4}, {"line": 5}]


@pytest.mark.parametrize(
    "sql",
    ["FROM read_text('/etc/passwd')", "ATTACH '/tmp/x.db'", "SET enable_external_access = true", "CREATE TABLE x (a INT)",
     "COPY ledger TO '/tmp/x.csv'", "SELECT nothing FROM ledger", "SELEC 1"],
)  # fmt: skip
def test_a_snapshot_reads_nothing_but_itself(world: World, sql: str) -> None:
    world.write("log.csv", HEADER + csv_rows([1]))
    world.ingest()
    with open_warehouse(world.config.warehouse) as warehouse:
        publish(warehouse, world.config)
    with open_published(world.config) as published, pytest.raises(UsageError):
        published.table(sql)


def test_the_last_twenty_runs_and_the_last_of_each_model_are_published(world: World) -> None:
    with open_warehouse(world.config.warehouse) as warehouse:
        connection = warehouse.connection
        connection.execute("CREATE TABLE candor.runs (run VARCHAR, created TIMESTAMP)")
        connection.execute("CREATE TABLE candor.findings (run VARCHAR, value DOUBLE)")
        connection.execute("INSERT INTO candor.runs SELECT 'r' || i, TIMESTAMP '2026-01-01' + INTERVAL (i) DAY FROM range(25) t(i)")
        connection.execute("INSERT INTO candor.findings SELECT 'r' || i, i FROM range(25) t(i)")
        connection.execute(
            "CREATE TABLE candor.models AS SELECT run, CASE WHEN run IN ('r1', 'r2') THEN 'rent' ELSE 'loans' END AS model FROM candor.runs"
        )
        publish(warehouse, world.config)
    with open_published(world.config) as published:
        # the last twenty, r5 to r24, and r2: the last of a model that nothing has come in about since
        assert published.table("SELECT min(value) AS low, count(*) AS n FROM findings").to_pylist() == [{"low": 2.0, "n": 21}]
        assert published.table("SELECT count(*) AS n FROM runs").to_pylist() == [{"n": 21}]


def test_readers_never_fail_while_a_writer_publishes(world: World) -> None:
    world.write("log.csv", HEADER + csv_rows([1]))
    world.ingest()
    with open_warehouse(world.config.warehouse) as warehouse:
        publish(warehouse, world.config)
        stop = threading.Event()
        reads: list[int] = []
        failures: list[BaseException] = []

        def read() -> None:
            while not stop.is_set():
                try:
                    with open_published(world.config) as published:
                        reads.append(published.table("SELECT count(*) AS n FROM ledger").to_pylist()[0]["n"])
                except BaseException as error:  # noqa: BLE001  any failure at all is what this test looks for
                    failures.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(10):
            publish(warehouse, world.config)
        stop.set()
        reader.join()
    assert failures == []
    assert set(reads) == {1}


def test_events_in_the_order_in_which_they_happened(world: World) -> None:
    assert events(world.config, "m") == []
    add_event(world.config, "m", "release", datetime(2026, 1, 2), " v2 ")
    add_event(world.config, "m", "incident", datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), "a'b; DROP TABLE events")
    assert events(world.config, "m") == [
        Event(kind="incident", at=datetime(2026, 1, 1, 10), text="a'b; DROP TABLE events"),
        Event(kind="release", at=datetime(2026, 1, 2), text="v2"),
    ]
    assert events(world.config, "other") == []


@pytest.mark.parametrize(("model", "kind", "text"), [("m", "releas", "x"), ("n", "note", "x"), ("m", "note", " ")])
def test_events_that_are_refused(world: World, model: str, kind: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        add_event(world.config, model, kind, datetime(2026, 1, 1), text)
