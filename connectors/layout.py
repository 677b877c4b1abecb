"""Row numbers and partitions: which rows are the reference and which bucket a row falls in; made again when the configuration changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.columns import moment, source_column
from connectors.config import ModelConfig
from connectors.errors import CandorError, UsageError, nearest
from connectors.schema import BATCH, LINE, OWN_PREFIX, PARTITION, ROW, TIME, columns_of, one, quote, table

if TYPE_CHECKING:
    import duckdb

    from connectors.warehouse import Warehouse

MOST_WINDOWS = 60
DEFAULT_ROWS = "5000 rows"
CHUNK = 2_000_000


def resolve_window(warehouse: Warehouse, model: ModelConfig) -> str:
    """The window that a model is audited by: its own, or the smallest of 1h, 1d, 1w, 1mo with at most 60 windows.

    Without a clock it is "5000 rows"; before any analysed row it is "1d".
    """
    if model.window is not None:
        return model.window
    if model.columns.time is None:
        return DEFAULT_ROWS
    if not columns_of(warehouse.connection, model.name, "predictions"):
        return "1d"
    span = one(
        warehouse.connection.execute(
            f"SELECT min({quote(TIME)}), max({quote(TIME)}) FROM {table(model.name, 'predictions')}"
            f" WHERE {quote(PARTITION)} IN (SELECT partition FROM candor.partitions WHERE model = ? AND NOT reference)",
            [model.name],
        )
    )
    return window_for(*span) if span is not None and span[0] is not None else "1d"


def window_for(start: datetime, end: datetime) -> str:
    """The smallest calendar window that cuts [start, end] into at most 60.

    Example
    -------
    >>> window_for(datetime(2026, 1, 1), datetime(2026, 1, 31))
    '1d'
    """
    hours = (end.replace(minute=0, second=0, microsecond=0) - start.replace(minute=0, second=0, microsecond=0)).total_seconds() / 3600
    days = (end.date() - start.date()).days
    weeks = (days + start.weekday()) // 7
    for name, count in (("1h", hours), ("1d", days), ("1w", weeks)):
        if count < MOST_WINDOWS:
            return name
    return "1mo"


def unit_of(window: str) -> str:
    """What a window's partitions are made of: "hour", "day" or "5000 rows"."""
    return {"1h": "hour", "1d": "day", "1w": "day", "1mo": "day"}.get(window, window)


def bucket_sql(unit: str, row: str, time: str) -> str:
    """SQL: a row's bucket from its number or its time."""
    if unit in {"hour", "day"}:
        return f"date_diff('{unit}', TIMESTAMP '1970-01-01', {time})"
    return f"({row} // {int(unit.removesuffix(' rows'))})"


def fingerprint(model: ModelConfig, unit: str) -> str:
    """Everything that row numbers and partitions depend on, as JSON."""
    reference = model.reference
    return json.dumps(
        {
            "id": model.columns.id,
            "outcome": model.columns.outcome,
            "time": model.columns.time,
            "version": model.columns.version,
            "until": reference.until.isoformat() if reference and reference.until else None,
            "rows": reference.rows if reference else None,
            "reference_version": reference.version if reference else None,
            "sources": sorted(source.name for source in model.sources if source.rows == "reference"),
            "unit": unit,
        },
        sort_keys=True,
    )


def stored_layout(connection: duckdb.DuckDBPyConnection, model: str) -> tuple[str, str] | None:
    """(fingerprint, bucket unit) of a model's present numbering; None before its first row."""
    row = one(connection.execute("SELECT fingerprint, bucket_unit FROM candor.layouts WHERE model = ?", [model]))
    return None if row is None else (str(row[0]), str(row[1]))


def record_layout(connection: duckdb.DuckDBPyConnection, model: ModelConfig, unit: str, *, stale: bool = False) -> None:
    """Write down what the numbering was made for; a stale one is made again by the next `relayout`."""
    connection.execute("DELETE FROM candor.layouts WHERE model = ?", [model.name])
    connection.execute("INSERT INTO candor.layouts VALUES (?, ?, ?)", [model.name, "" if stale else fingerprint(model, unit), unit])


