"""Delivery and heartbeat go on beside the rounds; what is wrong is told once; silence speaks when pages cannot be delivered."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from pathlib import Path

import pytest

from connectors import watch_store
from connectors.config import Config
from connectors.errors import CandorError
from dashboard.watch import delivery, heartbeat, telling
from dashboard.watch.delivery import Delivery
from dashboard.watch.telling import Sent
from tests.watch.conftest import Receiver, configure

NOW = datetime(2026, 11, 2, 9, 0)


def deliverer(config: Config, outcomes: list[Sent | Exception], said: list[str], *, pause: float = 5.0) -> Delivery:
    def send(config: Config, now: datetime) -> Sent:
        outcome = outcomes.pop(0) if outcomes else Sent()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Delivery(config, send, now=lambda: NOW, say=said.append, pause=pause)


def beating(folder: Path, url: str) -> Config:
    (folder / "a-1.csv").write_text("id,at,score,decision\n")
    config = configure(folder, "a")
    config.path.write_text(config.path.read_text().replace('every = "1m"', f'every = "1m"\nheartbeat = "{url}"'))
    from connectors.config import load

    made = load(config.path)
    watch_store.begin(made, pid=os.getpid(), host="here", every=60, now=NOW)
    return made


def test_failing_receivers_are_told_once_until_one_takes_a_message(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "why", lambda config: "pager: timed out")
    said: list[str] = []
    thread = deliverer(config, [Sent(failed=2), Sent(failed=2), Sent(), Sent(failed=1), Sent(delivered=1), Sent(failed=1)], said)
    for _ in range(6):
        thread.once()
    assert said == [
        "09:00:00  2 messages are kept and tried again: pager: timed out",
        "09:00:00  1 message delivered",
        "09:00:00  1 message is kept and tried again: pager: timed out",
    ]


def test_an_outbox_that_cannot_be_read_is_told_once(config: Config) -> None:
    said: list[str] = []
    thread = deliverer(config, [CandorError("disk full"), CandorError("disk full"), Sent(), CandorError("disk full")], said)
    for _ in range(4):
        thread.once()
    assert len(said) == 2


def test_a_fault_in_delivery_does_not_pass_unseen(config: Config) -> None:
    thread = deliverer(config, [ZeroDivisionError("odd")], [])
    thread.start()
    thread.join(5)
    assert isinstance(thread.error, ZeroDivisionError)


def test_it_is_woken_and_ends_when_told(config: Config) -> None:
    tries = threading.Semaphore(0)

    def send(config: Config, now: datetime) -> Sent:
        tries.release()
        return Sent()

    thread = Delivery(config, send, now=lambda: NOW, say=lambda _: None, pause=60)
    thread.start()
    assert tries.acquire(timeout=5)
    thread.wake()
    assert tries.acquire(timeout=5)  # not after 60 s
    thread.end()
    assert not thread.is_alive()


def test_the_heartbeat_follows_delivery_after_a_good_round_only(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = beating(tmp_path, receiver.url + "/ping/secret")
    monkeypatch.setattr(telling, "waiting", lambda config, now: 0.0)
    order: list[str] = []

    def send(config: Config, now: datetime) -> Sent:
        order.append(f"delivered before {len(receiver.got)} heartbeats")
        return Sent()

    thread = Delivery(config, send, now=lambda: NOW, say=order.append)
    thread.once()
    assert receiver.got == []
    thread.wake(beat=True)
    thread.once()
    assert [(method, path) for method, path, *_ in receiver.got] == [("GET", "/ping/secret")]
    assert order == ["delivered before 0 heartbeats"] * 2
    status = watch_store.status(config)
    assert status is not None
    assert status.heartbeat == NOW
    thread.once()
    assert len(receiver.got) == 1  # one a good round


def test_a_heartbeat_that_fails_is_told_once_without_its_secret(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = beating(tmp_path, receiver.url + "/ping/secret")
    monkeypatch.setattr(telling, "waiting", lambda config, now: 0.0)
    said: list[str] = []
    thread = deliverer(config, [], said)
    receiver.status = 503
    for _ in range(2):
        thread.wake(beat=True)
        thread.once()
    assert said == [f"09:00:00  the heartbeat could not be sent: {receiver.place}: answered 503"]
    status = watch_store.status(config)
    assert status is not None
    assert status.heartbeat is None
    assert status.heartbeat_failure == f"{receiver.place}: answered 503"
    receiver.status = 200
    thread.wake(beat=True)
    thread.once()
    status = watch_store.status(config)
    assert status is not None
    assert (status.heartbeat, status.heartbeat_failure) == (NOW, "")


def test_no_heartbeat_while_a_page_cannot_be_delivered(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    config = beating(tmp_path, receiver.url)
    waits = [delivery.WITHHELD_AFTER, delivery.WITHHELD_AFTER + 1]
    monkeypatch.setattr(telling, "waiting", lambda config, now: waits.pop(0))
    said: list[str] = []
    thread = deliverer(config, [], said)
    for _ in range(2):
        thread.wake(beat=True)
        thread.once()
    assert len(receiver.got) == 1
    assert said == ["09:00:00  no heartbeat is sent: a page has been waiting for its receiver for 10 min 1 s"]


def test_an_address_that_hangs_or_is_none_is_a_sentence(receiver: Receiver) -> None:
    receiver.wait = 1.0
    with pytest.raises(CandorError, match=receiver.place):
        heartbeat.call(receiver.url + "/x?token=secret", timeout=0.2)
    for url in ("http://127.0.0.1:1/ping/secret", "http://no such host/secret"):
        with pytest.raises(CandorError) as refusal:
            heartbeat.call(url, timeout=0.5)
        assert "secret" not in str(refusal.value)
