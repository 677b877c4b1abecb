"""The outbox: nothing is lost and nothing is sent twice on purpose, whatever dies, hangs or runs twice."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal as signals
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from audits import alerting
from connectors import alert_store, outbox
from connectors.actions import add_event, path_of
from connectors.alert_config import Channel
from connectors.errors import CandorError
from connectors.outbox import Posted, Taken, Undelivered
from reports.deliver.run import deliver_due

from .conftest import HOUR, NOW, Receiver, signal

MINUTE = dt.timedelta(minutes=1)
HOOK = Channel(name="hook", kind="webhook", url="http://127.0.0.1:9")


def posted(id: str, *, kind: str = "firing", incident: str = "i", rank: int = 2, channel: str = "hook") -> Posted:
    return Posted(id=id, channel=channel, incident=incident, kind=kind, rank=rank, body="{}", alerts=("a-1",))


def put(config: Any, *messages: Posted, now: dt.datetime = NOW) -> int:
    with alert_store.transaction(config) as connection:
        return outbox.put(connection, messages, now)


class Channelled:
    """A receiver in memory that is down until it is not."""

    def __init__(self, config: Any) -> None:
        self.config, self.up = config, True
        self.got: list[str] = []
        self.asked: list[str] = []
        self.rng = random.Random(7)

    def send(self, taken: Taken) -> str:
        self.asked.append(taken.id)
        if not self.up:
            raise Undelivered("it is down")
        self.got.append(taken.id)
        return "ok"

    def work(self, now: dt.datetime) -> tuple[int, int]:
        return outbox.work(self.config, "hook", self.send, now, self.rng)


def test_a_receiver_that_is_down_for_a_day_gets_the_page_when_it_is_back(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    held = Channelled(config)
    held.up = False
    alerting.apply(config, [signal()], now=NOW)
    gaps, last = [], NOW
    for minute in range(0, 24 * 60, 8):
        now = NOW + minute * MINUTE
        if minute % 240 == 0:
            alerting.apply(config, now=now)  # repeats come due, and are not needed while the page itself waits
        if held.work(now)[1]:
            gaps.append(now - last)
            last = now
    assert held.got == []
    assert max(gaps) <= dt.timedelta(minutes=16)
    assert min(gaps[-20:]) >= dt.timedelta(minutes=8)  # the pause stays at its longest, less up to half of it by chance
    states = {each.kind: each.state for each in alerting.deliveries(config, now=NOW)}
    assert states == {"firing": "failing", "repeat": "superseded"}
    held.up = True
    for minute in (0, 8, 16):
        held.work(NOW + dt.timedelta(days=1) + minute * MINUTE)
    assert len(held.got) == 1
    assert [each.state for each in alerting.deliveries(config, now=NOW) if each.kind == "firing"] == ["delivered"]


def test_a_page_is_tried_for_ever_and_a_ticket_for_a_week(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    held = Channelled(config)
    held.up = False
    put(config, posted("page"), posted("ticket", incident="j", rank=1))
    for day in (0, 1, 6, 8, 9, 100, 399):
        for minute in range(2):
            held.work(NOW + dt.timedelta(days=day, minutes=minute))
    assert {each.id: each.state for each in outbox.listed(config, now=NOW)} == {"page": "failing", "ticket": "given up"}
    assert outbox.next_due(config, NOW + dt.timedelta(days=400)) is not None


def test_no_end_overtakes_its_beginning(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    held = Channelled(config)
    put(config, posted("1"), posted("2", kind="repeat"), posted("3", kind="resolved"), posted("4", incident="other", rank=0))
    held.up = False
    assert held.work(NOW) == (0, 1)
    held.up = True
    assert held.work(NOW + dt.timedelta(seconds=1)) == (1, 0)
    assert held.got == ["4"]  # of another incident; the end waits although it is due, since its beginning waits out its pause
    assert held.work(NOW + 10 * MINUTE) == (2, 0)
    assert held.got == ["4", "1", "3"]  # in order; the repeat is not needed when the first message comes late


def test_a_message_is_put_in_once(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    assert put(config, posted("1"), posted("1", channel="other")) == 2
    assert put(config, posted("1")) == 0
    assert len(outbox.listed(config, now=NOW)) == 2


def test_a_message_of_a_worker_that_died_is_sent_when_its_lease_is_over(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    put(config, posted("1"))
    taken = outbox.take(config, "hook", NOW)
    assert taken is not None
    assert outbox.take(config, "hook", NOW + 59 * dt.timedelta(seconds=1)) is None
    again = outbox.take(config, "hook", NOW + MINUTE)
    assert again is not None
    assert (again.id, again.attempts) == ("1", 2)
    # The first was not dead, only slow: its failure does not count any more, its success does.
    outbox.failed(config, taken, Undelivered("late"), NOW + 2 * MINUTE, random.Random(1))
    assert [each.said for each in outbox.listed(config, now=NOW)] == [""]
    outbox.arrived(config, taken, "ok", NOW + 2 * MINUTE)
    assert [each.state for each in outbox.listed(config, now=NOW)] == ["delivered"]


def test_a_clock_put_back_leaves_nothing_waiting_for_a_year(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    held = Channelled(config)
    ahead = NOW + dt.timedelta(days=365)
    put(config, posted("leased"), posted("due", incident="j"), now=ahead)
    outbox.take(config, "hook", ahead)
    assert held.work(NOW) == (2, 0)
    put(config, posted("later", incident="k"), now=NOW + MINUTE)
    assert held.work(NOW) == (0, 0)  # a minute ahead is no jump
    assert outbox.next_due(config, NOW) == NOW + MINUTE


def test_two_workers_never_send_one_message_at_the_same_time(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    put(config, *(posted(str(i), incident=str(i)) for i in range(30)))
    held = Channelled(config)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: outbox.work(config, "hook", held.send, NOW, random.Random(1)), range(4)))
    assert sum(sent for sent, _ in found) == 30
    assert sorted(held.got, key=int) == [str(i) for i in range(30)]


def test_states_and_messages_are_kept_together_or_not_at_all(config_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(HOOK)

    def broken(*_: Any) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(outbox, "put", broken)
    with pytest.raises(CandorError, match="disk I/O error"):
        alerting.apply(config, [signal()], now=NOW)
    monkeypatch.undo()
    assert alerting.alerts(config, now=NOW) == ()
    assert alerting.apply(config, [signal()], now=NOW).queued == 1


WORKER = """
import datetime as dt, sys
from connectors.alert_config import Alerts, Channel
from connectors.config import Columns, Config, ModelConfig, WarehouseConfig
from audits import alerting
from audits.finding import Signal
from pathlib import Path
from reports.deliver.run import deliver_due
folder, url, begin = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
config = Config(path=folder / "candor.toml", folder=folder, version=1, warehouse=WarehouseConfig(path=folder / "candor.duckdb"),
    models={"loans": ModelConfig(name="loans", title="Loans", columns=Columns())},
    alerts=Alerts(channels=(Channel(name="hook", kind="webhook", url=url),)))
