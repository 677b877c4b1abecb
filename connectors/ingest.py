"""Bring new rows in: rows, quarantined rows, offset and ledger row commit together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors import arrivals, layout
from connectors.base import Batch, Connector, Cursor, Scan, connector
from connectors.config import Config, ModelConfig
from connectors.errors import CandorError, UsageError
from connectors.favorable import check_favorable
from connectors.layout import relayout, resolve_window
from connectors.schema import BATCH, columns_of, one, quote, table
from connectors.store import Counts, Store
from connectors.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    import duckdb

COMMIT_ROWS = 1_000_000

__all__ = ["LedgerRow", "ingest", "relayout", "resolve_window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What one batch brought; received = accepted + duplicate + quarantined."""

    batch: int
    model: str
    source: str
    path: str
    kind: str
    content: str
    size: int
    modified: int
    first_line: int
    next_line: int
    complete: bool
    received: int
    accepted: int
    duplicate: int
    quarantined: int
    outcomes: int
    committed: datetime


def silent(message: str) -> None:
    """Report progress to nobody."""


def ingest(config: Config, models: Sequence[str] | None = None, *, progress: Callable[[str], None] = silent) -> list[LedgerRow]:
    """Read everything new from the sources of the given models (default: all) and return the ledger rows that were written.

    A file that was read before is skipped; one that was read in part is continued; a changed one is read again from its first line.

    Raises
    ------
    UsageError
        A file, a column or a source kind that the configuration names does not exist. Nothing has been stored then.
    CandorError
        A source, the lock or the disk failed. What was committed before stays; the next run goes on from there.
    """
    chosen = [config.model(name) for name in models] if models else list(config.models.values())
    plans = [(model, _batches(config, model)) for model in chosen]
    for model, batches in plans:
        if not batches and (models or not any(found for _, found in plans)):
            raise UsageError(f"{config.path}: models.{model.name} has no sources; write a [[models.{model.name}.sources]] section")
    written: dict[int, LedgerRow] = {}
    with open_warehouse(config.warehouse) as warehouse, ThreadPoolExecutor(max_workers=1) as pool:
        for model, batches in plans:
            layout.check_identity(warehouse.connection, model, str(config.path))
            if relayout(warehouse, model):
                progress(f"{model.name}: numbered again for the changed configuration")
            run = _Run(warehouse, config, model, pool, progress)
            for row in run.all(batches):
                written[row.batch] = row
            if relayout(warehouse, model):
                progress(f"{model.name}: numbered again")
        for model, _ in plans:
            check_favorable(warehouse, model, str(config.path))
    return list(written.values())


def _batches(config: Config, model: ModelConfig) -> list[Batch]:
    """Open every source first: a missing file or column must be found before anything is stored."""
    made: list[Connector] = [connector(config, model, source) for source in model.sources]
    return [batch for one in made for batch in one.batches()]


