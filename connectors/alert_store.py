"""Where alerts are kept: their states, what people did, silences and what is to be sent, in the SQLite file of people's actions.

Several processes write at once (`candor watch`, the dashboard, the command line). Each change is one transaction that takes the write lock
before it reads, so that nobody decides on what another is about to change. What an alert *is* is not known here: a row carries it as text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.actions import path_of
from connectors.config import Config
from connectors.errors import CandorError, UsageError

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE alerts (key TEXT NOT NULL, occurrence INTEGER NOT NULL, model TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL,
        incident TEXT NOT NULL, fired TEXT, resolved TEXT, updated TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (key, occurrence))
        WITHOUT ROWID;
    CREATE INDEX alerts_by_state ON alerts (state, resolved);
    CREATE TABLE alert_actions (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
        who TEXT NOT NULL, note TEXT NOT NULL);
    CREATE TABLE alert_history (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, id TEXT NOT NULL, who TEXT NOT NULL,
        what TEXT NOT NULL, note TEXT NOT NULL);
    CREATE INDEX alert_history_by_id ON alert_history (id);
    CREATE TABLE silences (number INTEGER PRIMARY KEY AUTOINCREMENT, matcher TEXT NOT NULL, reason TEXT NOT NULL, who TEXT NOT NULL,
        created TEXT NOT NULL, until TEXT NOT NULL, ended TEXT, ended_by TEXT);
    CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, channel TEXT NOT NULL, incident TEXT NOT NULL,
        kind TEXT NOT NULL, rank INTEGER NOT NULL, created TEXT NOT NULL, due TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        lease TEXT, leased_until TEXT, state TEXT NOT NULL DEFAULT 'waiting', ended TEXT, said TEXT NOT NULL DEFAULT '',
        body TEXT NOT NULL, UNIQUE (channel, id));
    CREATE INDEX outbox_waiting ON outbox (channel, incident, number) WHERE state = 'waiting';
    CREATE TABLE outbox_alerts (id TEXT NOT NULL, alert TEXT NOT NULL, PRIMARY KEY (id, alert)) WITHOUT ROWID;
    CREATE INDEX outbox_by_alert ON outbox_alerts (alert)
    """,
)
"""What each version of the tables adds to the one before. A step that was released is never changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One occurrence of an alert; `body` is all of it, the rest is what it is looked up by."""

    key: str
    occurrence: int
    model: str
    rule: str
    state: str
    incident: str
    fired: datetime | None
    resolved: datetime | None
    updated: datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of an alert's history: who did what to it, and when."""

    at: datetime
    who: str
    what: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRow:
    """One silence; `matcher` says which alerts it is about."""

    number: int
    matcher: Mapping[str, object]
    reason: str
    who: str
    created: datetime
    until: datetime
    ended: datetime | None
    ended_by: str | None


def exists(config: Config) -> bool:
    """Whether anything can have been kept yet."""
    return path_of(config).exists()


@contextmanager
def opened(config: Config) -> Iterator[sqlite3.Connection]:
    """Open the file for reading; it is brought to this version's tables first.

    Raises
    ------
    CandorError
        The file cannot be used, or a later version of Candor wrote it.
    """
    path = path_of(config)
    try:
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            _migrate(connection, str(path))
            yield connection
    except sqlite3.Error as error:
        raise CandorError(f"{path}: cannot be used ({error})") from None


@contextmanager
def transaction(config: Config) -> Iterator[sqlite3.Connection]:
    """Open the file for one change: all of it is kept, or, when anything is raised, nothing.

    Raises
    ------
    CandorError
        As in `opened`.
    """
    with opened(config) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schemas'").fetchone()
    version = _version(connection) if known else 0
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS schemas (part TEXT PRIMARY KEY, version INTEGER NOT NULL)")
        version = _version(connection)  # another process may have been quicker
        if version > len(MIGRATIONS):
            raise CandorError(f"{path}: its alerts were written by a later version of Candor; use that version, or move the file away")
        for step in MIGRATIONS[version:]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute("INSERT OR REPLACE INTO schemas VALUES ('alerts', ?)", (len(MIGRATIONS),))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT version FROM schemas WHERE part = 'alerts'").fetchone()
    return int(found[0]) if found else 0


def written(moment: datetime | None) -> str | None:
    """A time (UTC, naive) as the file keeps it: of one length, so that text sorts as time does."""
    return None if moment is None else moment.isoformat(timespec="microseconds") + "Z"


def read(text: str | None) -> datetime | None:
    """A time of the file, as UTC, naive."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def moment(text: str) -> datetime:
    """A time of the file that is always there."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


_BODIES = "SELECT body FROM alerts"
NEWEST = f"{_BODIES} AS a WHERE occurrence = (SELECT max(occurrence) FROM alerts AS b WHERE b.key = a.key)"


def newest(connection: sqlite3.Connection) -> list[str]:
    """The newest occurrence of every key."""
    return [body for (body,) in connection.execute(NEWEST + " ORDER BY key")]