def check_identity(connection: duckdb.DuckDBPyConnection, model: ModelConfig, where: str) -> None:
    """Refuse a change of configuration that the stored log cannot follow.

    Raises
    ------
    UsageError
        The id or the outcome column is another one than when the log was stored, or the name differs only in case from a stored one.
    """
    folded = "SELECT model FROM candor.layouts WHERE lower(model) = ? AND model <> ?"
    twin = one(connection.execute(folded, [model.name.lower(), model.name]))
    if twin is not None:
        raise UsageError(f'{where}: the model "{model.name}" differs only in case from "{twin[0]}" in the warehouse; write it as there')
    found = stored_layout(connection, model.name)
    if found is None or not found[0]:
        return
    before = json.loads(found[0])
    for role in ("id", "outcome"):
        now = getattr(model.columns, role)
        if before[role] != now and not (role == "outcome" and before[role] is None):
            raise UsageError(
                f"{where}: models.{model.name}.columns.{role} is {_shown(now)}, but the stored log was matched by {_shown(before[role])};"
                f" change it back, or give the model a new name and ingest again"
            )


def _shown(name: str | None) -> str:
    return "not mapped" if name is None else f'"{name}"'


def number(connection: duckdb.DuckDBPyConnection, model: ModelConfig, unit: str, *, reference_source: bool) -> int:
    """Number the accepted rows of `candor_stage` into `candor_numbered` and give each its partition; returns how many there are.

    `candor_stage` has line, version, time and problem; `candor_repeats` the lines that are duplicates. New partitions are added, all
    touched ones get dirty.
    """
    reference = model.reference
    base = {False: 0, True: 0}
    for flag, rows in connection.execute(
        "SELECT reference, sum(rows) FROM candor.partitions WHERE model = ? GROUP BY reference", [model.name]
    ).fetchall():
        base[bool(flag)] = int(rows)
    parameters: list[object] = []
    flag_sql = "TRUE" if reference_source else "FALSE"
    if not reference_source and reference is not None:
        if reference.until is not None:
            flag_sql, parameters = 'coalesce("time" < CAST(? AS TIMESTAMP), FALSE)', [reference.until.replace(tzinfo=None)]
        elif reference.version is not None:
            flag_sql, parameters = "version IS NOT DISTINCT FROM ?", [reference.version]
        elif reference.rows is not None:
            flag_sql = f"row_number() OVER (ORDER BY line) <= {max(reference.rows - base[True], 0)}"
    connection.execute(
        f'CREATE OR REPLACE TEMP TABLE candor_flagged AS SELECT line, version, "time", {flag_sql} AS reference FROM candor_stage'
        " WHERE problem IS NULL AND line NOT IN (SELECT line FROM candor_repeats)",
        parameters,
    )
    row = f"(row_number() OVER (PARTITION BY reference ORDER BY line) - 1 + CASE WHEN reference THEN {base[True]} ELSE {base[False]} END)"
    connection.execute(
        f'CREATE OR REPLACE TEMP TABLE candor_numbered AS SELECT line, version, reference, "row",'
        f" {bucket_sql(unit, chr(34) + 'row' + chr(34), chr(34) + 'time' + chr(34))} AS bucket"
        f' FROM (SELECT *, {row} AS "row" FROM candor_flagged)'
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE candor_fresh AS SELECT version, bucket, reference, count(*) AS rows FROM candor_numbered GROUP BY ALL"
    )
    same = "p.model = ? AND p.version IS NOT DISTINCT FROM f.version AND p.bucket = f.bucket AND p.reference = f.reference"
    connection.execute(
        "INSERT INTO candor.partitions SELECT ?,"
        " (SELECT coalesce(max(partition), -1) FROM candor.partitions WHERE model = ?)"
        " + row_number() OVER (ORDER BY f.reference DESC, f.bucket, f.version),"
        " f.version, f.bucket, f.reference, 0, TRUE, TRUE, NULL, NULL FROM candor_fresh f"
        f" WHERE NOT EXISTS (SELECT 1 FROM candor.partitions p WHERE {same})",
        [model.name, model.name, model.name],
    )
    connection.execute(
        "UPDATE candor.partitions AS p SET rows = p.rows + f.rows, prediction_dirty = TRUE, outcome_dirty = TRUE"
        f" FROM candor_fresh f WHERE {same}",
        [model.name],
    )
    connection.execute("DROP TABLE candor_flagged")
    count = one(connection.execute("SELECT count(*) FROM candor_numbered"))
    return 0 if count is None else int(count[0])


NUMBERED = (
    '(SELECT n.line, n."row", p.partition FROM candor_numbered n JOIN candor.partitions p'
    " ON p.model = ? AND p.version IS NOT DISTINCT FROM n.version AND p.bucket = n.bucket AND p.reference = n.reference)"
)


