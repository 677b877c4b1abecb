"""The only file that opens DuckDB or Spark: locks, memory, transactions, and the two engines that run tallies."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from connectors import schema
from connectors.config import WarehouseConfig
from connectors.errors import CandorError, UsageError

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pyarrow as pa
    from pyspark.sql import SparkSession

PYTHON_BYTES = 350_000_000
LEAST_BYTES = 200_000_000
LOCK_SECONDS = 30.0
CATALOG = "warehouse"


class Engine(Protocol):
    """What a tally needs of a database: tables in, Ibis expressions run, small Arrow tables out."""

    name: str

    def table(self, schema: str, name: str) -> ir.Table:
        """The table `schema.name` as an Ibis expression."""

    def hold(self, expr: ir.Table) -> ir.Table:
        """Compute an expression once and keep the rows until `release`."""

    def release(self) -> None:
        """Drop everything that `hold` kept."""

    def execute(self, expr: ir.Expr) -> pa.Table:
        """Run an expression and bring its rows back."""


class DuckDBEngine:
    """Tallies on the embedded database."""

    name = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        import ibis

        self._backend: Any = ibis.duckdb.from_connection(connection)
        self._connection = connection
        self._held: list[str] = []
        self._number = 0

    def table(self, schema: str, name: str) -> ir.Table:
        """The table `schema.name` as an Ibis expression."""
        found: ir.Table = self._backend.table(name, database=(CATALOG, schema))  # alone, a name with a dot would be taken for two
        return found

    def hold(self, expr: ir.Table) -> ir.Table:
        """Compute an expression once into a temporary table."""
        name = f"candor_held_{self._number}"
        self._number += 1
        self._connection.execute(f"CREATE TEMP TABLE {schema.quote(name)} AS {self._backend.compile(expr)}")
        self._held.append(name)
        found: ir.Table = self._backend.table(name, database=("temp", "main"))
        return found

    def release(self) -> None:
        """Drop the temporary tables."""
        while self._held:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.main.{schema.quote(self._held.pop())}")

    def execute(self, expr: ir.Expr) -> pa.Table:
        """Run an expression and bring its rows back."""
        return self._connection.sql(self._backend.compile(expr)).to_arrow_table()


class SparkEngine:
    """Tallies on Spark, over Parquet tables where they lie."""

    name = "spark"

    def __init__(self, session: SparkSession, tables: Mapping[str, str | Path]) -> None:
        import ibis

        self._session = session
        self._backend: Any = ibis.pyspark.connect(session)
        self._views: dict[str, str] = {}
        self._held: list[tuple[str, Any]] = []
        self._number = 0
        for position, (name, path) in enumerate(tables.items()):
            view = f"candor_table_{position}"
            session.read.parquet(str(path)).createOrReplaceTempView(view)
            self._views[name] = view

    def table(self, schema: str, name: str) -> ir.Table:
        """The table given as "schema.name" (or plain "name") when the engine was made."""
        key = f"{schema}.{name}" if f"{schema}.{name}" in self._views else name
        if key not in self._views:
            raise CandorError(f'Spark has no table "{schema}.{name}"; it has {", ".join(self._views) or "none"}')
        found: ir.Table = self._backend.table(self._views[key])
        return found

    def hold(self, expr: ir.Table) -> ir.Table:
        """Cache an expression's rows under a view of their own."""
        name = f"candor_held_{self._number}"
        self._number += 1
        frame = self._session.sql(str(self._backend.compile(expr))).cache()
        frame.createOrReplaceTempView(name)
        self._held.append((name, frame))
        found: ir.Table = self._backend.table(name)
        return found

    def release(self) -> None:
        """Uncache and drop the held views."""
        while self._held:
            name, frame = self._held.pop()
            frame.unpersist()
            self._session.catalog.dropTempView(name)

    def execute(self, expr: ir.Expr) -> pa.Table:
        """Run an expression and bring its rows back."""
        found: pa.Table = self._backend.to_pyarrow(expr)
        return found


def spark_engine(master: str, tables: Mapping[str, str | Path]) -> SparkEngine:
    """Start (or join) a Spark session and register Parquet tables, keyed "schema.name" -> path.

    Raises
    ------
    CandorError
        pyspark or Java is absent.
    """
    try:
        from pyspark.sql import SparkSession

        session = (
            SparkSession.builder.master(master)
            .appName("candor")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate()
        )
    except ImportError:
        raise CandorError('engine = "spark" needs the extra "spark"; install it, or use engine = "duckdb"') from None
    except Exception as error:  # noqa: BLE001  pyspark raises bare and Java errors of every class
        raise CandorError(f'Spark at "{master}" did not start ({_first_line(error)}); check that Java 17 or later is installed') from None
    return SparkEngine(session, tables)


