"""What ingest remembers of each batch beside its rows: when rows came against when they were made, the columns, and mixed types.

It is written in the transaction that stores the rows, from tables that ingest has made anyway, so it costs no second reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.columns import stored_type
from connectors.schema import literal

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from connectors.base import Scan
    from connectors.columns import Profile

GRACE = "INTERVAL 5 MINUTES"
"""How far ahead a clock may be before its rows count as dated in the future."""

FEW_ROWS = 100
"""A stretch without a header that has fewer rows says nothing about columns that it lacks."""

KINDS: Mapping[str, str] = {"BIGINT": "number", "DOUBLE": "number", "BOOLEAN": "boolean", "TIMESTAMP": "time", "VARCHAR": "text"}

TABLES = ("arrivals", "shapes", "mixed")
"""Arrivals: accepted rows of a batch by the hour of their time (null without a clock), how many distinct times they carry, how many were
dated in the future, the seconds they waited, and the least and greatest identity. Shapes: the kind of every column that a batch brought.
Mixed: text columns of which some values are numbers."""


def rows_arrived(connection: duckdb.DuckDBPyConnection, model: str, batch: int, now: datetime, *, identified: bool) -> None:
    """Remember the accepted rows of `candor_stage`: those without a problem that are not in `candor_repeats`."""
    moment = f"TIMESTAMP {literal(now.strftime('%Y-%m-%d %H:%M:%S'))}"
    keys = 'CAST(min("key") AS VARCHAR), CAST(max("key") AS VARCHAR)' if identified else "NULL, NULL"
    connection.execute(
        "INSERT INTO candor.arrivals"
        f" SELECT ?, ?, date_diff('hour', TIMESTAMP '1970-01-01', \"time\"), count(*), count(DISTINCT \"time\"),"
        f' count(*) FILTER ("time" > {moment} + {GRACE}), sum(epoch({moment}) - epoch("time")), min("time"), max("time"), {keys}'
        " FROM candor_stage WHERE problem IS NULL AND line NOT IN (SELECT line FROM candor_repeats) GROUP BY 3",
        [model, batch],
    )


def outcomes_arrived(connection: duckdb.DuckDBPyConnection, model: str, batch: int) -> None:
    """Remember the outcomes of `candor_new`, by the hour in which they became known."""
    connection.execute(
        "INSERT INTO candor.arrivals"
        " SELECT ?, ?, date_diff('hour', TIMESTAMP '1970-01-01', outcome_time), count(*), NULL, NULL, NULL, min(outcome_time),"
        " max(outcome_time), NULL, NULL FROM candor_new GROUP BY 3",
        [model, batch],
    )


def columns_arrived(
    connection: duckdb.DuckDBPyConnection, model: str, batch: int, scan: Scan, targets: Mapping[str, tuple[str, str]],
    profiles: Mapping[str, Profile], *, header: bool,
) -> None:  # fmt: skip
    """Remember the kind of each column of a scan, and text columns that some numbers are in.

    A typed source says its kinds itself; text is of the kind it is stored as, except where JSON marks it as text.
    """
    kinds: dict[str, Any] = {}
    for column, (source, target) in targets.items():
        of_text = "VARCHAR" if column in scan.strings else target
        kinds[column] = KINDS[of_text if scan.text else stored_type(source)]
    if not header and scan.rows < FEW_ROWS:
        kinds[""] = "more"
    shape = json.dumps(kinds, sort_keys=True, ensure_ascii=False)
    connection.execute("INSERT INTO candor.shapes VALUES (?, ?, ?, ?)", [model, batch, scan.rows, shape])
    mixed = [(c, p.values, p.numbers) for c, p in profiles.items() if c in targets and targets[c][1] == "VARCHAR" and p.numbers > 0]
    if mixed:
        connection.executemany("INSERT INTO candor.mixed VALUES (?, ?, ?, ?, ?)", [[model, batch, *each] for each in mixed])


def forget(connection: duckdb.DuckDBPyConnection, numbers: str) -> None:
    """Take back what was remembered of batches, listed with commas."""
    for name in TABLES:
        connection.execute(f"DELETE FROM candor.{name} WHERE batch IN ({numbers})")
