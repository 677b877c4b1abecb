"""A real round on a small hourly log: killed at every step, pages come once; models that fail do not take the others along."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import audits.run
import connectors.published
from audits.alerting import alerts, deliveries
from benchmarks.watch_world import Hourly, hourly
from connectors import outbox, watch_store
from connectors.config import load
from connectors.errors import CandorError
from dashboard.watch import round as rounds
from dashboard.watch import telling
from dashboard.watch.round import work
from tests.watch.conftest import Receiver


class Killed(BaseException):
    """Stands for a process that ends here: nothing catches it."""


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def killed_in(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, *, when: Callable[..., bool] = lambda *a, **k: True) -> None:
    real = getattr(target, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if when(*arguments, **named):
            raise Killed
        return real(*arguments, **named)

    monkeypatch.setattr(target, name, wrapped)


def test_killed_at_every_step_a_page_comes_once(world: Hourly, receiver: Receiver) -> None:
    config = load(world.config)
    work(config, ["m"])
    assert telling.deliver(config, now()).delivered == 0, [alert.rule for alert in alerts(config, now=now())]
    world.commit(world.faulty)
    steps: list[tuple[Any, str, Callable[..., bool]]] = [
        (audits.run, "audit", lambda *a, **k: True),  # rows are in, nothing else
        (connectors.published, "publish", lambda *a, **k: True),  # the run is stored, nobody can read it
        (telling, "tell", lambda *a, **k: True),  # published, no alert
        (watch_store, "remember", lambda *a, **k: "audited" in k),  # alerts are raised, the model is not marked
    ]
    for target, name, when in steps:
        with pytest.MonkeyPatch.context() as patch:
            killed_in(patch, target, name, when=when)
            with pytest.raises(Killed):
                work(config, ["m"])
    answer = work(config, ["m"])
    assert answer.audited == ("m",)
    assert work(config, ["m"]).audited == ()  # and then there is nothing to do
    firing = [alert for alert in alerts(config, now=now()) if alert.shown == "firing"]
    assert any(alert.column == "income" for alert in firing), alerts(config, now=now())
    for _ in range(3):
        telling.deliver(config, now())
    assert [each.state for each in deliveries(config)].count("delivered") == len(receiver.got) >= 1
    told = [json.dumps(json.loads(body).get("alerts", json.loads(body)), sort_keys=True) for _, _, _, body, _ in receiver.got]
    assert len(set(told)) == len(told)  # none twice


def test_a_receiver_that_is_down_gets_its_page_when_it_is_back(world: Hourly, receiver: Receiver) -> None:
    config = load(world.config)
    world.commit(world.faulty)
    work(config, ["m"])
    receiver.status = 503
    assert telling.deliver(config, now()).failed >= 1
    refused = len(receiver.got)
    (queue,) = outbox.queues(config)
    assert queue.waiting >= 1
    assert queue.failures == 1
    assert queue.oldest is not None
    assert now() - queue.oldest < timedelta(minutes=1)
    assert telling.waiting(config, now() + timedelta(hours=1)) == 0.0  # a ticket withholds no heartbeat
    assert "pager" in telling.why(config)
    receiver.status = 200
    day = now() + timedelta(days=1)
    assert telling.deliver(config, day).delivered >= 1
    assert len(receiver.got) > refused
    (queue,) = outbox.queues(config)
    assert (queue.waiting, queue.oldest) == (0, None)


def test_a_warehouse_that_is_held_fails_the_round_once_and_not_every_model(world: Hourly, monkeypatch: pytest.MonkeyPatch) -> None:
    import connectors.warehouse

    def busy(*_: object, **__: object) -> None:
        raise CandorError("candor.duckdb: process 7 is using the warehouse")

    monkeypatch.setattr(connectors.warehouse, "open_warehouse", busy)
    with pytest.raises(CandorError, match="process 7"):
        work(load(world.config), ["m"])


def test_models_that_fail_are_named_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """m2's file has another header, m3's reference is asked for where no row is; m is audited all the same."""
    world = hourly(tmp_path, models=3, reference=12, before=3, rows=40)
    (world.folder / "m2" / "log.csv").write_text("id,wrong\n1,2\n")
    ours, its = world.config.read_text().split("[models.m3.reference]\n")
    world.config.write_text(ours + "[models.m3.reference]\nuntil = 1990-01-01 #" + its)
    config = load(world.config)
    answer = work(config, ["m", "m2", "m3"])
    assert answer.audited == ("m",)
    assert answer.failures.keys() == {"m2", "m3"}
    assert "columns.time" in answer.failures["m2"]
    assert "until is 1990-01-01" in answer.failures["m3"]
    known = watch_store.models(config)
    assert known["m"].audited is not None
    assert known["m"].span == "1h"
    assert known["m"].newest is not None
    assert known["m"].arrived is not None
    assert "m2" not in known
    assert known["m3"].audited is None  # it stays due
    asked: list[list[str]] = []
    monkeypatch.setattr(rounds, "examine", lambda config, names, *_: asked.append(list(names)))
    work(config, ["m", "m3"])  # nothing is new: m waits
    world.commit(world.sound)
    work(config, ["m"])
    world.config.write_text(ours + "[models.m3.reference]\n" + its)
    work(load(world.config), ["m"])  # another configuration is another audit for all
    assert asked == [["m3"], ["m", "m3"], ["m", "m3"]]
