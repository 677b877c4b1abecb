"""Alerts of a period as a report tells them: what fired, when, who answered, when it was over. Figures stay with the findings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from audits.alert_state import Alert
from audits.incidents import response
from reports import strings
from reports.figure import Figure

COLUMNS: Final = ("alert", "incident", "state", "fired", "acknowledged", "acknowledged_by", "resolved", "resolved_by")
"""What a line says beyond its rule and what it is about, in the order of the CSV."""
STATES: Final = {
    "firing": "Firing", "acknowledged": "Acknowledged", "silenced": "Silenced", "held back": "Held back", "resolved": "Resolved",
}  # fmt: skip
SEVERITIES: Final = {"page": "fail", "ticket": "warn", "info": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """One alert. No number of the rule is in it: a group of fewer than ten people may have raised it."""

    alert: str
    incident: str
    figure: Figure
    severity: str
    state: str
    fired: datetime
    acknowledged: datetime | None = None
    acknowledged_by: str | None = None
    resolved: datetime | None = None
    resolved_by: str | None = None

    @property
    def about(self) -> str:
        """The rule and what it is about, in words."""
        return strings.headline(self.figure)

    @property
    def verdict(self) -> str | None:
        """The mark that it is drawn with."""
        return "pass" if self.state == "resolved" else SEVERITIES.get(self.severity)

    @property
    def word(self) -> str:
        """Where it stands."""
        return STATES.get(self.state, self.state)

    def as_json(self) -> dict[str, Any]:
        """The line as JSON values, times as RFC 3339."""
        figure = self.figure
        return {
            "rule": figure.name, "slice": dict(figure.slice), "attribute": figure.attribute, "column": figure.column,
            "version": figure.version, "severity": self.severity,
        } | {name: _written(getattr(self, name)) for name in COLUMNS}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsOfPeriod:
    """The alerts of a period, the newest first, and how fast people answered."""

    lines: tuple[AlertLine, ...] = ()
    acknowledged: int = 0
    to_acknowledge: timedelta | None = None
    """Median time from firing to acknowledgement, over those that somebody acknowledged."""
    resolved: int = 0
    to_resolve: timedelta | None = None

    def said(self) -> str:
        """Say in one sentence how many fired, and how fast people answered."""
        fired = len(self.lines)
        if not fired:
            return "No alert fired in this period."
        words = [f"{strings.count(fired)} {'alert' if fired == 1 else 'alerts'} fired"]
        for n, verb, time in ((self.acknowledged, "acknowledged", self.to_acknowledge), (self.resolved, "resolved", self.to_resolve)):
            after = f" after {strings.duration(time)} (median)" if time is not None else ""
            words.append(f"{strings.count(n)} {'was' if n == 1 else 'were'} {verb}{after}")
        return ", ".join(words) + "."


NONE: Final = AlertsOfPeriod()


def of_period(alerts: Iterable[Alert], model: str, since: datetime | None) -> AlertsOfPeriod:
    """Return the alerts of a model that fired at `since` or later; drills are none."""
    found = sorted(
        (each for each in alerts if each.model == model and each.fired is not None and not each.drill
         and (since is None or each.fired >= since)),
        key=lambda each: (each.fired, each.id), reverse=True,
    )  # fmt: skip
    answer = response(found)
    return AlertsOfPeriod(
        lines=tuple(map(_line, found)), acknowledged=answer.acknowledged, to_acknowledge=answer.to_acknowledge, resolved=answer.resolved,
        to_resolve=answer.to_resolve,
    )  # fmt: skip


def _line(alert: Alert) -> AlertLine:
    signal = alert.signal
    figure = Figure(
        name=signal.rule, slice=json.loads(signal.slice), attribute=signal.attribute, column=signal.column, version=signal.version,
        reference_slice=json.loads(signal.reference_slice) if signal.reference_slice else None,
    )  # fmt: skip
    assert alert.fired is not None
    return AlertLine(
        alert=alert.id, incident=alert.incident, figure=figure, severity=alert.severity, state=alert.shown, fired=alert.fired,
        acknowledged=alert.acknowledged, acknowledged_by=alert.acknowledged_by, resolved=alert.resolved, resolved_by=alert.resolved_by,
    )  # fmt: skip


def _written(value: Any) -> Any:
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else value


def when(at: datetime | None, who: str | None) -> str:
    """Say when something was done, and by whom where it was a person."""
    if at is None:
        return strings.DASH
    named = f", {strings.name_of(who)}" if who and who != "candor" else ""
    return f"{strings.moment(at)}{named}"
