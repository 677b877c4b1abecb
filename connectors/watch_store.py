"""What a watcher leaves behind: one heartbeat row a round, how each model's source is doing, and roll-backs that were asked for.

SQLite, in the file of `connectors.actions`: the watcher writes while the dashboard reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from connectors.actions import path_of
from connectors.config import Config
from connectors.errors import CandorError

KEPT_ROUNDS = 2_000
"""Heartbeat rows that stay: more than a day at one a minute."""

Answer = Literal["good", "idle", "failed"]

_DDL = (
    (
        "CREATE TABLE IF NOT EXISTS watch_rounds (number INTEGER PRIMARY KEY AUTOINCREMENT, started TEXT NOT NULL, ended TEXT NOT NULL,"
        " answer TEXT NOT NULL, rows INTEGER NOT NULL, said TEXT NOT NULL)"
    ),
    (
        "CREATE TABLE IF NOT EXISTS watch_models (model TEXT PRIMARY KEY, newest TEXT, arrived TEXT, span TEXT, audited TEXT, run TEXT,"
        " failing_since TEXT, tries INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '') WITHOUT ROWID"
    ),
    (
        "CREATE TABLE IF NOT EXISTS watcher (only INTEGER PRIMARY KEY CHECK (only = 1), pid INTEGER NOT NULL, host TEXT NOT NULL,"
        " since TEXT NOT NULL, every REAL NOT NULL, heartbeat TEXT, heartbeat_failure TEXT NOT NULL DEFAULT '')"
    ),
    (
        "CREATE TABLE IF NOT EXISTS rollbacks (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, model TEXT NOT NULL,"
        " version TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL, sent INTEGER NOT NULL, answer TEXT NOT NULL)"
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One look at the sources; `said` is what the terminal was told. Times are UTC without a zone."""

    number: int
    started: datetime
    ended: datetime
    answer: Answer
    rows: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedModel:
    """How one model's log is doing: its newest prediction, when rows last came, its window (`span`), since when its source fails, and why.

    `audited` stands for the state of the log that was last audited and told to the alerts; it means nothing else.
    """

    name: str
    newest: datetime | None = None
    arrived: datetime | None = None
    span: str | None = None
    audited: str | None = None
    run: str | None = None
    failing_since: datetime | None = None
    tries: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The last watcher that was started, its last rounds and its models."""

    pid: int
    host: str
    since: datetime
    every: float
    last: Round | None
    last_good: Round | None
    models: tuple[WatchedModel, ...]
    heartbeat: datetime | None
    heartbeat_failure: str

    def alive(self, now: datetime) -> bool:
        """Whether the last round ended no longer than three intervals and a minute ago; `now` is UTC without a zone."""
        latest = self.since if self.last is None else max(self.since, self.last.ended)
        return (now - latest).total_seconds() <= 3 * self.every + 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A roll-back that was asked for: what would be sent, or was."""

    at: datetime
    model: str
    version: str
    url: str
    body: str
    sent: bool
    answer: str


def begin(config: Config, *, pid: int, host: str, every: float, now: datetime) -> None:
    """Record that a watcher starts."""
    with _open(config) as connection, connection:
        connection.execute(
            "INSERT OR REPLACE INTO watcher (only, pid, host, since, every) VALUES (1, ?, ?, ?, ?)", (pid, host, _text(now), every)
        )


def add_round(config: Config, *, started: datetime, ended: datetime, answer: Answer, rows: int = 0, said: str = "") -> None:
    """Write a heartbeat row and drop the oldest beyond `KEPT_ROUNDS`."""
    with _open(config) as connection, connection:
        connection.execute(
            "INSERT INTO watch_rounds (started, ended, answer, rows, said) VALUES (?, ?, ?, ?, ?)",
            (_text(started), _text(ended), answer, rows, said),
        )
        connection.execute("DELETE FROM watch_rounds WHERE number <= (SELECT max(number) FROM watch_rounds) - ?", (KEPT_ROUNDS,))


def called(config: Config, *, at: datetime, failure: str = "") -> None:
    """Record that the heartbeat's address was called; `failure` says why it did not answer, and the last good call stays."""
    with _open(config) as connection, connection:
        if failure:
            connection.execute("UPDATE watcher SET heartbeat_failure = ?", (failure,))
        else:
            connection.execute("UPDATE watcher SET heartbeat = ?, heartbeat_failure = ''", (_text(at),))


