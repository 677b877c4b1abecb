"""Each planted fault of the simulated lender is found where it was planted, and the same world without them is quiet."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audits.run import audit
from connectors.config import load
from connectors.ingest import LedgerRow, ingest
from connectors.simulated.lending import BAD_ROWS, DUPLICATES, World, world

Row = dict[str, Any]


@dataclass(frozen=True)
class Audited:
    """A world, its ledger and its findings."""

    made: World
    ledger: list[LedgerRow]
    rows: list[Row]

    def failing(self, *, whole: bool) -> list[Row]:
        return [row for row in self.rows if row["verdict"] == "fail" and row["whole"] == whole]


def examined(folder: Path, *, faults: bool) -> Audited:
    made = world(folder, faults=faults)
    config = load(made.config)
    ledger = ingest(config)
    (run,) = audit(config).runs
    assert not [failure for failure in run.errors if failure.error]
    return Audited(made=made, ledger=ledger, rows=run.findings.to_pylist())


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return examined(tmp_path_factory.mktemp("audited") / "faulty", faults=True)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return examined(tmp_path_factory.mktemp("audited") / "sound", faults=False)


def women_to_men(audited: Audited) -> list[Row]:
    picked = [row for row in audited.rows if row["name"] == "impact_ratio" and row["attribute"] == "sex" and row["version"] is None]
    return [row for row in picked if json.loads(row["slice"]) == {"sex": "Female"} and not row["whole"]]


def judged(rows: Iterable[Row]) -> dict[dt.datetime, str]:
    return {row["window_start"]: row["verdict"] for row in rows}


def test_the_ledger_adds_up(faulty: Audited, sound: Audited) -> None:
    for audited in (faulty, sound):
        assert all(row.received == row.accepted + row.duplicate + row.quarantined for row in audited.ledger)
    # An impossible time, a number that is none, and no id are refused; NaN is stored as null and flagged.
    assert sum(row.quarantined for row in faulty.ledger) == 3 * BAD_ROWS
    assert {row.path.rpartition(".")[2] for row in faulty.ledger if row.quarantined} == {"gz"}
    assert sum(row.duplicate for row in faulty.ledger) == DUPLICATES
    assert sum(row.quarantined + row.duplicate for row in sound.ledger) == 0


def test_the_approval_gap_opens_with_the_release(faulty: Audited, sound: Audited) -> None:
    release = faulty.made.release.replace(tzinfo=None)
    by_window = judged(women_to_men(faulty))
    assert len(by_window) == 9
    assert {verdict for start, verdict in by_window.items() if start < release} <= {"pass", None}
    assert {verdict for start, verdict in by_window.items() if start >= release} == {"fail"}
    assert set(judged(women_to_men(sound)).values()) <= {"pass", None}


def test_income_alone_drifts_and_from_its_day_on(faulty: Audited, sound: Audited) -> None:
    drift = [row for row in faulty.failing(whole=False) if row["name"] == "population_stability_index"]
    assert {row["column"] for row in drift} == {"income"}
    starts = {row["window_start"] for row in drift}
    begins = faulty.made.drift_from.replace(tzinfo=None)
    weeks = {row["window_start"] for row in faulty.rows if row["name"] == "population_stability_index" and not row["whole"]}
    assert {start for start in weeks if start >= begins} <= starts
    assert min(starts) >= begins - dt.timedelta(days=7)
    # What the model makes of a lower income follows from it; no other feature of the log has moved.
    moved = {row["column"] for row in faulty.failing(whole=True) if row["column"] is not None}
    assert "income" in moved
    assert moved <= {"income", "probability", "approved"}
    assert not [row for row in sound.failing(whole=False) + sound.failing(whole=True) if row["column"] is not None]


def test_the_young_are_found_where_the_world_changed(faulty: Audited, sound: Audited) -> None:
    """Their scores promise too much from a week after the release on, and not before; nobody else's do."""
    changed = faulty.made.release.replace(tzinfo=None) + dt.timedelta(days=7)

    def gaps(audited: Audited) -> list[Row]:
        rows = [row for row in audited.failing(whole=False) if row["name"] == "calibration_gap"]
        return [row for row in rows if row["attribute"] in ("age", "race", "sex")]

    found = [row for row in gaps(faulty) if row["attribute"] != "sex"]
    assert {json.loads(row["slice"])["age"] for row in found} == {"<25"}
    assert min(row["window_start"] for row in found) == changed
    assert not gaps(sound)


def test_whatever_fails_is_about_women_the_young_or_income(faulty: Audited) -> None:
    for row in faulty.failing(whole=True):
        about = row["attribute"] or ""
        assert "sex" in about or "age" in about or row["column"] in ("income", "probability", "approved"), row


def test_the_world_without_faults_is_quiet(sound: Audited) -> None:
    assert sound.failing(whole=True) == []
    single = [row for row in sound.failing(whole=False) if row["attribute"] in ("sex", "race", "age", None)]
    assert single == []


def test_the_last_weeks_have_no_outcomes(faulty: Audited) -> None:
    end = faulty.made.end.replace(tzinfo=None)
    measured = [row for row in faulty.rows if row["name"] == "accuracy" and not row["whole"]]
    late = [row for row in measured if row["window_start"] >= end - dt.timedelta(days=11)]
    assert late
    assert all(row["value"] is None and row["reason"] for row in late)
