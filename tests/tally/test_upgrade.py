"""A warehouse of version 1 is brought up to date and audited as if it had always been new."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audits.run import audit
from connectors import schema
from connectors.config import load
from connectors.ingest import ingest
from connectors.published import open_published
from connectors.warehouse import open_warehouse
from tests.tally.test_tasks import outcomes_of, rows_of, write

LATER = ("people", "people_low", "people_high", "threshold_source", "threshold_since", "threshold_until")
"""Columns of the findings that version 1 did not have."""


def test_an_older_warehouse_is_audited_after_the_update(tmp_path: Path) -> None:
    frame = rows_of("binary")
    write(tmp_path / "w", "binary", frame)
    outcomes_of(frame).to_parquet(tmp_path / "w" / "outcomes-1.parquet")
    config = load(tmp_path / "w" / "candor.toml")
    ingest(config)
    before = audit(config)
    with open_warehouse(config.warehouse) as warehouse:
        for column in LATER:
            warehouse.connection.execute(f"ALTER TABLE candor.findings DROP COLUMN {column}")
        for table in ("tally_weighted", "policies", "policy_changes"):
            warehouse.connection.execute(f"DROP TABLE candor.{table}")
        warehouse.connection.execute("ALTER TABLE candor.tally_outcome DROP COLUMN unit")
        warehouse.connection.execute("UPDATE candor.meta SET value = '1' WHERE key = 'schema_version'")
    after = audit(config)
    old, new = (pa.table(run.runs[0].findings).filter(pc.field("name") != "freshness").to_pydict() for run in (before, after))
    for column in ("name", "slice", "window_start", "n", "verdict", "reason"):
        assert new[column] == old[column]
    assert new["value"] == [value if value is None else pytest.approx(value, rel=1e-9, abs=1e-12) for value in old["value"]]
    with open_published(config) as published:
        assert published.table("SELECT count(DISTINCT run) AS n FROM findings").column("n")[0].as_py() == 2
    with open_warehouse(config.warehouse) as warehouse:
        assert schema.version_of(warehouse.connection) == schema.SCHEMA_VERSION