class Warehouse:
    """An open warehouse; made by `open_warehouse` only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, *, write: bool) -> None:
        self.connection = connection
        self.path = path
        self.write = write
        self._engine: DuckDBEngine | None = None
        self._inside = False

    @property
    def engine(self) -> Engine:
        """The tally engine over this warehouse; importing Ibis takes a second, so it is made when first asked for."""
        if self._engine is None:
            self._engine = DuckDBEngine(self.connection)
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commits at the end, rolls back on any exception, Ctrl-C included. May be nested: the outer one decides."""
        if self._inside:
            yield
            return
        self.connection.execute("BEGIN")
        self._inside = True
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._inside = False

    def _roll_back(self) -> None:
        import duckdb

        with suppress(duckdb.Error):  # a failed COMMIT has rolled back already
            self.connection.execute("ROLLBACK")

    def read(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        """The rows of a query as one Arrow table."""
        return self.connection.sql(sql, params=list(params)).to_arrow_table()


@contextmanager
def open_warehouse(config: WarehouseConfig, *, write: bool = True, patience: float = LOCK_SECONDS) -> Iterator[Warehouse]:
    """Open the warehouse; `write` creates it when absent, prepares its tables and keeps other processes out.

    Raises
    ------
    CandorError
        Another process holds it for longer than `patience` seconds (the sentence names its PID), it cannot be written,
        it is absent (without `write`), or the disk is full; also for such an error inside the block.
    """
    import duckdb

    if not write and not config.path.exists():
        raise CandorError(f'{config.path}: there is no warehouse yet; run "candor ingest" first')
    if write and not config.path.parent.is_dir():
        raise CandorError(f"{config.path}: the folder {config.path.parent} does not exist; create it or change warehouse.path")
    if config.path.is_dir():
        raise UsageError(f'{config.path}: is a folder; name a file in warehouse.path, such as "candor.duckdb"')
    connection = _connect(config, write=write, patience=patience)
    try:
        with _sentences(config.path):
            if write:
                schema.prepare(connection)
            elif schema.version_of(connection) != schema.SCHEMA_VERSION:
                raise CandorError(f'{config.path}: is empty or of another version; run "candor ingest" first')
            yield Warehouse(connection, config.path, write=write)
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # how DuckDB reports Ctrl-C
            raise KeyboardInterrupt from None
        raise
    finally:
        with suppress(duckdb.Error):  # after a full disk: the log of changes is replayed at the next opening
            connection.close()


def _connect(config: WarehouseConfig, *, write: bool, patience: float) -> duckdb.DuckDBPyConnection:
    import duckdb

    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{max(config.memory_bytes - PYTHON_BYTES, LEAST_BYTES) // 1_000_000}MB",
        "temp_directory": f"{config.path}.tmp",
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    until = time.monotonic() + patience
    pause = 0.05
    while True:
        try:
            # Attached under a name of our own: a file called candor.duckdb would make the schema "candor" ambiguous.
            connection = duckdb.connect(":memory:", config=options)
            attach = "ATTACH '{}' AS {}{}".format(str(config.path).replace("'", "''"), CATALOG, "" if write else " (READ_ONLY)")
            connection.execute(attach)
            connection.execute(f"USE {CATALOG}.main")
            connection.execute("SET enable_progress_bar = false")
            connection.execute("SET TimeZone = 'UTC'")
            return connection
        except duckdb.Error as error:
            held = re.search(r"PID (\d+)", str(error))
            locked = "could not set lock on file" in str(error).lower() or "already attached" in str(error)
            if not locked:
                raise CandorError(sentence(config.path, error)) from None
            if time.monotonic() >= until:
                holder = f"process {held[1]}" if held else "another process"
                raise CandorError(f"{config.path}: {holder} is using the warehouse; wait for it to finish, then try again") from None
            time.sleep(pause)
            pause = min(pause * 2, 1.0)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise CandorError(sentence(path, error)) from error
    except OSError as error:
        raise CandorError(f"{error.filename or path}: {error.strerror or error}") from error


def sentence(path: Path, error: Exception) -> str:
    """One sentence for a database error, with what to do about it."""
    text = str(error)
    low = text.lower()
    if "no space left" in low or "max_temp_directory_size" in low or "enospc" in low or "disk quota" in low:
        return f"{path}: the disk is full, nothing half-done was stored; free some space and run the command again"
    if "permission denied" in low or "read-only" in low:
        return f"{path}: cannot be written (permission denied); change its permissions or warehouse.path"
    if "not a valid duckdb database" in low or "different magic" in low:
        return f"{path}: is not a DuckDB database; change warehouse.path or move the file away"
    if "out of memory" in low or "memory limit" in low or "could not allocate" in low:
        return f"{path}: the memory limit is too small for this step; raise warehouse.memory_limit"
    return f"{path}: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
