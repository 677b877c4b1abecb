"""A run as JSON, and its way through the warehouse and a published snapshot."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.defaults import DEFAULTS
from audits.evidence import Evidence
from audits.examine import examine
from audits.finding import COLUMNS, AuditRun, Failure, PolicyChange
from audits.record import last_policy, load, store
from audits.run import card_of
from audits.run_json import to_json
from connectors import partitions
from connectors.config import Config, WarehouseConfig
from connectors.errors import CandorError, UsageError
from connectors.published import open_published, publish
from connectors.warehouse import open_warehouse

CREATED = dt.datetime(2026, 3, 1, 12, 30, 15)


@pytest.fixture(scope="module")
def run(evidence_of: Callable[..., Evidence]) -> AuditRun:
    """Give the run of a small log, with clock, id and revision frozen."""
    draw = np.random.default_rng(1)
    rows = [
        {"sex": "FM"[i % 2], "decision": int(draw.random() < 0.5), "outcome": int(draw.random() < 0.5), "score": float(draw.random()),
         "day": i % 2, "income": float(draw.normal())}
        for i in range(200)
    ]  # fmt: skip
    evidence = evidence_of(rows, protected=("sex",), owner="risk@example.org", label_delay=dt.timedelta(days=14))
    return run_of("r1", evidence)


def run_of(name: str, evidence: Evidence, *, minute: int = 0) -> AuditRun:
    """Wrap the examination of evidence as a run."""
    each = examine(evidence, DEFAULTS, card=card_of(evidence, "1d", CREATED))
    return AuditRun(
        id=name, format=1, created=CREATED + dt.timedelta(minutes=minute), code_revision="abc", policy="sha256:1", data="sha256:2",
        bins="sha256:3", runs=[each],
    )  # fmt: skip


def config(folder: Path) -> Config:
    """Make a configuration with a warehouse in a folder."""
    return Config(path=folder / "candor.toml", folder=folder, version=1, warehouse=WarehouseConfig(path=folder / "w.duckdb"), models={})


def test_json_is_as_the_contract_says(run: AuditRun) -> None:
    """Keys, types and the shape of one finding; times end in Z; JSON without NaN."""
    found = to_json(run)
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    assert list(found) == ["format", "id", "created", "code_revision", "policy", "data", "bins", "policy_changes", "runs"]
    assert found["created"] == "2026-03-01T12:30:15Z"
    model = found["runs"][0]
    assert {"model", "task", "reference", "coverage", "findings", "errors"} <= set(model)
    assert {"start", "end", "n"} <= set(model["reference"])
    assert {"available", "used", "quarantined", "duplicate"} <= set(model["coverage"])
    ratio = next(
        f for f in model["findings"] if f["name"] == "impact_ratio" and f["slice"] and f["slice"] != f["reference_slice"]
        and f["estimate"]["value"] is not None
    )  # fmt: skip
    assert set(ratio) == {
        "name", "unit", "version", "slice", "reference_slice", "attribute", "column", "window", "estimate", "p_value", "q_value", "people",
        "tables", "threshold", "verdict", "reason",
    }  # fmt: skip
    assert ratio["slice"].keys() == ratio["reference_slice"].keys() == {"sex"}
    assert ratio["attribute"] == "sex"
    assert set(ratio["window"]) == {"start", "end", "first_row", "last_row", "partial"}
    assert ratio["window"]["start"] == "2026-01-01T00:00:00Z"
    assert set(ratio["estimate"]) == {"value", "low", "high", "n", "method"}
    assert isinstance(ratio["estimate"]["n"], int)
    assert set(ratio["threshold"]) == {"min", "max", "severity", "rationale", "source", "since", "until"}
    assert (ratio["threshold"]["min"], ratio["threshold"]["max"], ratio["threshold"]["severity"]) == (0.8, None, "page")
    accuracy = next(f for f in model["findings"] if f["name"] == "accuracy")
    assert accuracy["slice"] == {}
    assert accuracy["threshold"] is accuracy["verdict"] is accuracy["reference_slice"] is None


def test_json_has_every_finding_in_order(run: AuditRun) -> None:
    """One entry per row of the table, whole period and windows alike."""
    table = run.runs[0].findings
    found = to_json(run)["runs"][0]["findings"]
    assert [f["name"] for f in found] == table.column("name").to_pylist()
    assert [f["estimate"]["value"] for f in found] == table.column("value").to_pylist()
    assert [f["verdict"] for f in found] == table.column("verdict").to_pylist()
    tables = [None if text is None else json.loads(text) for text in table.column("tables").to_pylist()]
    assert [f["tables"] for f in found] == tables
    assert any(tables)


def test_way_through_the_warehouse(run: AuditRun, tmp_path: Path) -> None:
    """Stored, published and loaded again, a run is the same, errors and all."""
    settings = config(tmp_path)
    with open_warehouse(settings.warehouse) as warehouse:
        partitions.prepare(warehouse)
        store(warehouse, run, {"loans": [1, 2]}, keep=20)
        publish(warehouse, settings)
    with open_published(settings) as published:
        again = load(published)
        assert load(published, "r1").id == "r1"
        with pytest.raises(UsageError, match=r'there is no run "r2"; valid are: r1'):
            load(published, "r2")
        cards = published.table("SELECT * FROM models").to_pylist()
    assert to_json(again) == to_json(run)
    assert again.runs[0].card == run.runs[0].card
    assert again.runs[0].errors == run.runs[0].errors
    assert any(isinstance(each, Failure) for each in again.runs[0].errors)
    assert cards[0]["owner"] == "risk@example.org"
    assert (cards[0]["label_delay"], cards[0]["window"], cards[0]["features"], cards[0]["reference_n"]) == ("14d", "1d", 1, 100)


def test_policy_changes_are_kept_and_published(run: AuditRun, tmp_path: Path) -> None:
    """The body of the last policy is there for the next run; a change comes back as it went in, also through JSON."""
    import dataclasses

    settings, since = config(tmp_path), dt.datetime(2026, 3, 1)
    change = PolicyChange(model="loans", name="accuracy", field="min", before=None, after="0.7", since=since)
    with open_warehouse(settings.warehouse) as warehouse:
        partitions.prepare(warehouse)
        assert last_policy(warehouse, "loans") is None
        store(warehouse, run, {}, keep=20, policies={"loans": "{}"})
        later = dataclasses.replace(run, id="r2", created=CREATED + dt.timedelta(minutes=1), policy_changes=[change])
        store(warehouse, later, {}, keep=20, policies={"loans": '{"accuracy": []}'})
        assert last_policy(warehouse, "loans") == '{"accuracy": []}'
        assert last_policy(warehouse, "cards") is None
        publish(warehouse, settings)
    with open_published(settings) as published:
        assert load(published, "r1").policy_changes == []
        assert load(published).policy_changes == [change]
        (row,) = published.table('SELECT "at", since FROM policy_changes').to_pylist()
    assert (row["at"], row["since"]) == (later.created, since)
    assert to_json(later)["policy_changes"] == [
        {"model": "loans", "name": "accuracy", "field": "min", "before": None, "after": "0.7", "since": "2026-03-01T00:00:00Z"}
    ]


def test_nothing_published_yet(tmp_path: Path, run: AuditRun) -> None:
    """A snapshot without any run says what to do."""
    settings = config(tmp_path)
    with open_warehouse(settings.warehouse) as warehouse:
        partitions.prepare(warehouse)
        store(warehouse, run, {}, keep=20)
        warehouse.connection.execute("DELETE FROM candor.runs")
        publish(warehouse, settings)
    with open_published(settings) as published, pytest.raises(CandorError, match='run "candor audit" first'):
        load(published)


def test_tallies_of_forgotten_runs_are_dropped(run: AuditRun, evidence_of: Callable[..., Evidence], tmp_path: Path) -> None:
    """Of three runs the last two are kept: the tally that only the first names goes, and nothing else."""
    evidence = evidence_of([{"decision": 1}, {"decision": 0}])
    with open_warehouse(config(tmp_path).warehouse) as warehouse:
        partitions.prepare(warehouse)
        for number in (1, 2, 3, 4):
            sql = "INSERT INTO candor.tallies VALUES (?, 'loans', 0, 'prediction', 'b', 0, now()::TIMESTAMP)"
            warehouse.connection.execute(sql, [number])
        kept: list[list[int]] = []
        for minute, named in enumerate(([1, 2], [2, 3], [3, 4])):
            store(warehouse, run_of(f"r{minute}", evidence, minute=minute), {"loans": named}, keep=2)
            rows = warehouse.connection.execute("SELECT tally FROM candor.tallies ORDER BY tally").fetchall()
            kept.append([int(row[0]) for row in rows])
            if minute == 0:
                assert kept[0] == [1, 2]
                warehouse.connection.execute(
                    "INSERT INTO candor.tallies SELECT n, 'loans', 0, 'prediction', 'b', 0, now()::TIMESTAMP FROM (VALUES (3), (4)) v(n)"
                )
    assert kept[1] == [1, 2, 3]
    assert kept[2] == [2, 3]


def test_a_failed_store_leaves_nothing(run: AuditRun, tmp_path: Path) -> None:
    """All or nothing: a findings table of the wrong shape undoes the rows before it."""
    import dataclasses

    broken = dataclasses.replace(run.runs[0], findings=pa.table({"name": ["x"]}))
    with open_warehouse(config(tmp_path).warehouse) as warehouse:
        partitions.prepare(warehouse)
        store(warehouse, run, {}, keep=20)
        import duckdb

        with pytest.raises(duckdb.Error):
            store(warehouse, dataclasses.replace(run, id="bad", runs=[broken]), {}, keep=20)
        rows = warehouse.connection.execute("SELECT run FROM candor.runs").fetchall()
    assert rows == [("r1",)]


def test_json_of_many_findings_is_fast(run: AuditRun) -> None:
    """50,000 findings in well under two seconds of processor time."""
    import dataclasses

    table = run.runs[0].findings
    many = pa.concat_tables([table] * (50_000 // table.num_rows + 1)).slice(0, 50_000)
    big = dataclasses.replace(run, runs=[dataclasses.replace(run.runs[0], findings=many)])
    start = time.process_time()
    found: dict[str, Any] = to_json(big)
    assert len(found["runs"][0]["findings"]) == 50_000
    assert time.process_time() - start < 2.0
    assert tuple(many.column_names) == COLUMNS
