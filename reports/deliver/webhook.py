"""A JSON POST to any address, signed so that the receiver can tell who sent it and that it is no replay."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

from connectors.alert_config import Channel
from reports.deliver.message import Message
from reports.deliver.post import accepted, post

HEADER = "Candor-Signature"
TOLERANCE = timedelta(minutes=5)


class WrongSignature(Exception):
    """A body is not what the holder of the secret sent just now; the text says why."""


def send(channel: Channel, message: Message, secret: str | None, now: datetime) -> str:
    """Send a message as JSON: what was told, with `title`, `text` and `links` added.

    `Idempotency-Key` is the same each time one message is sent, so that a receiver that has it already can say so and do nothing.
    """
    body = dict(message.body) | {"title": message.title, "text": message.text, "links": dict(message.links)}
    body["alerts"] = [
        alert | {"sentence": item.sentence, "link": item.link} for alert, item in zip(body["alerts"], message.items, strict=True)
    ]
    raw = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": message.id, "Candor-Event": message.kind}
    if secret is not None:
        headers |= sign(secret, raw, now)
    return accepted(channel.name, channel.url, post(channel.url, raw, headers))


def sign(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The header that signs a body: HMAC-SHA256 over the time (UTC, in whole seconds since 1970), a full stop and the body.

    >>> sign("s", b"{}", datetime(2026, 11, 21))["Candor-Signature"][:24]
    't=1795219200,v1=258bd1e3'
    """
    seconds = int(at.replace(tzinfo=UTC).timestamp())
    return {HEADER: f"t={seconds},v1={_digest(secret, seconds, body)}"}


def verify(secret: str, header: str, body: bytes, now: datetime, tolerance: timedelta = TOLERANCE) -> None:
    """Check a signature, as a receiver should.

    Raises
    ------
    WrongSignature
        The header cannot be read, the signature is not the secret's, or it was made longer ago, or later, than `tolerance`.
    """
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    given, found = parts.get("t", ""), parts.get("v1", "")
    if not (given.isascii() and given.isdecimal() and len(given) < 13 and found):
        raise WrongSignature(f"{HEADER} does not read t=...,v1=...")
    if not hmac.compare_digest(_digest(secret, int(given), body).encode(), found.encode()):
        raise WrongSignature("the signature is not of this body under this secret")
    age = abs(now.replace(tzinfo=UTC).timestamp() - int(given))
    if age > tolerance.total_seconds():
        raise WrongSignature(f"the signature was made {age:.0f} s from now; at most {tolerance.total_seconds():.0f} are allowed")


def _digest(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
