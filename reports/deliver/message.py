"""One neutral message from what waits in the outbox; each channel writes it in its own way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from connectors.config import Config
from reports.deliver import words

Kind = Literal["firing", "worse", "repeat", "acknowledged", "resolved", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One alert of a message: what it is called, one sentence, its page, and what tells it from others."""

    id: str
    key: str
    sentence: str
    link: str
    model: str
    rule: str
    severity: str
    state: str
    column: str | None
    version: str | None
    slice: Mapping[str, str]
    fired: datetime | None
    resolved: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said about an incident, in plain text.

    Parameters
    ----------
    id
        Of this message: the same each time it is sent.
    thread
        Of the incident: what receivers group by (dedup key).
    title, subject
        One line that says how it stands, and one that stays the same for the whole incident.
    paragraphs
        Sentences, most important first.
    open, firing
        How many alerts of the incident are not over, and how many of them nobody has acknowledged.
    links
        Label to address.
    body
        What waited in the outbox.
    """

    id: str
    kind: Kind
    thread: str
    title: str
    subject: str
    paragraphs: tuple[str, ...]
    items: tuple[Item, ...]
    severity: str
    models: tuple[str, ...]
    owners: tuple[str, ...]
    links: Mapping[str, str]
    at: datetime
    open: int
    firing: int
    first: bool
    drill: bool
    source: str
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """All of it as plain text."""
        return "\n\n".join((*self.paragraphs, "\n".join(f"{label}: {address}" for label, address in self.links.items())))


def build(config: Config, text: str) -> Message:
    """Read what waits in the outbox and put it into words."""
    body: dict[str, Any] = json.loads(text)
    url = config.alerts.url
    alerts, held, known = body["alerts"], body["held_back"], body["models"]
    items = tuple(_item(url, alert) for alert in alerts)
    top, kind, incident = alerts[0], body["kind"], body["incident"]
    title_of = {name: each["title"] for name, each in known.items()}
    models = tuple(sorted({alert["model"] for alert in alerts}))
    links = {words.ALERT: items[0].link} if len(items) == 1 else {words.INCIDENT: _page(url, "alerts", incident=incident)}
    for name in models:
        if (runbook := known.get(name, {}).get("runbook")) is not None:
            links[words.RUNBOOK if len(models) == 1 else words.runbook_of(title_of.get(name, name))] = runbook
    owners = tuple(dict.fromkeys(each["owner"] for each in known.values() if each["owner"]))
    sentences = (item.sentence for item in items[: words.SHOWN])
    return Message(
        id=body["id"], kind=kind, thread=f"candor-{incident}", title=words.title(body, title_of),
        subject=words.subject(top, title_of, body["drill"]),
        paragraphs=tuple(filter(None, (
            words.lead(body), *sentences, words.more(len(items)), words.cause(top),
            words.held_back(held), words.next_step(top) if kind in ("firing", "worse", "repeat") else "", words.people(owners),
        ))),
        items=items, severity=body["severity"], models=models, owners=owners, links=links, at=_moment(body["at"]),
        open=body["open"], firing=body["firing"], first=body["first"], drill=body["drill"], source=url, body=body,
    )  # fmt: skip


def trial(config: Config, channel: str, now: datetime, mark: str) -> Message:
    """A message that only says that the channel works."""
    sentence, at = words.trial(channel), f"{now.isoformat(timespec='seconds')}Z"
    body = {"format": 1, "id": f"test-{mark}", "kind": "test", "at": at, "severity": "info", "alerts": []}
    return Message(
        id=f"test-{mark}", kind="test", thread=f"candor-test-{mark}", title=words.TRIAL, subject=words.TRIAL, paragraphs=(sentence,),
        items=(), severity="info", models=(), owners=(), links={words.DASHBOARD: config.alerts.url}, at=now, open=0, firing=0, first=True,
        drill=False, source=config.alerts.url, body=body,
    )  # fmt: skip


def _item(url: str, alert: Mapping[str, Any]) -> Item:
    return Item(
        id=alert["id"], key=alert["key"], sentence=words.sentence(alert), link=_page(url, "alert", model=alert["model"], alert=alert["id"]),
        model=alert["model"], rule=alert["rule"], severity=alert["severity"], state=alert["state"], column=alert["column"],
        version=alert["version"], slice=alert["slice"], fired=_time(alert["fired"]), resolved=_time(alert["resolved"]),
    )  # fmt: skip


def _page(url: str, page: str, **parameters: str) -> str:
    return f"{url}/{page}?{urlencode(parameters)}"


def _time(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)
