"""Names and types of the warehouse's tables, their version, and the steps from one version to the next."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from connectors.errors import CandorError

if TYPE_CHECKING:
    import duckdb

SCHEMA_VERSION = 3
TYPES = ("BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "TIMESTAMP")
OWN_PREFIX = "candor:"
MAX_COLUMNS = 5_000
MAX_NAME = 200
_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # they make a name display as another

ROW, PARTITION, BATCH, LINE = "candor:row", "candor:partition", "candor:batch", "candor:line"
KEY, TIME, NONFINITE = "candor:key", "candor:time", "candor:nonfinite"

# What ingest remembers of each batch beside its rows; see `arrivals.py`.
_ARRIVALS = (
    """CREATE TABLE IF NOT EXISTS candor.arrivals (model VARCHAR, batch INTEGER, hour BIGINT, rows BIGINT, times BIGINT, future BIGINT,
        waited DOUBLE, first_time TIMESTAMP, last_time TIMESTAMP, first_key VARCHAR, last_key VARCHAR)""",
    "CREATE TABLE IF NOT EXISTS candor.shapes (model VARCHAR, batch INTEGER, rows BIGINT, columns VARCHAR)",
    """CREATE TABLE IF NOT EXISTS candor.mixed (model VARCHAR, batch INTEGER, "column" VARCHAR, "values" BIGINT, numbers BIGINT)""",
)

_BOOKKEEPING = (
    "CREATE SCHEMA IF NOT EXISTS candor",
    "CREATE TABLE candor.meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
    """CREATE TABLE candor.ledger (batch INTEGER, model VARCHAR, source VARCHAR, path VARCHAR, kind VARCHAR, content VARCHAR,
        size BIGINT, modified BIGINT, first_line BIGINT, next_line BIGINT, complete BOOLEAN, received BIGINT, accepted BIGINT,
        duplicate BIGINT, quarantined BIGINT, outcomes BIGINT, committed TIMESTAMP)""",
    """CREATE TABLE candor.quarantine (batch INTEGER, model VARCHAR, source VARCHAR, path VARCHAR, line BIGINT, "column" VARCHAR,
        reason VARCHAR, "row" VARCHAR)""",
    """CREATE TABLE candor.partitions (model VARCHAR, partition INTEGER, version VARCHAR, bucket BIGINT, reference BOOLEAN,
        rows BIGINT, prediction_dirty BOOLEAN, outcome_dirty BOOLEAN, prediction_tally BIGINT, outcome_tally BIGINT)""",
    "CREATE TABLE candor.layouts (model VARCHAR, fingerprint VARCHAR, bucket_unit VARCHAR)",
    *_ARRIVALS,
)

# One entry per step: MIGRATIONS[0] leads from version 1 to version 2, and so on. Tables that only an audit makes (`create_tables`)
# may not exist yet, so a step alters them with ALTER TABLE IF EXISTS candor.models ADD COLUMN IF NOT EXISTS ...
MIGRATIONS: tuple[Sequence[str], ...] = (
    (  # tallies hold more from version 2 on: they are derived, so they are dropped and counted again
        *(f"DROP TABLE IF EXISTS candor.tally_{name}" for name in ("outcome", "coarse", "margin", "bins", "moments", "maturity", "probe")),
        "DROP TABLE IF EXISTS candor.tallies",
        "DROP TABLE IF EXISTS candor.run_tallies",
        "UPDATE candor.partitions SET prediction_dirty = TRUE, outcome_dirty = TRUE, prediction_tally = NULL, outcome_tally = NULL",
        *(f"ALTER TABLE IF EXISTS candor.findings ADD COLUMN IF NOT EXISTS people{end} DOUBLE" for end in ("", "_low", "_high")),
        "ALTER TABLE IF EXISTS candor.findings ADD COLUMN IF NOT EXISTS threshold_source VARCHAR",
        *(f"ALTER TABLE IF EXISTS candor.findings ADD COLUMN IF NOT EXISTS threshold_{end} TIMESTAMP" for end in ("since", "until")),
    ),
    _ARRIVALS,  # batches from before version 3 have nothing remembered: measures that ask say so
)


def quote(name: str) -> str:
    """An SQL identifier for any name: the only place in Candor that builds one.

    Example
    -------
    >>> print(quote('a "b" c'))
    "a ""b"" c"
    """
    if "\x00" in name:
        raise CandorError(f"the name {name!r} contains a NUL character")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string for a text that cannot be a bound parameter, such as a name inside a list of names."""
    return "'" + text.replace("'", "''") + "'"


