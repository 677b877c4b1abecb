"""Alerts as pages show them, and what people do about them: thin over the store that the watcher and every page share.

Nothing is cached: a page that shows an alert as firing after somebody has acknowledged it wakes the second person for nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from audits import alerting as store
from audits import incidents as grouping
from audits.alert_state import CANDOR
from audits.alert_state import Alert as Kept
from audits.finding import Signal
from connectors.config import Config
from reports.figure import Figure
from reports.strings import name_of

State = Literal["firing", "acknowledged", "silenced", "resolved", "held back"]
STATES: tuple[State, ...] = ("firing", "acknowledged", "silenced", "resolved")
"""The states that a page lists; what is held back stands with what holds it."""
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
    """A message about an incident, or about one alert of it: delivered, waiting for another try, or given up, and why."""

    incident: str
    channel: str
    kind: str
    state: Literal["delivered", "waiting", "failed", "superseded"]
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
    """What the rule said of the newest window that raised it, in the shape of a finding."""
    fired: dt.datetime
    since: dt.datetime | int | None = None
    evidence: float | None = None
    line: float | None = None
    run: str | None = None
    incident: str = ""
    acknowledged: Deed | None = None
    silence: Silence | None = None
    held_by: str | None = None
    """The alert that explains it and holds its messages back."""
    resolved: dt.datetime | None = None
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Alerts that share one upstream cause, across models; worst first."""

    key: str
    alerts: tuple[Alert, ...]
    cause: str = ""
    """The cause in a few words; empty where each alert stands for itself."""

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
        """An alert by its id; by the key of its signal alone, its newest occurrence."""
        named = [each for each in self.alerts if key and key in (each.key, each.signal)]
        return max(named, key=lambda each: each.fired, default=None)

    @property
    def stamp(self) -> str:
        """Something that changes whenever an alert or a message does."""
        parts = [(each.key, each.state, str(each.silence)) for each in self.alerts] + [(each.channel, each.state) for each in self.told]
        return hashlib.sha256(repr(parts).encode()).hexdigest()


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
    """Median time from firing to acknowledgement of the last thirty days, and over how many alerts; drills do not count.

    Those that nobody has acknowledged are not counted, so the figure speaks of answered alerts only.
    """
    waits = [
        (each.acknowledged.at - each.fired).total_seconds()
        for each in alerts
        if each.acknowledged is not None and now - each.acknowledged.at <= LOOK_BACK and not each.drill
    ]
    return (dt.timedelta(seconds=statistics.median(waits)), len(waits)) if waits else (None, 0)


