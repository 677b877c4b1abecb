"""Snapshots for readers: small tables copied into a new file, then one pointer switched; no reader ever opens a file that is written to."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.config import Config
from connectors.errors import CandorError, UsageError
from connectors.schema import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

    from connectors.warehouse import Warehouse

KEPT_FILES = 3
KEPT_RUNS = 20
KEPT_QUARANTINE = 1_000

RETAINED_RUNS = f"""SELECT run FROM (SELECT run FROM candor.runs ORDER BY created DESC, run DESC LIMIT {KEPT_RUNS})
UNION SELECT arg_max(r.run, (r.created, r.run)) FROM candor.runs r JOIN candor.models m USING (run) GROUP BY m.model, r.created::DATE"""
"""Runs whose findings stay: the last ones, and the last of each day for each model."""

_LAST_RUNS = f"""SELECT run FROM (SELECT run FROM candor.runs ORDER BY created DESC, run DESC LIMIT {KEPT_RUNS})
UNION SELECT arg_max(r.run, (r.created, r.run)) FROM candor.runs r JOIN candor.models m USING (run) GROUP BY m.model"""
"""Runs that readers see: the last ones, and the last of each model."""

_TABLES: dict[str, tuple[str, str]] = {  # published name -> (table that must exist, query)
    "runs": ("runs", f"SELECT * FROM candor.runs WHERE run IN ({_LAST_RUNS}) ORDER BY created, run"),
    "models": ("models", f"SELECT * FROM candor.models WHERE run IN ({_LAST_RUNS})"),
    "findings": ("findings", f"SELECT * FROM candor.findings WHERE run IN ({_LAST_RUNS})"),
    "signals": ("signals", f"SELECT * FROM candor.signals WHERE run IN ({_LAST_RUNS})"),
    "causes": ("causes", f"SELECT * FROM candor.causes WHERE run IN ({_LAST_RUNS})"),
    "errors": ("errors", f"SELECT * FROM candor.errors WHERE run IN ({_LAST_RUNS})"),
    "policy_changes": ("policy_changes", "SELECT * FROM candor.policy_changes ORDER BY ALL"),
    "probes": ("probes", "SELECT * FROM candor.probes ORDER BY model, name"),
    "ledger": ("ledger", "SELECT * FROM candor.ledger ORDER BY batch"),
    "quarantine": (
        "quarantine",
        (
            "SELECT * FROM candor.quarantine "
            f"QUALIFY row_number() OVER (PARTITION BY model ORDER BY batch DESC, line DESC) <= {KEPT_QUARANTINE} ORDER BY batch, line"
        ),
    ),
    # The value that was found is taken out, so that a thousand wrong values of one column are one reason.
    "quarantine_reasons": (
        "quarantine",
        (
            "SELECT model, source, regexp_replace(reason, '(?s): ''.*'' is ', ' is ') AS reason, \"column\", count(*) AS \"rows\""
            ' FROM candor.quarantine GROUP BY ALL ORDER BY model, "rows" DESC, source, reason'
        ),
    ),
}


def folder_of(config: Config) -> Path:
    """Where a warehouse's snapshots are."""
    return config.warehouse.path.with_suffix(".published")


def publish(warehouse: Warehouse, config: Config) -> Path:
    """Copy the published tables into a new file, make it durable, point CURRENT at it, and drop all but the last three.

    Raises
    ------
    CandorError
        Called inside a transaction, or the folder cannot be written.
    """
    folder = folder_of(config)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = max((n for n, _ in _snapshots(folder)), default=0) + 1
        target = folder / f"{number}.duckdb"
        _write(warehouse, target)
        _sync(target)
        pointer = folder / "CURRENT.next"
        pointer.write_text(f"{target.name}\n", encoding="ascii")
        _sync(pointer)
        pointer.replace(folder / "CURRENT")
        _sync(folder)
        for _, old in sorted(_snapshots(folder))[:-KEPT_FILES]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise CandorError(f"{folder}: the snapshot cannot be written ({error.strerror or error})") from None
    return target


def _write(warehouse: Warehouse, target: Path) -> None:
    import duckdb

    present = {str(row[0]) for row in warehouse.connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'candor' AND NOT temporary"
    ).fetchall()}  # fmt: skip
    for leftover in (target, target.with_name(target.name + ".wal")):
        leftover.unlink(missing_ok=True)
    copy = duckdb.connect(str(target), config={"memory_limit": "200MB", "threads": 1})
    try:
        for name, (needs, query) in _TABLES.items():
            if needs not in present:
                continue
            rows = warehouse.connection.sql(query).to_arrow_table()
            copy.register("candor_rows", rows)
            copy.execute(f"CREATE TABLE {quote(name)} AS SELECT * FROM candor_rows")
            copy.unregister("candor_rows")
        copy.execute("CHECKPOINT")
    except duckdb.Error as error:
        raise CandorError(f"{target}: the snapshot cannot be written ({str(error).splitlines()[0][:200]})") from None
    finally:
        copy.close()


def _snapshots(folder: Path) -> list[tuple[int, Path]]:
    found = ((re.fullmatch(r"(\d+)\.duckdb", entry.name), entry) for entry in folder.iterdir())
    return [(int(match[1]), entry) for match, entry in found if match is not None]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Published:
    """One snapshot, read-only, without access to anything but itself."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def table(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        """The rows of one query; may be called from several threads.

        Raises
        ------
        UsageError
            The SQL is wrong, or asks for something outside the snapshot.
        """
        import duckdb

        cursor = self._connection.cursor()
        try:
            found = cursor.sql(sql, params=list(params)) if params else cursor.sql(sql)
            if found is None:
                raise UsageError("only queries that return rows can be asked of the published tables")
            return found.to_arrow_table()
        except duckdb.Error as error:
            raise UsageError(f"{str(error).splitlines()[0][:300]}; published tables: {', '.join(self.names())}") from None
        finally:
            cursor.close()

    def names(self) -> list[str]:
        """The published tables' names."""
        cursor = self._connection.cursor()
        rows = cursor.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1").fetchall()
        cursor.close()
        return [str(row[0]) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Published:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_published(config: Config) -> Published:
    """Open the newest snapshot.

    Raises
    ------
    CandorError
        Nothing has been published yet.
    """
    import duckdb

    folder = folder_of(config)
    for _ in range(5):  # a slow reader may find the file gone, never half-written
        try:
            path = folder / (folder / "CURRENT").read_text(encoding="ascii").strip()
        except OSError:
            break
        if not path.is_file():
            continue
        with suppress(duckdb.IOException):
            connection = duckdb.connect(
                str(path),
                read_only=True,
                config={"memory_limit": "400MB", "autoinstall_known_extensions": False, "autoload_known_extensions": False},
            )
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            return Published(connection, path)
    raise CandorError(f'{folder}: nothing has been published yet; run "candor audit" first')
