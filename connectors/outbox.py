"""What is to be sent, kept until it has arrived: written with the states it tells of, sent later, and again until the receiver has it.

A message is written in the transaction that changes the alert, so that neither is kept without the other. A worker takes one message at a
time on a lease: if it dies, the lease runs out and another sends the message again, under the same key, by which receivers that know such
keys tell that they have it already. Messages about one incident leave a channel in their order, so that no end overtakes its beginning.
"""

from __future__ import annotations

import random
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.alert_store import exists, moment, opened, read, transaction, written
from connectors.config import Config

LEASE = timedelta(seconds=60)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP = timedelta(days=7)
"""After so long whatever is not a page is not sent any more; a page is tried for ever."""
KEPT = timedelta(days=90)
"""So long after it arrived, or was not needed any more, a message is forgotten, unless its incident goes on."""
PAGE = 2
_LOUD = ("firing", "worse", "repeat")


class Undelivered(Exception):
    """A receiver did not take a message; the text is one sentence, without secrets. `lasting`: trying again soon will not help."""

    def __init__(self, sentence: str, *, lasting: bool = False, after: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.lasting = lasting
        self.after = after


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One message for one channel, as it is put in; `rank` is 2 for a page, 1 for a ticket, 0 for information."""

    id: str
    channel: str
    incident: str
    kind: str
    rank: int
    body: str
    alerts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One message on its way: whoever holds the lease sends it."""

    number: int
    id: str
    channel: str
    incident: str
    kind: str
    rank: int
    created: datetime
    attempts: int
    lease: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where a message stands: waiting, sending, failing, delivered, superseded by a later one, or given up."""

    id: str
    incident: str
    channel: str
    kind: str
    state: str
    attempts: int
    created: datetime
    due: datetime
    delivered: datetime | None
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Where a channel stands: how many messages wait, since when the oldest does, and how many tries its receiver did not take."""

    channel: str
    waiting: int
    oldest: datetime | None
    failures: int


def put(connection: sqlite3.Connection, messages: Iterable[Posted], now: datetime) -> int:
    """Write messages, inside the caller's transaction; one that is there already stays as it is. Returns how many are new.

    A repeat is not sent while an earlier message about the incident waits, and a waiting one makes way for what comes after it.
    """
    new = 0
    for each in messages:
        waiting = connection.execute(
            "SELECT kind FROM outbox WHERE channel = ? AND incident = ? AND state = 'waiting' AND id <> ?",
            (each.channel, each.incident, each.id),
        ).fetchall()
        late = each.kind == "repeat" and any(kind in _LOUD for (kind,) in waiting)
        values = (each.id, each.channel, each.incident, each.kind, each.rank, written(now), written(now), each.body)
        done = connection.execute(
            "INSERT OR IGNORE INTO outbox (id, channel, incident, kind, rank, created, due, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
        ).rowcount
        if not done:
            continue
        if late:
            connection.execute("UPDATE outbox SET state = 'superseded' WHERE channel = ? AND id = ?", (each.channel, each.id))
        else:
            new += 1
            connection.execute(
                "UPDATE outbox SET state = 'superseded', ended = ? WHERE channel = ? AND incident = ? AND state = 'waiting'"
                " AND kind = 'repeat' AND lease IS NULL AND id <> ?",
                (written(now), each.channel, each.incident, each.id),
            )
        connection.executemany("INSERT OR IGNORE INTO outbox_alerts VALUES (?, ?)", [(each.id, alert) for alert in each.alerts])
    return new


def heard(connection: sqlite3.Connection, incident: str) -> frozenset[str]:
    """Channels that were told of an incident, or are about to be, and so are to hear of its end; not those that were given up."""
    sql = "SELECT DISTINCT channel FROM outbox WHERE incident = ? AND state IN ('delivered', 'waiting')"
    return frozenset(channel for (channel,) in connection.execute(sql, (incident,)))


_READY = """state = 'waiting' AND (due <= :now OR due > :never)
    AND (lease IS NULL OR leased_until <= :now OR leased_until > :lapsed)
    AND NOT EXISTS (SELECT 1 FROM outbox AS b WHERE b.channel = outbox.channel AND b.incident = outbox.incident
                    AND b.state = 'waiting' AND b.number < outbox.number)"""


def _times(now: datetime) -> dict[str, str | None]:
    # What lies further ahead than any pause or lease was written before the clock was put back.
    return {"now": written(now), "never": written(now + 2 * LONGEST_PAUSE), "lapsed": written(now + 2 * LEASE)}


def waiting_channels(config: Config, now: datetime) -> tuple[str, ...]:
    """Channels that have something to send now."""
    if not exists(config):
        return ()
    with opened(config) as connection:
        sql = f"SELECT DISTINCT channel FROM outbox WHERE {_READY} ORDER BY channel"
        return tuple(channel for (channel,) in connection.execute(sql, _times(now)))


def take(config: Config, channel: str, now: datetime, token: Callable[[], str] = lambda: secrets.token_hex(8)) -> Taken | None:
    """Take the next message of a channel on a lease, pages first; None where nothing is due."""
    lease = token()
    with transaction(config) as connection:
        sql = f"""UPDATE outbox SET lease = :lease, leased_until = :until, attempts = attempts + 1 WHERE number = (
            SELECT number FROM outbox WHERE channel = :channel AND {_READY} ORDER BY rank DESC, number LIMIT 1)
            RETURNING number, id, channel, incident, kind, rank, created, attempts, body"""
        values = {"lease": lease, "until": written(now + LEASE), "channel": channel, **_times(now)}
        found = connection.execute(sql, values).fetchone()
    if found is None:
        return None
    number, id, channel, incident, kind, rank, created, attempts, body = found
    return Taken(
        number=number, id=id, channel=channel, incident=incident, kind=kind, rank=rank, created=moment(created), attempts=attempts,
        lease=lease, body=body,
    )  # fmt: skip


def arrived(config: Config, taken: Taken, said: str, now: datetime) -> None:
    """Note that a message has arrived, whoever holds its lease by now: the receiver has it."""
    with transaction(config) as connection:
        sql = "UPDATE outbox SET state = 'delivered', ended = ?, said = ?, lease = NULL WHERE number = ? AND state = 'waiting'"
        connection.execute(sql, (written(now), said, taken.number))


def failed(config: Config, taken: Taken, problem: Undelivered, now: datetime, rng: random.Random) -> None:
    """Note that a message did not arrive: it is tried again after a pause, or, if it is no page and a week old, given up."""
    over = taken.rank < PAGE and now - taken.created >= GIVE_UP
    due = now + pause(taken.attempts, problem, rng)
    with transaction(config) as connection:
        sql = "UPDATE outbox SET state = ?, ended = ?, due = ?, said = ?, lease = NULL WHERE number = ? AND lease = ? AND state = 'waiting'"
        ended = written(now) if over else None
        values = ("given up" if over else "waiting", ended, written(due), str(problem), taken.number, taken.lease)
        connection.execute(sql, values)


def pause(attempts: int, problem: Undelivered, rng: random.Random) -> timedelta:
    """How long to wait after so many attempts: twice as long each time up to a quarter of an hour, less up to half of it by chance.

    >>> [round(pause(n, Undelivered("down"), random.Random(1)).total_seconds()) for n in (1, 2, 8, 500)]
    [3, 6, 363, 510]
    """
    longest = LONGEST_PAUSE if problem.lasting else min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 20))
    wait = longest * (0.5 + rng.random() / 2)
    return wait if problem.after is None else max(wait, min(problem.after, LONGEST_PAUSE))


