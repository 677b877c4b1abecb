"""A signed call that asks the serving side to answer with an earlier version. Candor asks when a person does, and never by itself."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.config import Config
from connectors.errors import CandorError, UsageError, nearest
from reports.deliver.post import host

FORMAT = 1
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What would be sent: `body` is JSON, and the signature is made when it is sent. Of `url` only `place` is shown."""

    url: str
    secret_env: str
    id: str
    body: bytes
    dry_run: bool

    @property
    def place(self) -> str:
        """The address's host: paths are often secrets."""
        return host(self.url)


def prepare(
    config: Config, model: str, to: str, *, versions: Sequence[str], reason: str, who: str, now: datetime, alert: str | None = None
) -> Call:
    """Make the call that asks for version `to` of a model.

    Parameters
    ----------
    versions : the versions that the log has seen, the one that answers now last
    alert : the alert that is the reason, by its id
    now : UTC, without a zone

    Raises
    ------
    UsageError
        candor.toml names no address, or the version is unknown or the one that answers now; the sentence names the nearest.
    """
    settings = config.alerts.rollback
    known = config.model(model)
    if settings is None:
        raise UsageError(f'{config.path}: there is no [alerts.rollback]; name its url and secret_env to ask for "{to}"')
    current = versions[-1] if versions else None
    if to not in versions:
        raise UsageError(f'{model}: the log has seen no version "{to}"; {nearest(to, versions)}')
    if to == current:
        raise UsageError(f'{model}: version "{to}" is the one that answers now')
    identity = str(uuid.uuid4())
    body = {
        "format": FORMAT, "kind": "rollback", "id": identity, "at": f"{now.isoformat(timespec='seconds')}Z", "model": model,
        "environment": known.environment, "from": current, "to": to, "reason": reason, "who": who, "alert": alert,
    }  # fmt: skip
    text = json.dumps(body, ensure_ascii=False, indent=1)
    return Call(url=settings.url, secret_env=settings.secret_env, id=identity, body=text.encode(), dry_run=settings.dry_run)


def send(call: Call, *, now: datetime) -> str:
    """Sign and send a call, once: a person is there to decide about another try. Gives the answer in words.

    The receiver checks `Candor-Signature` as for webhooks (`reports.deliver.webhook.verify`) and may tell a repeated call by
    `Idempotency-Key`.

    Raises
    ------
    UsageError
        The configuration asks for dry runs, or the secret's environment variable is not set.
    CandorError
        The receiver did not answer in time or refused.
    """
    if call.dry_run:
        raise UsageError("alerts.rollback.dry_run is true: nothing is sent; set it to false in candor.toml to send roll-backs")
    secret = os.environ.get(call.secret_env)
    if not secret:
        raise UsageError(f"the environment variable {call.secret_env} (alerts.rollback.secret_env) is not set: the call cannot be signed")
    from reports.deliver.post import Undelivered, post
    from reports.deliver.webhook import sign

    headers = {"Content-Type": "application/json", "Idempotency-Key": call.id, **sign(secret, call.body, now)}
    try:
        answer = post(call.url, call.body, headers, timeout=TIMEOUT)
    except Undelivered as error:
        raise CandorError(f"the roll-back was not taken: {error}") from None
    if not 200 <= answer.status < 300:
        raise CandorError(f"the roll-back was refused: {call.place} answered {answer.status} {answer.text[:200]}".rstrip())
    return f"answered {answer.status}"