def quoted(names: Iterable[str]) -> str:
    """Several identifiers, separated by commas."""
    return ", ".join(quote(name) for name in names)


def check_name(name: str) -> str | None:
    """What is wrong with a column name, as the end of a sentence; None when nothing is.

    Right-to-left letters, quotes and spaces are welcome. Control characters and the invisible marks that make a
    name display as another one are not.
    """
    if not name:
        return "is empty"
    if len(name) > MAX_NAME:
        return f"is longer than {MAX_NAME} characters"
    if name.startswith(OWN_PREFIX):
        return f'starts with "{OWN_PREFIX}", which is reserved'
    bad = next((c for c in name if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c in _OVERRIDES), None)
    if bad is not None:
        label = "a NUL character" if bad == "\x00" else f"the control character U+{ord(bad):04X}"
        return f"contains {label}"
    return None


def model_schema(model: str) -> str:
    """The schema that holds one model's log."""
    return f"model:{model}"


def table(model: str, name: str) -> str:
    """A model's table as a quoted, qualified identifier: `"model:loans"."predictions"`."""
    return f"{quote(model_schema(model))}.{quote(name)}"


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the bookkeeping tables, or bring an older warehouse to this version, in one transaction.

    Raises
    ------
    CandorError
        The warehouse was written by a newer Candor.
    """
    found = version_of(connection)
    if found == SCHEMA_VERSION:
        return
    if found is not None and found > SCHEMA_VERSION:
        raise CandorError(f"the warehouse has schema version {found}, this Candor knows {SCHEMA_VERSION}; update Candor to open it")
    connection.execute("BEGIN")
    try:
        steps = _BOOKKEEPING if found is None else [sql for step in MIGRATIONS[found - 1 :] for sql in step]
        for sql in steps:
            connection.execute(sql)
        connection.execute("INSERT OR REPLACE INTO candor.meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def create_tables(connection: duckdb.DuckDBPyConnection, statements: Iterable[str]) -> None:
    """Create tables of the schema `candor` where they are absent; one that is there must have the columns asked for.

    Raises
    ------
    CandorError
        A table lacks a column: the file was written while Candor was being made.
    """
    for sql in statements:
        connection.execute(sql)
    found: dict[str, set[str]] = {}
    for name, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'candor' AND NOT internal"
    ).fetchall():
        found.setdefault(str(name), set()).add(str(column))
    for name, columns in columns_asked_for(statements).items():
        lacking = [column for column in columns if column not in found[name]]
        if lacking:
            raise CandorError(
                f'the warehouse was written by another version of Candor: its table candor.{name} has no column "{lacking[0]}";'
                " move the file away and ingest again"
            )


def columns_asked_for(statements: Iterable[str]) -> dict[str, list[str]]:
    """Table -> columns, as CREATE TABLE statements for the schema `candor` name them.

    Example
    -------
    >>> columns_asked_for(['CREATE TABLE IF NOT EXISTS candor.t (a VARCHAR, "b" BIGINT[])', "CREATE SEQUENCE candor.s"])
    {'t': ['a', 'b']}
    """
    tables = (re.match(r"CREATE TABLE IF NOT EXISTS candor\.(\w+) ", sql) for sql in statements)
    return {match[1]: re.findall(r'[(,]\s*"?(\w+)"?\s+[A-Z]', match.string) for match in tables if match is not None}


def version_of(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The schema version of an open warehouse; None for an empty file."""
    known = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'candor' AND table_name = 'meta' AND NOT temporary"
    row = one(connection.execute(known))
    if row is None or not row[0]:
        return None
    found = one(connection.execute("SELECT value FROM candor.meta WHERE key = 'schema_version'"))
    return None if found is None else int(found[0])


def one(result: duckdb.DuckDBPyConnection) -> tuple[Any, ...] | None:
    """The first row of a result, read to its end: a result left open blocks the connection."""
    rows = result.fetchall()
    return rows[0] if rows else None


def columns_of(connection: duckdb.DuckDBPyConnection, model: str, name: str) -> dict[str, str]:
    """Column -> type of a model's table in its order; empty when the table does not exist."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? ORDER BY column_index",
        [model_schema(model), name],
    ).fetchall()
    return {str(column): str(kind) for column, kind in rows}