def relayout(warehouse: Warehouse, model: ModelConfig) -> bool:
    """Renumber and rebucket a model's log when the configuration asks for another layout; true when there was something to do.

    Afterwards every partition is dirty and has no tally. One transaction; 2 million rows at a time.
    """
    connection = warehouse.connection
    found = stored_layout(connection, model.name)
    if found is None:
        return False
    unit = unit_of(resolve_window(warehouse, model))
    if found == (fingerprint(model, unit), unit):
        return False
    with warehouse.transaction():
        _rebuild(connection, model, unit)
        record_layout(connection, model, unit)
    return True


def _rebuild(connection: duckdb.DuckDBPyConnection, model: ModelConfig, unit: str) -> None:
    columns = columns_of(connection, model.name, "predictions")
    time = "CAST(NULL AS TIMESTAMP)"
    if model.columns.time is not None:
        time = moment(model.columns.time, _kept_type(columns, model, "time", model.columns.time))
    version = "CAST(NULL AS VARCHAR)"
    if model.columns.version is not None and _kept_type(columns, model, "version", model.columns.version):
        version = f"CAST({source_column(model.columns.version)} AS VARCHAR)"
    before = _rows(connection, model, f"s WHERE {time} IS NOT NULL" if model.columns.time is not None else "")
    if before != (total := _rows(connection, model)):
        raise UsageError(
            f'models.{model.name}.columns.time is "{model.columns.time}", but {total - before:,} of the {total:,} stored rows hold no time'
            " there; change it back, or give the model a new name and ingest again"
        )
    kept = [c for c in columns if c not in {ROW, PARTITION, TIME}]
    old, new = table(model.name, "predictions"), table(model.name, "predictions_next")
    connection.execute(f"CREATE TABLE {new} AS SELECT * FROM {old} LIMIT 0")
    connection.execute("DELETE FROM candor.partitions WHERE model = ?", [model.name])
    connection.execute("CREATE OR REPLACE TEMP TABLE candor_repeats (line BIGINT)")
    references = {source.name for source in model.sources if source.rows == "reference"}
    extents = connection.execute(
        f"SELECT p.{quote(BATCH)}, min(p.{quote(LINE)}), max(p.{quote(LINE)}),"
        f" (SELECT any_value(source) FROM candor.ledger l WHERE l.batch = p.{quote(BATCH)})"
        f" FROM {old} p GROUP BY 1 ORDER BY 1"
    ).fetchall()
    for batch, first, last, source in extents:
        for start in range(first, last + 1, CHUNK):
            where = f"s.{quote(BATCH)} = {int(batch)} AND s.{quote(LINE)} BETWEEN {start} AND {start + CHUNK - 1}"
            connection.execute(
                f'CREATE OR REPLACE TEMP TABLE candor_stage AS SELECT {quote(LINE)} AS line, {version} AS version, {time} AS "time",'
                f" CAST(NULL AS INTEGER) AS problem FROM {old} s WHERE {where}"
            )
            number(connection, model, unit, reference_source=source in references)
            connection.execute(
                f'INSERT INTO {new} BY NAME SELECT {", ".join(map(source_column, kept))}, {time} AS {quote(TIME)}, n."row" AS {quote(ROW)},'
                f" n.partition AS {quote(PARTITION)} FROM {old} s JOIN {NUMBERED} n ON s.{quote(LINE)} = n.line WHERE {where}",
                [model.name],
            )
    connection.execute(f"DROP TABLE {old}")
    connection.execute(f"ALTER TABLE {new} RENAME TO predictions")
    if (after := _rows(connection, model)) != before:
        raise CandorError(f"{model.name}: numbering {before:,} rows again would have kept {after:,} of them; nothing was changed")


def _kept_type(columns: Mapping[str, str], model: ModelConfig, role: str, column: str) -> str:
    """The stored type of a column that the numbering rests on.

    Raises
    ------
    UsageError
        The stored log has no such column.
    """
    if column not in columns:
        raise UsageError(
            f'models.{model.name}.columns.{role} is "{column}", but the stored log has no such column;'
            f" {nearest(column, [name for name in columns if not name.startswith(OWN_PREFIX)])}"
        )
    return columns[column]


def _rows(connection: duckdb.DuckDBPyConnection, model: ModelConfig, rest: str = "") -> int:
    row = one(connection.execute(f"SELECT count(*) FROM {table(model.name, 'predictions')} {rest}"))
    return 0 if row is None else int(row[0])