def work(
    config: Config, channel: str, send: Callable[[Taken], str], now: datetime, rng: random.Random, *, seconds: float = 45.0
) -> tuple[int, int]:
    """Send what a channel has to send, until nothing is due, the time is up or one fails; returns how many arrived and how many failed.

    After a failure the channel rests until the next call: a receiver that is down is asked once, and not once for each message.
    """
    begun, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - begun) < seconds:
        taken = take(config, channel, now + timedelta(seconds=elapsed))
        if taken is None:
            break
        try:
            said = send(taken)
        except Undelivered as problem:
            failed(config, taken, problem, now + timedelta(seconds=time.monotonic() - begun), rng)
            return sent, 1
        arrived(config, taken, said, now + timedelta(seconds=time.monotonic() - begun))
        sent += 1
    return sent, 0


def next_due(config: Config, now: datetime) -> datetime | None:
    """When something is to be sent next; None where nothing waits."""
    if not exists(config):
        return None
    with opened(config) as connection:
        found = connection.execute("SELECT min(due) FROM outbox WHERE state = 'waiting'").fetchone()
    due = read(found[0])
    return None if due is None else max(now, min(due, now + LONGEST_PAUSE))


def deliveries(connection: sqlite3.Connection, alert: str | None, now: datetime) -> tuple[Delivery, ...]:
    """Where messages stand, those that wait first, then the newest: of one alert, or of all."""
    sql = "SELECT id, incident, channel, kind, state, attempts, created, due, ended, said, lease, leased_until FROM outbox"
    if alert is not None:
        sql += " WHERE id IN (SELECT id FROM outbox_alerts WHERE alert = ?)"
    rows = connection.execute(sql + " ORDER BY state = 'waiting' DESC, number DESC LIMIT 1000", () if alert is None else (alert,))
    return tuple(
        Delivery(
            id=id, incident=incident, channel=channel, kind=kind, attempts=attempts, created=moment(created), due=moment(due),
            delivered=read(ended) if state == "delivered" else None, said=said,
            state=state if state != "waiting" else "sending" if lease and moment(until) > now else "failing" if said else "waiting",
        )
        for id, incident, channel, kind, state, attempts, created, due, ended, said, lease, until in rows
    )  # fmt: skip


