"""What people do: events that mark every trend, looks at single predictions, and which counts have left as a report.

Kept in SQLite, which several may write at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.config import Config
from connectors.errors import CandorError, UsageError, nearest

KINDS = ("release", "incident", "data", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a model: at (UTC, naive) it was released, broke, or its data changed."""

    kind: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Somebody looked at one prediction: who, when (UTC, naive), of which model, under which id, of which version if one was named."""

    who: str
    at: datetime
    model: str
    id: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A number of rows that left in reports: `cell` stands for what it was about; the exports `first` to `last` showed it."""

    cell: int
    n: int
    first: int
    last: int


def path_of(config: Config) -> Path:
    """Where a warehouse's actions are kept."""
    return config.warehouse.path.with_suffix(".actions.sqlite")


def add_event(config: Config, model: str, kind: str, at: datetime, text: str) -> None:
    """Record an event; a time without a zone is UTC.

    Raises
    ------
    UsageError
        There is no such model or kind, or the text is empty.
    CandorError
        The file cannot be written.
    """
    config.model(model)
    if kind not in KINDS:
        raise UsageError(f'"{kind}" is not a kind of event; {nearest(kind, KINDS)}')
    if not text.strip():
        raise UsageError("the event has no text; say what happened")
    if not text.isprintable():
        raise UsageError(f"the event's text {text[:100]!r} has line breaks or characters that cannot be shown; write it in one line")
    utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    with _open(config) as connection, connection:
        connection.execute(
            "INSERT INTO events (model, kind, at, text, created) VALUES (?, ?, ?, ?, ?)",
            (model, kind, _written(utc), text.strip(), _written(datetime.now(UTC))),
        )


def events(config: Config, model: str) -> list[Event]:
    """A model's events in the order in which they happened.

    Raises
    ------
    CandorError
        The file is there and cannot be read.
    """
    if not path_of(config).exists():
        return []
    with _open(config) as connection:
        rows = connection.execute("SELECT kind, at, text FROM events WHERE model = ? ORDER BY at, rowid", (model,)).fetchall()
    return [Event(kind=kind, at=datetime.fromisoformat(at).replace(tzinfo=None), text=text) for kind, at, text in rows]


def record_view(config: Config, who: str, model: str, id: str, version: str | None = None) -> None:
    """Record that somebody looks at one prediction; to be called before it is shown.

    Raises
    ------
    UsageError
        There is no such model.
    CandorError
        The file cannot be written: then nothing is to be shown.
    """
    config.model(model)
    with _open(config) as connection, connection:
        values = (who, _written(datetime.now(UTC)), model, id, version)
        connection.execute("INSERT INTO views (who, at, model, id, version) VALUES (?, ?, ?, ?, ?)", values)


def views(config: Config, model: str, *, most: int = 100) -> list[View]:
    """Who looked at which predictions of a model, the newest first.

    Raises
    ------
    CandorError
        The file is there and cannot be read.
    """
    if not path_of(config).exists():
        return []
    sql = "SELECT who, at, model, id, version FROM views WHERE model = ? ORDER BY at DESC, rowid DESC LIMIT ?"
    with _open(config) as connection:
        rows = connection.execute(sql, (model, most)).fetchall()
    return [
        View(who=who, at=datetime.fromisoformat(at).replace(tzinfo=None), model=name, id=id, version=version)
        for who, at, name, id, version in rows
    ]


def exported(config: Config, model: str) -> list[Exported]:
    """Which numbers of rows have left in reports about a model.

    Raises
    ------
    CandorError
        The file is there and cannot be read.
    """
    if not path_of(config).exists():
        return []
    with _open(config) as connection:
        rows = connection.execute("SELECT cell, n, first, last FROM exported WHERE model = ?", (model,)).fetchall()
    return [Exported(cell=cell, n=n, first=first, last=last) for cell, n, first, last in rows]


def remember_export(config: Config, model: str, run: str, cells: Mapping[int, int]) -> None:
    """Keep the number of rows of each cell that a report about a run showed; a run that leaves twice is one export.

    Raises
    ------
    CandorError
        The file cannot be written.
    """
    with _open(config) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        known = dict(connection.execute("SELECT run, number FROM exports WHERE model = ?", (model,)).fetchall())
        number = known.get(run, max(known.values(), default=0) + 1)
        if run not in known:
            values = (model, number, run, _written(datetime.now(UTC)))
            connection.execute("INSERT INTO exports (model, number, run, created) VALUES (?, ?, ?, ?)", values)
            # A count that the export before showed too goes on for one run more.
            sql = "UPDATE exported SET last = ? WHERE model = ? AND cell = ? AND n = ? AND last = ?"
            connection.executemany(sql, [(number, model, cell, n, number - 1) for cell, n in cells.items()])
        sql = """INSERT INTO exported SELECT ?1, ?2, ?3, ?4, ?4 WHERE NOT EXISTS (
            SELECT 1 FROM exported WHERE model = ?1 AND cell = ?2 AND first <= ?4 AND last >= ?4)"""
        connection.executemany(sql, [(model, cell, n, number) for cell, n in cells.items()])


def _written(moment: datetime) -> str:
    """A time as the file keeps it: UTC, of one length, so that text sorts as time does."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


@contextmanager
def _open(config: Config) -> Iterator[sqlite3.Connection]:
    path = path_of(config)
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS events (model TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, text TEXT NOT NULL,"
                " created TEXT NOT NULL)"
            )
            connection.execute(
                "CREATE TABLE IF NOT EXISTS exports (model TEXT NOT NULL, number INTEGER NOT NULL, run TEXT NOT NULL,"
                " created TEXT NOT NULL, PRIMARY KEY (model, number))"
            )
            connection.execute(
                "CREATE TABLE IF NOT EXISTS exported (model TEXT NOT NULL, cell INTEGER NOT NULL, n INTEGER NOT NULL,"
                " first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (model, cell, first)) WITHOUT ROWID"
            )
            connection.execute(
                "CREATE TABLE IF NOT EXISTS views (who TEXT NOT NULL, at TEXT NOT NULL, model TEXT NOT NULL, id TEXT NOT NULL,"
                " version TEXT)"
            )
            yield connection
    except sqlite3.Error as error:
        raise CandorError(f"{path}: cannot be used ({error})") from None
