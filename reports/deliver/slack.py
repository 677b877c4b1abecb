"""Slack, by an incoming webhook, in Block Kit."""

from __future__ import annotations

import json
from datetime import datetime

from connectors.alert_config import Channel
from reports.deliver import words
from reports.deliver.message import Message
from reports.deliver.post import accepted, post

HEADER, SECTION = 150, 3000
"""The longest texts that Slack takes in a header and in a section."""
_ICON = {"firing": "🔴", "worse": "🔴", "repeat": "🔴", "acknowledged": "🟠", "resolved": "🔵", "test": "⚪"}


def send(channel: Channel, message: Message, secret: str | None, now: datetime) -> str:
    """Post a message. A webhook's address is itself a secret: with `secret_env` the variable holds the whole address."""
    url = secret or channel.url
    body = json.dumps(payload(message), ensure_ascii=False).encode()
    return accepted(channel.name, url, post(url, body, {"Content-Type": "application/json; charset=utf-8"}))


def payload(message: Message) -> dict[str, object]:
    """A message in Block Kit: a header, one section for each paragraph, and links."""
    title = f"{_ICON[message.kind]} {message.title}"
    blocks: list[dict[str, object]] = [{"type": "header", "text": {"type": "plain_text", "text": _cut(title, HEADER), "emoji": True}}]
    blocks += [_section(_cut(escape(paragraph), SECTION)) for paragraph in message.paragraphs[:40]]
    if message.links:
        blocks.append(_section(_cut(" · ".join(f"<{escape(url)}|{escape(label)}>" for label, url in message.links.items()), SECTION)))
    standing = f"{words.SEVERITY[message.severity]} · {message.thread}"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": standing}]})
    return {"text": _cut(escape(title), SECTION), "blocks": blocks}


def escape(text: str) -> str:
    """A text in which Slack finds no markup of its own: no mentions, links or commands out of a column's name.

    >>> escape("<!channel> & <http://x|y>")
    '&lt;!channel&gt; &amp; &lt;http://x|y&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
