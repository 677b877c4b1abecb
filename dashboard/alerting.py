"""Alerts as pages show them, and what people do about them: thin over the store that the watcher and every page share.

Nothing is cached: a page that shows an alert as firing after somebody has acknowledged it wakes the second person for nothing.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.config import Config
from reports.figure import Figure

State = Literal["firing", "acknowledged", "silenced", "resolved"]
STATES: tuple[State, ...] = ("firing", "acknowledged", "silenced", "resolved")
SEVERITIES = ("page", "ticket", "info")
LOOK_BACK = dt.timedelta(days=30)
"""How far back resolved alerts and the time to acknowledgement are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that happened to an alert, or that a person did about it."""

    at: dt.datetime
    kind: str
    who: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Until when an alert is not told, who said so and why."""

    until: dt.datetime
    who: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message about an alert: delivered, waiting for another try, given up, or held back and by what."""

    key: str
    channel: str
    kind: str
    state: Literal["delivered", "waiting", "failed", "held back"]
    at: dt.datetime
    tries: int = 0
    next_try: dt.datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as it stands: what the rule says now, and what became of it."""

    key: str
    signal: str = ""
    """The key of the signal that raises it, the same in every occurrence."""
    model: str
    rule: str
    family: str
    severity: str
    state: State
    figure: Figure
    """What the rule said of the newest window, in the shape of a finding."""
    fired: dt.datetime
    seen: dt.datetime
    since: dt.datetime | int | None = None
    evidence: float | None = None
    line: float | None = None
    run: str | None = None
    incident: str = ""
    acknowledged: Deed | None = None
    silence: Silence | None = None
    resolved: dt.datetime | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    """The alert as receivers of messages get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Alerts that share one upstream cause, across models; worst first."""

    key: str
    alerts: tuple[Alert, ...]
    cause: str = ""
    """The cause in a sentence; empty where each alert stands for itself."""

    @property
    def severity(self) -> str:
        """The most urgent severity among its alerts."""
        return min((each.severity for each in self.alerts), key=rank)

    @property
    def fired(self) -> dt.datetime:
        """When the first of its alerts fired."""
        return min(each.fired for each in self.alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Every alert that is not over, those resolved lately, and the messages about them."""

    alerts: tuple[Alert, ...] = ()
    causes: Mapping[str, str] = field(default_factory=dict)
    told: tuple[Told, ...] = ()

    def of(self, state: str) -> tuple[Alert, ...]:
        """Alerts in one state, most urgent first, then the oldest."""
        return tuple(sorted((each for each in self.alerts if each.state == state), key=lambda each: (rank(each.severity), each.fired)))

    def find(self, key: str | None) -> Alert | None:
        """An alert by its key, or by how the key begins."""
        return next((each for each in self.alerts if key and each.key.startswith(key)), None)


def rank(severity: str) -> int:
    """Place of a severity, the most urgent first; an unknown one comes last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def incidents(alerts: Iterable[Alert], causes: Mapping[str, str]) -> tuple[Incident, ...]:
    """Alerts grouped by their cause, the most urgent incident first; an alert without one stands alone."""
    grouped: dict[str, list[Alert]] = {}
    for each in alerts:
        grouped.setdefault(each.incident or each.key, []).append(each)
    found = [Incident(key=key, alerts=tuple(mine), cause=causes.get(key, "")) for key, mine in grouped.items()]
    return tuple(sorted(found, key=lambda each: (rank(each.severity), each.fired)))


def time_to_acknowledge(alerts: Iterable[Alert], now: dt.datetime) -> tuple[dt.timedelta | None, int]:
    """Median time from firing to acknowledgement of the last thirty days, and over how many alerts.

    Those that nobody has acknowledged are not counted, so the figure speaks of answered alerts only.
    """
    waits = [
        (each.acknowledged.at - each.fired).total_seconds()
        for each in alerts
        if each.acknowledged is not None and now - each.acknowledged.at <= LOOK_BACK
    ]
    return (dt.timedelta(seconds=statistics.median(waits)), len(waits)) if waits else (None, 0)


def similar(alert: Alert, alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Other alerts of the same rule or about the same column of the model, newest first."""
    found = [
        each
        for each in alerts
        if each.key != alert.key
        and each.model == alert.model
        and not (alert.incident and each.incident == alert.incident)
        and (each.rule == alert.rule or (each.figure.column is not None and each.figure.column == alert.figure.column))
    ]
    return tuple(sorted(found, key=lambda each: each.fired, reverse=True))


def board(config: Config, now: dt.datetime) -> Board:
    """What the store holds: alerts that are not over, and those resolved in the last thirty days."""
    return Board()


def stamp(config: Config) -> str:
    """Something that changes whenever an alert does, cheap enough to ask for every few seconds."""
    return ""


def deeds(config: Config, key: str) -> tuple[Deed, ...]:
    """What happened to an alert and what people did about it, oldest first."""
    return ()


def acknowledge(config: Config, keys: Sequence[str], *, who: str, now: dt.datetime, note: str = "") -> None:
    """Say that somebody looks after these alerts."""


def silence(config: Config, keys: Sequence[str], *, who: str, reason: str, until: dt.datetime, now: dt.datetime) -> None:
    """Stop messages about these alerts until a moment, for a reason."""


def comment(config: Config, key: str, *, who: str, text: str, now: dt.datetime) -> None:
    """Write down something that others should know."""
