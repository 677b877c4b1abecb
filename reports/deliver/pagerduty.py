"""PagerDuty, Events API v2: one incident there for each incident here, by its dedup key."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlsplit

from connectors.alert_config import Channel
from reports.deliver import words
from reports.deliver.message import Message
from reports.deliver.post import Undelivered, accepted, post

_SEVERITY = {"page": "critical", "ticket": "warning", "info": "info"}


def send(channel: Channel, message: Message, secret: str | None, now: datetime) -> str:
    """Trigger, acknowledge or resolve. An incident of several alerts is acknowledged or resolved when the last of them is."""
    if secret is None:
        raise Undelivered(f"{channel.name}: PagerDuty needs a routing key; name its environment variable in secret_env", lasting=True)
    if message.kind == "resolved" and message.open:
        return f"nothing to send: {message.open} alerts of the incident are still open"
    if message.kind == "acknowledged" and message.firing:
        return f"nothing to send: {message.firing} alerts of the incident are not acknowledged yet"
    action = {"acknowledged": "acknowledge", "resolved": "resolve"}.get(message.kind, "trigger")
    said = _event(channel, _body(message, secret, action))
    if message.kind == "test":
        _event(channel, _body(message, secret, "resolve"))
    return said


def _event(channel: Channel, body: dict[str, object]) -> str:
    return accepted(channel.name, channel.url, post(channel.url, json.dumps(body).encode(), {"Content-Type": "application/json"}))


def _body(message: Message, secret: str, action: str) -> dict[str, object]:
    body: dict[str, object] = {"routing_key": secret, "event_action": action, "dedup_key": message.thread}
    if action != "trigger":
        return body
    top = message.items[0] if message.items else None
    details = {
        "alerts": [item.sentence for item in message.items[: words.SHOWN]], "text": message.text, "models": list(message.models),
        "owners": list(message.owners), "drill": message.drill,
    }  # fmt: skip
    begun = top.fired if top is not None and top.fired is not None else message.at
    return body | {
        "payload": {
            "summary": message.title[:1024], "source": urlsplit(message.source).netloc or "candor", "severity": _SEVERITY[message.severity],
            "timestamp": begun.isoformat(timespec="seconds") + "Z", "component": ", ".join(message.models)[:255] or "candor",
            "group": "candor", "class": top.rule if top is not None else "test", "custom_details": details,
        },
        "links": [{"href": address, "text": label} for label, address in message.links.items()],
        "client": "Candor", "client_url": next(iter(message.links.values()), message.source),
    }  # fmt: skip