class _Run:
    """One model's part of an ingest run."""

    def __init__(
        self, warehouse: Warehouse, config: Config, model: ModelConfig, pool: ThreadPoolExecutor, progress: Callable[[str], None]
    ) -> None:
        self._warehouse, self._config, self._model, self._pool, self._progress = warehouse, config, model, pool, progress
        self._alone = False
        self._connection: duckdb.DuckDBPyConnection = warehouse.connection

    def all(self, batches: Sequence[Batch]) -> Iterator[LedgerRow]:
        """Store batch after batch, several small ones to a transaction."""
        self._alone = len(batches) == 1
        steps = (step for batch in batches for step in self._steps(batch))
        more = True
        while more:
            done: list[LedgerRow] = []
            more = False
            with self._warehouse.transaction():
                rows = 0
                for step in steps:
                    row = step()
                    if row is None:
                        continue
                    done.append(row)
                    rows += row.received
                    if rows >= COMMIT_ROWS:
                        more = True
                        break
            for row in done:
                self._report(row)
                yield row

    def _report(self, row: LedgerRow) -> None:
        bad = f", {row.duplicate:,} duplicate, {row.quarantined:,} quarantined" if row.duplicate or row.quarantined else ""
        self._progress(f"{row.model}: {row.path}: {row.received:,} received, {row.accepted:,} accepted{bad}")

    def _steps(self, batch: Batch) -> Iterator[Callable[[], LedgerRow | None]]:
        """The pieces of work that one batch needs; each is called inside a transaction and must be done before the next is asked for."""
        cursor = self._cursor(batch)
        if cursor is not None and cursor.complete and (cursor.size, cursor.modified) == (batch.size, batch.modified):
            return
        content: Future[str] = self._pool.submit(batch.content)
        if cursor is not None:
            if cursor.content == content.result():
                if cursor.complete:
                    yield lambda: self._touch(batch, cursor)
                    return
                yield from self._read(batch, content, cursor.batch, cursor.next_line, replaces=False)
                return
        else:
            moved = self._moved(batch, content)
            if moved is not None:
                yield lambda: self._rename(batch, moved)
                return
        number = self._next_batch()
        yield from self._read(batch, content, number, None, replaces=cursor is not None and self._model.columns.id is None)

    def _read(
        self, batch: Batch, content: Future[str], number: int, first_line: int | None, *, replaces: bool
    ) -> Iterator[Callable[[], LedgerRow | None]]:
        store = Store(self._connection, self._config, self._model, datetime.now(UTC).replace(tzinfo=None), alone=self._alone)
        fresh = first_line is None
        for scan in batch.scans(self._connection, first_line):

            def step(scan: Scan = scan, fresh: bool = fresh) -> LedgerRow:
                if fresh and replaces:
                    self._forget(batch)
                counts = store.store(scan, batch, number)
                batch.check_unchanged()
                return self._record(batch, content.result(), number, scan, counts, fresh=fresh)

            yield step
            fresh = False

    # -- the ledger

    def _cursor(self, batch: Batch) -> Cursor | None:
        row = one(
            self._connection.execute(
                "SELECT batch, content, size, modified, next_line, complete FROM candor.ledger"
                " WHERE model = ? AND source = ? AND path = ? ORDER BY batch DESC LIMIT 1",
                [self._model.name, batch.source, batch.path],
            )
        )
        if row is None:
            return None
        return Cursor(batch=row[0], content=row[1], size=row[2], modified=row[3], next_line=row[4], complete=row[5])

    def _next_batch(self) -> int:
        row = one(self._connection.execute("SELECT coalesce(max(batch), 0) + 1 FROM candor.ledger"))
        return 1 if row is None else int(row[0])

    def _touch(self, batch: Batch, cursor: Cursor) -> None:
        """The same content with another time stamp: remember the stamp, so that the next run need not read the file."""
        self._connection.execute(
            "UPDATE candor.ledger SET size = ?, modified = ? WHERE batch = ?", [batch.size, batch.modified, cursor.batch]
        )

    def _moved(self, batch: Batch, content: Future[str]) -> int | None:
        """The batch of a file that was wholly read under another name and is no longer there: this is that file, renamed."""
        rows = self._connection.execute(
            "SELECT batch, content, path FROM candor.ledger WHERE model = ? AND source = ? AND kind = ? AND size = ? AND complete",
            [self._model.name, batch.source, batch.rows, batch.size],
        ).fetchall()
        gone = [(number, known) for number, known, path in rows if not (self._config.folder / path).exists()]
        return next((int(number) for number, known in gone if known == content.result()), None)

    def _rename(self, batch: Batch, number: int) -> None:
        self._connection.execute("UPDATE candor.ledger SET path = ?, modified = ? WHERE batch = ?", [batch.path, batch.modified, number])

    def _record(self, batch: Batch, content: str, number: int, scan: Scan, counts: Counts, *, fresh: bool) -> LedgerRow:
        moment = datetime.now(UTC).replace(tzinfo=None)
        tallies = [counts.received, counts.accepted, counts.duplicate, counts.quarantined, counts.outcomes]
        if counts.received != counts.accepted + counts.duplicate + counts.quarantined:
            raise CandorError(f"{batch.path}: the ledger does not add up ({counts}); nothing of this part was stored")
        if fresh:
            self._connection.execute(
                "INSERT INTO candor.ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    number, self._model.name, batch.source, batch.path, batch.rows, content, batch.size, batch.modified,
                    scan.first_line, scan.next_line, scan.complete, *tallies, moment,
                ],
            )  # fmt: skip
        else:
            self._connection.execute(
                "UPDATE candor.ledger SET size = ?, modified = ?, next_line = ?, complete = ?, received = received + ?,"
                " accepted = accepted + ?, duplicate = duplicate + ?, quarantined = quarantined + ?, outcomes = outcomes + ?,"
                " committed = ? WHERE batch = ?",
                [batch.size, batch.modified, scan.next_line, scan.complete, *tallies, moment, number],
            )
        row = one(self._connection.execute("SELECT * FROM candor.ledger WHERE batch = ?", [number]))
        names = LedgerRow.__slots__
        return LedgerRow(**dict(zip(names, row or (), strict=True)))

    def _forget(self, batch: Batch) -> None:
        """Take back the rows of a file's earlier versions: without ids they cannot be told from its new ones."""
        known = self._connection.execute(
            "SELECT batch FROM candor.ledger WHERE model = ? AND source = ? AND path = ?", [self._model.name, batch.source, batch.path]
        ).fetchall()
        numbers = ", ".join(str(int(row[0])) for row in known)
        for name in ("predictions", "outcomes"):
            if columns_of(self._connection, self._model.name, name):
                self._connection.execute(f"DELETE FROM {table(self._model.name, name)} WHERE {quote(BATCH)} IN ({numbers})")
        self._connection.execute(f"DELETE FROM candor.quarantine WHERE batch IN ({numbers})")
        self._connection.execute(f"DELETE FROM candor.ledger WHERE batch IN ({numbers})")
        arrivals.forget(self._connection, numbers)
        found = layout.stored_layout(self._connection, self._model.name)
        if found is not None:
            layout.record_layout(self._connection, self._model, found[1], stale=True)