def remember(config: Config, model: str, **values: datetime | str | int | None) -> None:
    """Set fields of one model (`WatchedModel`'s names); those that are not named stay."""
    names = list(values)
    known = WatchedModel.__slots__
    assert all(name in known for name in names), names
    listed = "".join(f", {name}" for name in names)
    told = ", ".join(f"{name} = excluded.{name}" for name in names)
    held = [_text(value) if isinstance(value, datetime) else value for value in values.values()]
    with _open(config) as connection, connection:
        connection.execute(
            f"INSERT INTO watch_models (model{listed}) VALUES (?{', ?' * len(names)}) ON CONFLICT (model) DO UPDATE SET {told}",
            (model, *held),
        )


def models(config: Config) -> Mapping[str, WatchedModel]:
    """What is known of each model, of this configuration or an earlier one."""
    if not path_of(config).exists():
        return {}
    with _open(config) as connection:
        rows = connection.execute(
            "SELECT model, newest, arrived, span, audited, run, failing_since, tries, reason FROM watch_models"
        ).fetchall()
    return {
        name: WatchedModel(
            name=name, newest=_time(newest), arrived=_time(arrived), span=span, audited=audited, run=run,
            failing_since=_time(failing), tries=tries, reason=reason,
        )
        for name, newest, arrived, span, audited, run, failing, tries, reason in rows
    }  # fmt: skip


def rounds(config: Config, *, limit: int = 50) -> Sequence[Round]:
    """The last rounds, newest first."""
    if not path_of(config).exists():
        return ()
    with _open(config) as connection:
        return _rounds(connection, "ORDER BY number DESC LIMIT ?", limit)


def status(config: Config) -> Status | None:
    """How the watcher is doing; None where none was ever started."""
    if not path_of(config).exists():
        return None
    with _open(config) as connection:
        row = connection.execute("SELECT pid, host, since, every, heartbeat, heartbeat_failure FROM watcher").fetchone()
        last = _rounds(connection, "ORDER BY number DESC LIMIT ?", 1)
        good = _rounds(connection, "WHERE answer <> 'failed' ORDER BY number DESC LIMIT ?", 1)
    if row is None:
        return None
    pid, host, since, every, heartbeat, failure = row
    known = models(config)
    return Status(
        pid=pid, host=host, since=_moment(since), every=every, last=last[0] if last else None, last_good=good[0] if good else None,
        models=tuple(known[name] for name in config.models if name in known), heartbeat=_time(heartbeat), heartbeat_failure=failure,
    )  # fmt: skip


def add_rollback(config: Config, asked: Asked) -> None:
    """Record a roll-back that was asked for, sent or not."""
    with _open(config) as connection, connection:
        connection.execute(
            "INSERT INTO rollbacks (at, model, version, url, body, sent, answer) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (_text(asked.at), asked.model, asked.version, asked.url, asked.body, int(asked.sent), asked.answer),
        )


def rollbacks(config: Config, model: str | None = None) -> Sequence[Asked]:
    """Roll-backs that were asked for, newest first."""
    if not path_of(config).exists():
        return ()
    with _open(config) as connection:
        rows = connection.execute(
            "SELECT at, model, version, url, body, sent, answer FROM rollbacks WHERE ?1 IS NULL OR model = ?1 ORDER BY number DESC",
            (model,),
        ).fetchall()
    return [
        Asked(at=_moment(at), model=name, version=version, url=url, body=body, sent=bool(sent), answer=answer)
        for at, name, version, url, body, sent, answer in rows
    ]


def _rounds(connection: sqlite3.Connection, rest: str, limit: int) -> list[Round]:
    rows = connection.execute(f"SELECT number, started, ended, answer, rows, said FROM watch_rounds {rest}", (limit,)).fetchall()
    return [
        Round(number=number, started=_moment(started), ended=_moment(ended), answer=answer, rows=taken, said=said)
        for number, started, ended, answer, taken, said in rows
    ]


def _text(moment: datetime) -> str:
    utc = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _time(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)


@contextmanager
def _open(config: Config) -> Iterator[sqlite3.Connection]:
    path = path_of(config)
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for statement in _DDL:
                connection.execute(statement)
            yield connection
    except sqlite3.Error as error:
        raise CandorError(f"{path}: cannot be used ({error})") from None
