"""What a step with alerts leaves behind: lines of their history, and messages for the channels that are to hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from audits.alert_json import message_body
from audits.alert_state import CANDOR, RANK, Action, Alert, Notification
from connectors import outbox
from connectors.config import Config
from connectors.outbox import Posted


def story(was: Alert | None, alert: Alert, actions: Sequence[Action]) -> list[tuple[str, str, str]]:
    """What changed about an alert, as lines of its history: who, what, a note."""
    lines = []
    if was is None:
        lines.append((CANDOR, "opened", alert.reason))
    if (was.state if was else "pending") != alert.state:
        who = alert.acknowledged_by if alert.state == "acknowledged" else alert.resolved_by if alert.state == "resolved" else None
        note = next((action.note for action in actions if action.id == alert.id), alert.note if alert.resolved_by == CANDOR else "")
        lines.append((who or CANDOR, alert.state, note))
    if was is not None and was.severity != alert.severity:
        lines.append((CANDOR, "severity", f"{was.severity} to {alert.severity}"))
    if (was.held_by if was else None) != alert.held_by:
        lines.append((CANDOR, "held back" if alert.held_by else "released", alert.held_by or ""))
    if (was.silence if was else None) != alert.silence:
        lines.append((CANDOR, "silenced" if alert.silence else "heard again", "" if alert.silence is None else str(alert.silence)))
    return lines


def posted(connection: Connection, config: Config, notification: Notification, alerts: Sequence[Alert]) -> list[Posted]:
    """A notification as messages: to channels that take its severity and one of its models; an end, to those that heard the beginning."""
    ids = {alert.id for alert in notification.alerts}
    body = message_body(notification, [alert for alert in alerts if alert.held_by in ids], config)
    names = [channel.name for channel in config.alerts.channels]
    if notification.kind in ("acknowledged", "resolved"):
        told = outbox.heard(connection, notification.incident)
        chosen = [name for name in names if name in told]
    else:
        chosen = [
            channel.name for channel in config.alerts.channels
            if notification.severity in channel.severities and (channel.models is None or set(channel.models) & set(notification.models))
        ]  # fmt: skip
    rank = RANK[notification.severity]
    return [
        Posted(
            id=notification.id, channel=name, incident=notification.incident, kind=notification.kind, rank=rank, body=body,
            alerts=tuple(alert.id for alert in notification.alerts),
        )
        for name in chosen
    ]  # fmt: skip