def listed(config: Config, alert: str | None = None, *, now: datetime | None = None) -> tuple[Delivery, ...]:
    """Where messages stand, those that wait first, then the newest: about one alert, or about all."""
    if not exists(config):
        return ()
    with opened(config) as connection:
        return deliveries(connection, alert, now or datetime.now(UTC).replace(tzinfo=None))


def queues(config: Config, *, rank: int = 0) -> tuple[Queue, ...]:
    """Where each channel stands, over all of its messages of this rank or above; a try that is under way has not failed."""
    if not exists(config):
        return ()
    sql = """SELECT channel, sum(state = 'waiting'), min(CASE WHEN state = 'waiting' THEN created END),
        sum(max(attempts - (state = 'delivered' OR lease IS NOT NULL), 0)) FROM outbox WHERE rank >= ? GROUP BY channel ORDER BY channel"""
    with opened(config) as connection:
        return tuple(
            Queue(channel=channel, waiting=waiting, oldest=read(oldest), failures=failures)
            for channel, waiting, oldest, failures in connection.execute(sql, (rank,))
        )


def prune(config: Config, now: datetime) -> int:
    """Forget messages that arrived or were superseded long ago; returns how many.

    Those of an incident that is not over stay: they say who is to hear of its end.
    """
    with transaction(config) as connection:
        sql = """DELETE FROM outbox WHERE state IN ('delivered', 'superseded') AND coalesce(ended, created) < ?
            AND NOT EXISTS (SELECT 1 FROM alerts WHERE alerts.incident = outbox.incident AND alerts.state <> 'resolved')"""
        gone = connection.execute(sql, (written(now - KEPT),)).rowcount
        if gone:
            connection.execute("DELETE FROM outbox_alerts WHERE id NOT IN (SELECT id FROM outbox)")
        return gone
