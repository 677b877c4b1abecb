"""Against a real Alertmanager: what fires is there with its labels, and what is over is gone."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request
from dataclasses import replace
from typing import Any

from audits import alerting
from connectors.alert_config import Channel
from reports.deliver.run import deliver_due, try_out

from .conftest import signal


def listed(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/api/v2/alerts?active=true", timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def test_alerts_are_posted_grow_worse_and_resolve(alertmanager: str, config_of: Any) -> None:
    config = config_of(Channel(name="am", kind="alertmanager", url=alertmanager))
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0) - dt.timedelta(seconds=30)
    at = (now - dt.timedelta(hours=4)).replace(minute=0, second=0, microsecond=0)
    hours = [at + dt.timedelta(hours=h) for h in range(5)]
    given = [
        signal(0, answer, severity="ticket", window_start=hours[h], window_end=hours[h + 1], since=at)
        for h, answer in enumerate(("raised", "raised", "quiet", "quiet"))
    ]
    alerting.apply(config, given[:1], now=now)
    assert deliver_due(config, now=now).delivered == 1
    (found,) = listed(alertmanager)
    alert = alerting.alerts(config, now=now)[0]
    assert found["labels"] == {
        "alertname": "drift_evidence", "model": "loans", "severity": "ticket", "alert": alert.key, "incident": alert.incident,
        "column": "income",
    }  # fmt: skip
    assert found["annotations"]["runbook_url"] == "https://example.org/run"
    assert f"/alert?model=loans&alert={alert.id}" in found["generatorURL"]
    assert dt.datetime.fromisoformat(found["startsAt"]).replace(tzinfo=None) == now
    # Graver: the alert of the lesser severity is over there, and one of the greater is there.
    alerting.apply(config, [replace(given[1], severity="page")], now=now + dt.timedelta(seconds=1))
    deliver_due(config, now=now + dt.timedelta(seconds=1))
    assert [each["labels"]["severity"] for each in listed(alertmanager)] == ["page"]
    alerting.apply(config, given[2:], now=now + dt.timedelta(seconds=2))
    deliver_due(config, now=now + dt.timedelta(seconds=2))
    assert listed(alertmanager) == []


def test_the_test_message_is_taken(alertmanager: str, config_of: Any) -> None:
    config = config_of(Channel(name="am", kind="alertmanager", url=alertmanager + "/"))
    (found,) = try_out(config, "am", now=dt.datetime.now(dt.UTC).replace(tzinfo=None))
    assert (found.ok, found.said) == (True, "answered 200")
    assert [each["labels"]["alertname"] for each in listed(alertmanager)] == ["candor_test"]


def test_a_wrong_path_is_said_in_one_sentence(alertmanager: str, config_of: Any) -> None:
    config = config_of(Channel(name="am", kind="alertmanager", url=alertmanager + "/nowhere"))
    (found,) = try_out(config, "am", now=dt.datetime(2026, 11, 21))
    assert not found.ok
    assert found.said.startswith(f"{alertmanager.removeprefix('http://')} answered 404")