def similar(alert: Alert, alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Other alerts of the same rule or about the same column of the model, newest first; those of its own incident are no precedent."""
    found = [
        each
        for each in alerts
        if each.key != alert.key
        and each.model == alert.model
        and (each.state == "resolved" or each.fired < alert.fired)
        and not (alert.incident and each.incident == alert.incident)
        and (each.rule == alert.rule or (each.figure.column is not None and each.figure.column == alert.figure.column))
    ]
    return tuple(sorted(found, key=lambda each: each.fired, reverse=True))


def board(config: Config, now: dt.datetime) -> Board:
    """What the store holds: alerts that are not over, and those resolved in the last thirty days."""
    kept = store.alerts(config, now=now, since=now - LOOK_BACK)
    silenced = {each.number: Silence(until=each.until, who=each.who, reason=each.reason) for each in store.silences(config, now=now)}
    found = tuple(_alert(each, silenced) for each in kept if each.shown != "pending")
    causes = {each.id: _cause(each) for each in grouping.incidents(kept) if each.cause is not None}
    return Board(alerts=found, causes=causes, told=tuple(map(_told, store.deliveries(config))))


def _alert(kept: Kept, silences: Mapping[int, Silence]) -> Alert:
    signal = kept.signal
    acknowledged = None
    if kept.acknowledged is not None:
        acknowledged = Deed(at=kept.acknowledged, kind="acknowledged", who=kept.acknowledged_by or "", note=kept.note)
    state: State = kept.shown if kept.shown != "pending" else "firing"
    return Alert(
        key=kept.id, signal=signal.key, model=signal.model, rule=signal.rule, family=signal.family, severity=kept.severity, state=state,
        figure=figure_of(signal, kept.severity), fired=kept.fired or kept.opened, since=kept.since, evidence=signal.evidence,
        line=signal.line, run=kept.run, incident=kept.incident, acknowledged=acknowledged, resolved=kept.resolved, drill=kept.drill,
        silence=silences.get(kept.silence) if kept.silence is not None else None, held_by=kept.held_by,
    )  # fmt: skip


def figure_of(signal: Signal, severity: str) -> Figure:
    """A signal in the shape of a finding, so that it is said in the same words."""
    return Figure(
        name=signal.rule, model=signal.model, unit=signal.unit, version=signal.version, slice=json.loads(signal.slice),
        reference_slice=json.loads(signal.reference_slice) if signal.reference_slice else None, attribute=signal.attribute,
        column=signal.column, window_start=signal.window_start, window_end=signal.window_end, first_row=signal.first_row,
        last_row=signal.last_row, partial=signal.partial, value=signal.value, low=signal.low, high=signal.high, n=signal.n,
        threshold_min=signal.threshold_min, threshold_max=signal.threshold_max, severity=severity, reason=signal.reason,
        verdict="fail" if severity == "page" else "warn",
    )  # fmt: skip


def _cause(incident: grouping.Incident) -> str:
    assert incident.cause is not None
    columns = ", ".join(map(name_of, incident.cause.columns[:3])) + ("…" if len(incident.cause.columns) > 3 else "")
    kind = incident.cause.kind[:1].upper() + incident.cause.kind[1:]
    return f"{kind}: {columns}" if columns else kind


_STATES: Mapping[str, Literal["delivered", "waiting", "failed", "superseded"]] = {
    "waiting": "waiting", "sending": "waiting", "failing": "waiting", "delivered": "delivered", "given up": "failed",
    "superseded": "superseded",
}  # fmt: skip


def _told(sent: Any) -> Told:
    return Told(
        incident=sent.incident, channel=sent.channel, kind=sent.kind, state=_STATES[sent.state], at=sent.delivered or sent.created,
        tries=sent.attempts, next_try=sent.due, reason=sent.said,
    )  # fmt: skip


def told_about(config: Config, key: str) -> tuple[Told, ...]:
    """Every message about one alert."""
    return tuple(map(_told, store.deliveries(config, key)))


def record(config: Config, key: str) -> dict[str, Any]:
    """An alert exactly as receivers of a webhook get it."""
    return store.as_json(config, store.alert(config, key))


def deeds(config: Config, key: str) -> tuple[Deed, ...]:
    """What happened to an alert and what people did about it, oldest first."""
    return tuple(
        Deed(
            at=each.at, kind=each.what, who="" if each.who == CANDOR else each.who,
            note="" if each.what in ("silenced", "heard again") else each.note,
        )
        for each in store.history(config, key)
    )  # fmt: skip


def acknowledge(config: Config, keys: Sequence[str], *, who: str, now: dt.datetime, note: str = "") -> None:
    """Say that somebody looks after these alerts."""
    store.acknowledge(config, keys, who=who, note=note, now=now)


def silence(config: Config, keys: Sequence[str], *, who: str, reason: str, until: dt.datetime, now: dt.datetime) -> None:
    """Stop messages about these alerts until a moment, for a reason."""
    store.silence_alerts(config, keys, who=who, reason=reason, until=until, now=now)


def comment(config: Config, key: str, *, who: str, text: str, now: dt.datetime) -> None:
    """Write down something that others should know."""
    store.comment(config, key, who=who, text=text, now=now)
