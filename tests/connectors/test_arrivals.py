"""What ingest remembers of batches: hours, kinds of columns, optional keys, outcomes, logs without a clock; and failed requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audits.ledger import NO_CLOCK, Ledger, ledger_of
from connectors.config import load
from connectors.ingest import ingest
from connectors.warehouse import open_warehouse

Row = dict[str, Any]


def remembered(folder: Path, files: dict[str, str], columns: str, *, more: str = "") -> Ledger:
    """Take files in and give the ledger; the first kind of file brings predictions, one called outcomes the outcomes."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    sources = "".join(
        f'[[models.m.sources]]\nkind = "file"\npath = "{name}"\nrows = "{"outcomes" if name.startswith("outcomes") else "predictions"}"\n'
        for name in files
    )
    text = f'version = 1\n[models.m]\ntitle = "M"\nwindow = "1d"\n{more}\n[models.m.columns]\n{columns}\n{sources}'
    (folder / "candor.toml").write_text(text if "time" in columns else text.replace('window = "1d"', 'window = "5 rows"'), encoding="utf-8")
    config = load(folder / "candor.toml")
    ingest(config)
    with open_warehouse(config.warehouse) as warehouse:
        from audits.gather import gather

        evidence = gather(warehouse, config.model("m"), progress=lambda _: None)
        return ledger_of(warehouse, config.model("m"), evidence.bins, evidence.reference_tally.partitions)


def lines(rows: list[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_rows_are_remembered_by_hour_and_columns_by_kind(tmp_path: Path) -> None:
    text = "at,x,k,flag\n2026-01-01T00:10:00,1.5,a,true\n2026-01-01T00:10:00,2,b,false\n2026-01-01T02:00:00,3,12,true\n"
    found = remembered(tmp_path, {"log.csv": text}, 'time = "at"')
    assert found.arrivals.rows.tolist() == [2, 1]
    assert found.arrivals.times.tolist() == [1, 1]
    assert (found.arrivals.hour - found.arrivals.hour[0]).tolist() == [0, 2]
    assert found.arrivals.first_key == (None, None)
    assert found.batches[0].columns == {"at": "time", "flag": "boolean", "k": "text", "x": "number"}
    assert found.batches[0].mixed == {"k": (3, 1)}
    assert (str(found.batches[0].first), str(found.batches[0].last)) == ("2026-01-01 00:10:00", "2026-01-01 02:00:00")


def test_few_json_lines_may_have_more_keys_than_they_show(tmp_path: Path) -> None:
    rows = [{"id": i, "at": f"2026-01-01T0{i}:00:00Z", "x": i} for i in range(3)]
    found = remembered(tmp_path, {"a.jsonl": lines(rows), "b.jsonl": lines([row | {"id": 10 + row["id"], "y": "z"} for row in rows])},
                       'id = "id"\ntime = "at"')  # fmt: skip
    assert [batch.more for batch in found.batches] == [True, True]
    assert ["y" in (batch.columns or {}) for batch in found.batches] == [False, True]
    assert found.arrivals.first_key == ("0", "10", "1", "11", "2", "12")


def test_outcomes_are_remembered_by_the_time_they_became_known(tmp_path: Path) -> None:
    rows = "".join(f"{i},2026-01-01T0{i}:00:00\n" for i in range(4))
    known = "0,1,2026-01-05T00:00:00\n1,0,\n2,1,2026-01-07T00:00:00\n"
    found = remembered(tmp_path, {"log.csv": "id,at\n" + rows, "outcomes.csv": "id,paid,seen\n" + known},
                       'id = "id"\ntime = "at"\noutcome = "paid"\noutcome_time = "seen"')  # fmt: skip
    outcomes = found.batches[1]
    assert (outcomes.kind, str(outcomes.first), str(outcomes.last)) == ("outcomes", "2026-01-05 00:00:00", "2026-01-07 00:00:00")
    assert found.arrivals.rows.sum() == 4  # predictions only


def test_a_log_without_a_clock_has_one_entry_a_batch(tmp_path: Path) -> None:
    found = remembered(tmp_path, {"log.csv": "x\n" + "1\n2\n3\n4\n5\n6\n"}, "")
    assert found.arrivals.hour.tolist() == [NO_CLOCK]
    assert found.arrivals.rows.tolist() == [6]
    assert found.batches[0].first is None


@pytest.mark.parametrize(
    ("values", "failed"),
    [
        (["true", "false", "true", "", "false", "false"], 2),
        (["200", "404", "500", "302", "200", "0"], 2),
        (["0", "1", "0", "14", "0", "0"], 2),  # codes: 0 is fine, 14 is unavailable
        (["ok", "timeout", "Success", "", "none", "no route"], 2),
    ],
)
def test_what_counts_as_a_failed_request(tmp_path: Path, values: list[str], failed: int) -> None:
    rows = "".join(f"2026-01-01T0{i}:00:00,{value}\n" for i, value in enumerate(values))
    found = remembered(tmp_path, {"log.csv": "at,e\n" + rows}, 'time = "at"\nerror = "e"')
    assert sum(found.errors.values()) == failed