T = dt.datetime(2026, 11, 21, 12)
print("ready", flush=True)
for i in range(begin, 40):
    at = T + dt.timedelta(minutes=2 * i)  # longer than a lease, and all within one repeat
    s = Signal(model="loans", rule="schema_change", family="quality", severity="page", answer="raised", column=f"c{i}", window_start=at,
        window_end=at + dt.timedelta(minutes=1), since=at)
    alerting.apply(config, [s], now=at)
    deliver_due(config, now=at)
    print(i, flush=True)
"""


def test_killed_at_any_moment_every_alert_is_told_under_one_key(
    config_of: Callable[..., Any], receiver: Receiver, checkout: Path
) -> None:
    config, rng, done, kills = config_of(HOOK), random.Random(3), 0, 0
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    while kills < 3:
        command = [sys.executable, "-c", WORKER, str(config.folder), receiver.url, str(done)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            target = done + rng.randint(1, 6)
            for line in process.stdout:
                done = int(line) + 1
                if done >= target:
                    break
            time.sleep(rng.random() * 0.02)  # somewhere inside the next one
            process.send_signal(signals.SIGKILL)
        kills += 1
    # What the last one left is delivered once its lease is over. An alert is in the outbox if and only if it is kept.
    later = NOW + dt.timedelta(minutes=90)
    hooked = config_of(Channel(name="hook", kind="webhook", url=receiver.url))
    deliver_due(hooked, now=later)
    fired = {alert.id for alert in alerting.alerts(config, now=later)}
    assert len(fired) >= done
    told: dict[str, set[str]] = {}
    for _, headers, _ in receiver.got:
        told.setdefault(headers["Idempotency-Key"], set())
    for body in receiver.bodies():
        for alert in body["alerts"]:
            told[body["id"]].add(alert["id"])
    assert set().union(*told.values()) == fired
    assert sum(len(each) for each in told.values()) == len(fired)  # sent again, perhaps, but never under a second key
    assert {each.state for each in outbox.listed(config, now=later)} == {"delivered"}


def test_a_file_of_a_later_version_is_refused_and_an_older_one_is_brought_up(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    add_event(config, "loans", "note", NOW, "there before any alert")
    alerting.apply(config, [signal()], now=NOW)
    assert len(alerting.alerts(config, now=NOW)) == 1
    with sqlite3.connect(path_of(config)) as connection:
        assert connection.execute("SELECT part, version FROM schemas WHERE part = 'alerts'").fetchall() == [("alerts", 1)]
        connection.execute("UPDATE schemas SET version = 99")
    with pytest.raises(CandorError, match="a later version of Candor"):
        alerting.alerts(config, now=NOW)


def test_what_waits_is_tried_at_once_after_an_hour_of_sleep(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    held = Channelled(config)
    held.up = False
    put(config, posted("1"))
    held.work(NOW)
    held.up = True
    assert held.work(NOW + HOUR) == (1, 0)


def test_ages_and_failures_are_of_all_messages_and_not_of_the_newest_thousand(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    put(config, posted("old", incident="old", rank=0))
    put(config, *(posted(str(i), incident=str(i), rank=1) for i in range(1100)), now=NOW + HOUR)
    put(config, posted("page", incident="page"), now=NOW + 2 * HOUR)
    (found,) = outbox.queues(config)
    assert (found.channel, found.waiting, found.oldest, found.failures) == ("hook", 1102, NOW, 0)
    (pages,) = outbox.queues(config, rank=outbox.PAGE)
    assert (pages.waiting, pages.oldest) == (1, NOW + 2 * HOUR)


def test_a_try_has_failed_when_it_is_over_and_not_before(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    put(config, posted("1"))
    found = []
    for minute, fails in ((0, True), (5, True), (10, False)):
        taken = outbox.take(config, "hook", NOW + minute * MINUTE)
        assert taken is not None
        found.append(outbox.queues(config)[0].failures)
        if fails:
            outbox.failed(config, taken, Undelivered("down"), NOW + minute * MINUTE, random.Random(1))
        else:
            outbox.arrived(config, taken, "ok", NOW + minute * MINUTE)
        found.append(outbox.queues(config)[0].failures)
    assert found == [0, 1, 1, 2, 2, 2]


def test_whoever_was_never_reached_does_not_hear_of_the_end(config_of: Callable[..., Any]) -> None:
    config = config_of(HOOK)
    put(config, *(posted(channel, channel=channel) for channel in ("reached", "waits", "given-up", "superseded")))
    with alert_store.transaction(config) as connection:
        for state, channel in (("delivered", "reached"), ("given up", "given-up"), ("superseded", "superseded")):
            connection.execute("UPDATE outbox SET state = ? WHERE channel = ?", (state, channel))
        assert outbox.heard(connection, "i") == {"reached", "waits"}


def test_what_arrived_long_ago_is_forgotten_unless_its_incident_goes_on(config_of: Callable[..., Any], receiver: Receiver) -> None:
    hooked = config_of(Channel(name="hook", kind="webhook", url=receiver.url))
    alerting.apply(hooked, [signal()], now=NOW)
    put(hooked, posted("waits", incident="j", channel="gone"))
    assert deliver_due(hooked, now=NOW).delivered == 1
    ended = NOW + dt.timedelta(days=100)
    assert outbox.prune(hooked, ended) == 0  # nobody would hear of its end
    alerting.apply(hooked, [signal(1, "quiet"), signal(2, "quiet")], now=ended)
    deliver_due(hooked, now=ended)
    # Only what was written now is left, a repeat that the end made needless and the end, and what never arrived.
    assert {each.kind: each.state for each in outbox.listed(hooked) if each.id != "waits"} == {
        "repeat": "superseded", "resolved": "delivered",
    }  # fmt: skip
    assert outbox.prune(hooked, ended + dt.timedelta(days=90)) == 0
    assert outbox.prune(hooked, ended + dt.timedelta(days=91)) == 2
    assert [each.id for each in outbox.listed(hooked)] == ["waits"]
    with alert_store.opened(hooked) as connection:
        assert connection.execute("SELECT id FROM outbox_alerts").fetchall() == [("waits",)]
