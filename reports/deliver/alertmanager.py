"""Prometheus Alertmanager, API v2: each alert under labels of its own, which tell it from others and name its incident."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

from connectors.alert_config import Channel
from reports.deliver.message import Item, Message
from reports.deliver.post import accepted, post

LASTS = timedelta(days=366)
"""Alertmanager takes an alert for over when this has passed since it was last told. Candor says itself when one is over, and does not tell
again what is acknowledged, silenced or held back, so the time is longer than any of these is likely to last."""
_LOWER = {"page": ("ticket", "info"), "ticket": ("info",), "info": ()}


def send(channel: Channel, message: Message, secret: str | None, now: datetime) -> str:
    """Post alerts that go on, and those that are over with their end. It has no acknowledgements: one is the same alert, told anew."""
    alerts = [each for item in message.items for each in _alerts(message, item, now)]
    if message.kind == "test":
        alerts = [_test(message, now)]
    url = channel.url.rstrip("/")
    url = url if url.endswith("/api/v2/alerts") else f"{url}/api/v2/alerts"
    headers = {"Content-Type": "application/json", **_login(secret)}
    return accepted(channel.name, url, post(url, json.dumps(alerts).encode(), headers))


def _alerts(message: Message, item: Item, now: datetime) -> list[dict[str, object]]:
    over = message.kind == "resolved"
    begun = item.fired or message.at
    end = max(item.resolved or now, begun) if over else now + LASTS
    found = [_alert(message, item, item.severity, begun, end)]
    if message.kind in ("worse", "resolved"):
        # The severity is a label, so a graver alert is another one there, and the lesser one is over.
        found += [_alert(message, item, lower, begun, max(now, begun)) for lower in _LOWER[item.severity]]
    return found


def _alert(message: Message, item: Item, severity: str, start: datetime, end: datetime) -> dict[str, object]:
    labels = {
        "alertname": item.rule, "model": item.model, "severity": severity, "alert": item.key,
        "incident": message.thread.removeprefix("candor-"), "column": item.column, "version": item.version,
        "slice": ",".join(f"{name}={level}" for name, level in sorted(item.slice.items())), "drill": "true" if message.drill else None,
    }  # fmt: skip
    notes = {"summary": message.title, "description": item.sentence, "text": message.text, **_link(message)}
    return {
        "labels": {name: value for name, value in labels.items() if value}, "annotations": notes, "startsAt": _at(start),
        "endsAt": _at(end), "generatorURL": item.link,
    }  # fmt: skip


def _link(message: Message) -> dict[str, str]:
    return {"runbook_url": next(address for label, address in message.links.items() if label.startswith("Runbook"))} if any(
        label.startswith("Runbook") for label in message.links
    ) else {}


def _test(message: Message, now: datetime) -> dict[str, object]:
    labels = {"alertname": "candor_test", "severity": "info", "alert": message.id}
    notes = {"summary": message.title, "description": message.text}
    end = now + timedelta(minutes=1)
    return {"labels": labels, "annotations": notes, "startsAt": _at(now), "endsAt": _at(end), "generatorURL": message.source}


def _login(secret: str | None) -> dict[str, str]:
    """A secret with a colon is a login, any other a bearer token."""
    if secret is None:
        return {}
    if ":" in secret:
        return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
    return {"Authorization": f"Bearer {secret}"}


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds") + "Z"
