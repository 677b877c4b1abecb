"""`candor rollback`: ask the serving side for an earlier version; without --send, and unless candor.toml allows it, a dry run."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime

from connectors import watch_store
from connectors.config import Config
from connectors.errors import CandorError, UsageError
from connectors.watch_store import Asked
from reports.deliver.rollback import Call, prepare, send

SEEN = """SELECT version FROM findings WHERE model = ? AND version IS NOT NULL GROUP BY version
    ORDER BY max(window_start) FILTER (NOT whole) NULLS FIRST, max(last_row) FILTER (NOT whole) NULLS FIRST, version"""


def rollback(
    config: Config, model: str, to: str, *, reason: str = "", send: bool = False, who: str | None = None, alert: str | None = None,
    show: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """Show and record the call that asks for version `to`; with `send` make it, if candor.toml says dry_run = false.

    Raises
    ------
    UsageError
        No [alerts.rollback], no such version, or `send` against dry_run = true. Nothing is recorded then.
    CandorError
        The receiver refused or did not answer; that is recorded.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    seen = versions(config, model)
    if to not in seen:
        seen = [*(name for name in of_reference(config, model) if name not in seen), *seen]
    call = prepare(config, model, to, versions=seen, reason=reason.strip(), who=who or login(), now=now, alert=alert)
    if send and call.dry_run:
        raise UsageError(f"{config.path}: alerts.rollback.dry_run is true: nothing is sent; set it to false to send roll-backs")
    show(f"POST to {call.place}")
    show(f"Candor-Signature: HMAC-SHA256 with the key in {call.secret_env}")
    show(call.body.decode())
    if not send:
        record(config, call, model, to, now, sent=False, answer="dry run")
        show("Dry run: recorded, not sent." + ("" if call.dry_run else " Add --send to send it."))
        return
    answer = make(config, call, model, to, now)
    show(f"Sent: {answer}.")


def make(config: Config, call: Call, model: str, to: str, now: datetime) -> str:
    """Send the call, record what came of it, and mark it on the model's trends."""
    from connectors.actions import add_event

    try:
        answer = send(call, now=now)
    except CandorError as error:
        record(config, call, model, to, now, sent=not isinstance(error, UsageError), answer=str(error))
        raise
    record(config, call, model, to, now, sent=True, answer=answer)
    add_event(config, model, "note", now, f"roll-back to {to} asked for"[:200])
    return answer


def record(config: Config, call: Call, model: str, to: str, now: datetime, *, sent: bool, answer: str) -> None:
    """Keep what was asked for."""
    asked = Asked(at=now, model=model, version=to, url=call.place, body=call.body.decode(), sent=sent, answer=answer)
    watch_store.add_rollback(config, asked)


def versions(config: Config, model: str) -> list[str]:
    """The versions that the last audits saw, in the order in which they answered; the one that should answer now is last."""
    from connectors.published import open_published

    with open_published(config) as published:
        seen = [str(row["version"]) for row in published.table(SEEN, [model]).to_pylist()]
    declared = config.model(model).alerts.version
    return [*(name for name in seen if name != declared), declared] if declared is not None else seen


def of_reference(config: Config, model: str) -> list[str]:
    """The versions that answered in the reference only, of which no run speaks; the warehouse is read for them."""
    from connectors.warehouse import open_warehouse

    if not config.warehouse.path.exists():
        return []
    with open_warehouse(config.warehouse, write=False) as warehouse:
        sql = (
            "SELECT version FROM candor.partitions WHERE model = ? AND reference AND version IS NOT NULL GROUP BY 1 ORDER BY max(bucket)"
        )
        return [str(version) for (version,) in warehouse.connection.execute(sql, [model]).fetchall()]


def login() -> str:
    """The name that this person is logged in by."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
