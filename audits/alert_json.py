"""Alerts as text: as the store keeps them, and as receivers outside get them, where small groups and cells' values are left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from audits.alert_state import Alert, Notification
from audits.hear import at_once
from connectors.alert_store import AlertRow
from connectors.config import Config
from connectors.errors import CandorError

FORMAT = 1
SMALLEST = 10
"""Of a group with fewer rows no figure leaves the house, as in reports."""


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Alert)


def to_row(alert: Alert) -> AlertRow:
    """An alert as the store keeps it."""
    return AlertRow(
        key=alert.key, occurrence=alert.occurrence, model=alert.model, rule=alert.rule, state=alert.state, incident=alert.incident,
        fired=alert.fired, resolved=alert.resolved, updated=alert.updated, body=_adapter().dump_json(alert).decode(),
    )  # fmt: skip


def from_body(body: str) -> Alert:
    """The alert that was kept; the inverse of `to_row`.

    Raises
    ------
    CandorError
        It cannot be read.
    """
    try:
        alert: Alert = _adapter().validate_json(body)
    except ValueError:
        raise CandorError(f"an alert cannot be read: {body[:80]!r}; another version of Candor may have written it") from None
    return alert


def public(alert: Alert) -> dict[str, Any]:
    """What leaves the house about an alert: aggregates, names and times.

    The reason is left out unless the rule states a fact about the log itself, since it might quote what a cell holds; and so are the
    figures of a group of fewer than ten rows.
    """
    signal = alert.signal
    small = signal.slice != "{}" and signal.n < SMALLEST
    figures = {name: None if small else getattr(signal, name) for name in ("value", "low", "high", "n")}
    fact = signal.family in ("quality", "service") and signal.line is None and at_once(signal)
    cause = alert.cause
    return {
        "id": alert.id, "key": alert.key, "occurrence": alert.occurrence, "earlier": list(alert.earlier), "incident": alert.incident,
        "model": alert.model, "rule": alert.rule, "family": signal.family, "severity": alert.severity, "state": alert.state,
        "shown": alert.shown, "slice": alert.levels,
        "reference_slice": None if signal.reference_slice is None else json.loads(signal.reference_slice),
        "attribute": signal.attribute, "column": signal.column, "version": signal.version,
        "window": {
            "start": _at(signal.window_start), "end": _at(signal.window_end), "first_row": signal.first_row, "last_row": signal.last_row,
            "partial": signal.partial,
        },
        "since": _at(alert.since) if isinstance(alert.since, datetime) else alert.since, **figures, "suppressed": small,
        "unit": signal.unit, "threshold": {"min": signal.threshold_min, "max": signal.threshold_max},
        "evidence": signal.evidence, "line": signal.line, "reason": signal.reason if fact else "",
        "cause": None if cause is None else {
            "kind": cause.kind, "columns": list(cause.columns), "upstream": cause.upstream, "source": cause.source, "size": cause.size,
            "low": cause.low, "high": cause.high, "unit": cause.unit,
            "since": _at(cause.since) if isinstance(cause.since, datetime) else cause.since,
        },
        "opened": _at(alert.opened), "fired": _at(alert.fired), "seen": _at(alert.seen), "acknowledged": _at(alert.acknowledged),
        "acknowledged_by": alert.acknowledged_by, "note": alert.note, "resolved": _at(alert.resolved), "resolved_by": alert.resolved_by,
        "held_by": alert.held_by, "silence": alert.silence, "run": alert.run, "drill": alert.drill,
    }  # fmt: skip


def message_body(notification: Notification, held: Sequence[Alert], config: Config) -> str:
    """A notification as it waits to be sent: words and addresses are added when it leaves."""
    known = [config.models[name] for name in notification.models if name in config.models]
    return json.dumps(
        {
            "format": FORMAT, "id": notification.id, "kind": notification.kind, "incident": notification.incident,
            "at": _at(notification.at), "severity": notification.severity, "open": notification.open, "firing": notification.firing,
            "first": notification.first, "drill": notification.drill, "alerts": [public(alert) for alert in notification.alerts],
            "held_back": [public(alert) for alert in held],
            "models": {each.name: {"title": each.title, "owner": each.owner, "runbook": each.runbook} for each in known},
        },
        ensure_ascii=False,
    )  # fmt: skip


def matcher_of(alert: Alert) -> dict[str, Any]:
    """What a silence of exactly this alert's series names."""
    return {"model": alert.model, "rule": alert.rule, "column": alert.column, "slice": alert.levels}


def matcher_json(matcher: Any) -> dict[str, Any]:
    """A matcher as the store keeps it."""
    return asdict(matcher) | {"slice": dict(matcher.slice)}


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds") + "Z"