def listed(connection: sqlite3.Connection, since: datetime | None) -> list[str]:
    """Occurrences that are not over, and those that were over at `since` or later."""
    sql = f"{_BODIES} WHERE state <> 'resolved' OR ?1 IS NULL OR resolved >= ?1 ORDER BY updated DESC, key, occurrence"
    return [body for (body,) in connection.execute(sql, (written(since),))]


def body_of(connection: sqlite3.Connection, id: str) -> str:
    """One occurrence, by key-occurrence; a bare key means its newest.

    Raises
    ------
    UsageError
        There is no such alert.
    """
    key, _, number = id.rpartition("-")
    found = connection.execute(f"{_BODIES} WHERE key = ? AND occurrence = ?", (key, number if number.isdecimal() else 0)).fetchone()
    found = found or connection.execute(f"{_BODIES} WHERE key = ? ORDER BY occurrence DESC", (id,)).fetchone()
    if found is None:
        raise UsageError(f'there is no alert "{id[:80]}"; "candor alerts list --state all" shows all of them')
    return str(found[0])


def similar(connection: sqlite3.Connection, key: str, occurrence: int, model: str, rule: str, limit: int) -> list[str]:
    """Occurrences that fired and are over: of the same key, then of the same rule and model, then of the same rule; newest first."""
    sql = f"""{_BODIES} WHERE rule = ?3 AND fired IS NOT NULL AND state = 'resolved' AND NOT (key = ?1 AND occurrence = ?5)
        ORDER BY key = ?1 DESC, model = ?2 DESC, resolved DESC LIMIT ?4"""
    return [body for (body,) in connection.execute(sql, (key, model, rule, limit, occurrence))]


def save(connection: sqlite3.Connection, rows: Iterable[AlertRow]) -> None:
    """Keep occurrences, in the place of what was kept of them."""
    values = [
        (row.key, row.occurrence, row.model, row.rule, row.state, row.incident, written(row.fired), written(row.resolved),
         written(row.updated), row.body)
        for row in rows
    ]  # fmt: skip
    connection.executemany("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def act(connection: sqlite3.Connection, kind: str, ids: Iterable[str], *, who: str, note: str, now: datetime) -> list[int]:
    """Record what somebody did to alerts; returns the numbers of the acts."""
    sql = "INSERT INTO alert_actions (at, kind, id, who, note) VALUES (?, ?, ?, ?, ?) RETURNING number"
    return [int(connection.execute(sql, (written(now), kind, id, who, note)).fetchone()[0]) for id in ids]


def remember(connection: sqlite3.Connection, id: str, who: str, what: str, note: str, now: datetime) -> None:
    """Add a line to an alert's history."""
    values = (written(now), id, who, what, note)
    connection.execute("INSERT INTO alert_history (at, id, who, what, note) VALUES (?, ?, ?, ?, ?)", values)


def history(connection: sqlite3.Connection, id: str) -> tuple[Act, ...]:
    """An occurrence's history, in the order in which it was written."""
    rows = connection.execute("SELECT at, who, what, note FROM alert_history WHERE id = ? ORDER BY number", (id,))
    return tuple(Act(at=moment(at), who=who, what=what, note=note) for at, who, what, note in rows)


def silences(connection: sqlite3.Connection) -> tuple[SilenceRow, ...]:
    """Every silence there ever was, newest first."""
    sql = "SELECT number, matcher, reason, who, created, until, ended, ended_by FROM silences ORDER BY number DESC"
    return tuple(
        SilenceRow(
            number=number, matcher=json.loads(matcher), reason=reason, who=who, created=moment(created), until=moment(until),
            ended=read(ended), ended_by=ended_by,
        )
        for number, matcher, reason, who, created, until, ended, ended_by in connection.execute(sql)
    )  # fmt: skip


def add_silence(
    connection: sqlite3.Connection, matcher: Mapping[str, object], *, reason: str, who: str, until: datetime, now: datetime
) -> int:
    """Keep a silence; returns its number."""
    sql = "INSERT INTO silences (matcher, reason, who, created, until) VALUES (?, ?, ?, ?, ?) RETURNING number"
    values = (json.dumps(matcher, ensure_ascii=False, sort_keys=True), reason, who, written(now), written(until))
    return int(connection.execute(sql, values).fetchone()[0])


def end_silence(connection: sqlite3.Connection, number: int, *, who: str, now: datetime) -> None:
    """End a silence before its time; one that has been ended already stays as it is.

    Raises
    ------
    UsageError
        There is no such silence.
    """
    if connection.execute("SELECT 1 FROM silences WHERE number = ?", (number,)).fetchone() is None:
        raise UsageError(f'there is no silence {number}; "candor alerts list" shows those in force')
    connection.execute("UPDATE silences SET ended = ?, ended_by = ? WHERE number = ? AND ended IS NULL", (written(now), who, number))
