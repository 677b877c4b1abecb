"""What people record: events that mark every trend. Kept in SQLite, which several processes may write at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
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
            yield connection
    except sqlite3.Error as error:
        raise CandorError(f"{path}: cannot be used ({error})") from None
