"""What ingest remembers of a log of text files: columns that come and go, mixed types, clocks, gateways, failures, leaks, two sources."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audits.evidence import Evidence
from audits.gather import gather
from audits.ledger import Ledger
from connectors import arrivals
from connectors.config import load
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse
from tests.faults.world import clock_at, failed

DAYS, FIRST, ROWS = 9, 5, 120
NOW = dt.datetime(2026, 5, 9, 22)

TOML = """version = 1
[models.m]
title = "M"
window = "1d"
[models.m.alerts]
gateway = "gateway.csv"
[models.m.reference]
until = 2026-05-04
[models.m.columns]
id = "id"
time = "at"
decision = "decision"
outcome = "outcome"
error = "status"
[[models.m.sources]]
kind = "file"
name = "web"
path = "web-*.csv"
[[models.m.sources]]
kind = "file"
name = "shop"
path = "shop-*.csv"
"""


def write(folder: Path, *, faults: bool) -> None:
    """Write nine days of two sources from 1 May 2026 on; with faults on the last four."""
    draw = np.random.default_rng(1)
    number = 0
    for day in range(DAYS):
        late = faults and day >= FIRST
        for source in ("web", "shop"):
            if late and source == "shop":
                continue
            names = ["id", "at", "x", "code", "echo", "decision", "outcome", "status"]
            lines = [",".join([*(n for n in names if not (late and n == "code")), *(["extra"] if late else [])])]
            for _ in range(ROWS):
                number += 1
                hour = 22 + 2 * draw.random() if late and day == DAYS - 1 else 24 * draw.random()  # a clock that runs ahead
                at = dt.datetime(2026, 5, 1 + day) + dt.timedelta(hours=min(hour, 23.99))
                at = at.replace(minute=0, second=0, microsecond=0) if late else at.replace(microsecond=0)
                truth = int(draw.random() < 0.5)
                x = "many" if late and draw.random() < 0.1 else f"{draw.normal():.3f}"
                status = 500 if late and draw.random() < 0.2 else 200
                echo = truth if draw.random() > 0.01 else 1 - truth
                row = {"id": number, "at": at.isoformat(), "x": x, "code": str(draw.choice(["a", "b"])), "echo": echo,
                       "decision": int(draw.random() < 0.5), "outcome": truth, "status": status, "extra": "new"}  # fmt: skip
                lines.append(",".join(str(row[name]) for name in lines[0].split(",")))
            (folder / f"{source}-{day:02}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    served = [2 * ROWS + 50 * (faults and day >= FIRST) for day in range(DAYS)]
    text = "".join(f"2026-05-{day + 1:02},{n}\n" for day, n in enumerate(served))
    (folder / "gateway.csv").write_text("time,count\n" + text, encoding="utf-8")


def taken_in(folder: Path, *, faults: bool) -> Evidence:
    """Write, take in and gather."""
    write(folder, faults=faults)
    (folder / "candor.toml").write_text(TOML, encoding="utf-8")
    config = load(folder / "candor.toml")
    with clock_at(NOW if faults else NOW + dt.timedelta(hours=3)):
        ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        return replace(gather(warehouse, config.model("m"), progress=lambda _: None), clock=NOW + dt.timedelta(hours=3))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Give the evidence of the log with faults."""
    return taken_in(tmp_path_factory.mktemp("faulty"), faults=True)


def test_everything_that_was_planted_fails(faulty: Evidence) -> None:
    assert failed(faulty) == {
        "schema_change", "format_change", "mixed_types", "quarantine_rate", "clock_skew", "duplicated_timestamps", "source_gone",
        "prediction_count_mismatch", "error_rate", "leakage_suspect", "missing_rate", "unseen_category_rate",
    }  # fmt: skip


def test_without_faults_only_the_leak_and_the_gateway_speak(tmp_path: Path) -> None:
    """The column that repeats the outcome is there from the first day on."""
    assert failed(taken_in(tmp_path, faults=False)) == {"leakage_suspect"}


def test_a_figure_says_in_words_what_changed(faulty: Evidence) -> None:
    from audits.quality.schema_change import schema_change

    said = {(block.column[0], str(block.reason[0])) for block in schema_change(faulty)}
    assert said == {(faulty.columns.index("code"), "it is gone"), (faulty.columns.index("extra"), "new, a text"), (-1, "")}


def test_the_ledger_adds_up(faulty: Evidence) -> None:
    ledger = faulty.ledger
    assert sum(batch.accepted for batch in ledger.batches) == int(ledger.arrivals.rows.sum())
    assert {batch.source for batch in ledger.batches} == set(ledger.sources) == {"web", "shop"}
    assert sum(ledger.errors.values()) > 50
    assert ledger.leaks["echo"].value > 0.9
    assert ledger.leaks["x"].value < 0.05


def test_a_file_that_replaces_another_takes_its_memory_along(tmp_path: Path) -> None:
    """Without identities a changed file replaces its earlier rows, and what was remembered of them."""
    (tmp_path / "candor.toml").write_text(
        'version = 1\n[models.m]\ntitle = "M"\nwindow = "1d"\n[models.m.columns]\ntime = "at"\n'
        '[[models.m.sources]]\nkind = "file"\npath = "log.csv"\n', encoding="utf-8",
    )  # fmt: skip
    config = load(tmp_path / "candor.toml")
    for values in (["1", "two", "three", "four"], ["1", "2"]):
        lines = "".join(f"2026-05-01T0{i}:00:00,{value}\n" for i, value in enumerate(values))
        (tmp_path / "log.csv").write_text("at,k\n" + lines, encoding="utf-8")
        ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        found = {name: warehouse.connection.execute(f"SELECT count(*) FROM candor.{name}").fetchall()[0][0] for name in arrivals.TABLES}
        rows = warehouse.connection.execute("SELECT sum(rows), sum(times) FROM candor.arrivals").fetchall()[0]
    assert (found, rows) == ({"arrivals": 2, "shapes": 1, "mixed": 0}, (2, 2))  # one hour each; the column is one of numbers now


def test_a_log_from_before_anything_was_remembered_has_reasons_and_no_crash(faulty: Evidence) -> None:
    bare = replace(faulty, ledger=Ledger())
    assert failed(bare) >= {"quarantine_rate", "missing_rate"}
    assert "schema_change" not in failed(bare)
