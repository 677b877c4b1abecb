"""Incidents: alerts that have one cause, what holds which alert back, and how long people took."""

from __future__ import annotations

import datetime as dt
import hashlib
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audits.alert_state import ARRIVALS, RANK, Alert, AlertCause, State, worst
from audits.finding import Severity, Signal

CLOSE = 3
"""Changes with one known origin that begin at most so many windows apart are one incident."""
ABREAST = 1
"""The same of changes whose cause nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Alerts that have one cause, over all models."""

    id: str
    alerts: tuple[Alert, ...]
    models: tuple[str, ...]
    cause: AlertCause | None
    severity: Severity
    state: State
    opened: dt.datetime
    resolved: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How many alerts fired, how many people answered and how long that took: means (MTTA and MTTR) and medians, over occurrences."""

    fired: int
    acknowledged: int
    resolved: int
    mean_to_acknowledge: dt.timedelta | None
    to_acknowledge: dt.timedelta | None
    mean_to_resolve: dt.timedelta | None
    to_resolve: dt.timedelta | None


def depth(signal: Signal) -> int:
    """How far down the pipeline a rule looks: what lies deeper is explained by what lies higher up, never the other way round."""
    if signal.rule in ARRIVALS:
        return ARRIVALS.index(signal.rule)
    if signal.family in ("quality", "service"):
        return 2
    return 3


def order(alert: Alert) -> tuple[int, bool, int, int, dt.datetime, str]:
    """Sorts alerts of one incident: what lies highest in the pipeline, what the cause rests on, the gravest and the broadest first."""
    cause = alert.cause
    leads = cause is not None and (alert.column in cause.columns or (alert.column is None and alert.rule in cause.rules))
    return depth(alert.signal), not leads, -RANK[alert.severity], len(alert.levels), alert.opened, alert.id


def cause_of(alert: Alert, causes: Sequence[AlertCause]) -> AlertCause | None:
    """The first of a model's causes, which come most likely first, that explains an alert."""
    return next((cause for cause in causes if _covers(cause, alert)), None)


def _covers(cause: AlertCause, alert: Alert) -> bool:
    if alert.signal.key in cause.explains or (alert.column is not None and alert.column in cause.columns):
        return True
    return alert.column is None and alert.rule in cause.rules


def holder_of(alert: Alert, alerts: Iterable[Alert]) -> Alert | None:
    """The alert that explains another one and holds it back: higher up the pipeline, of the same model, and not over.

    What began clearly before its supposed cause is not explained by it. A cause that has no alert of its own holds nothing back, or
    nobody would be told at all.
    """
    found = [each for each in alerts if each.live and (each.state != "pending" or each.answer == "raised") and _explains(each, alert)]
    return min(found, key=order) if found else None


def _explains(upper: Alert, lower: Alert) -> bool:
    if upper.model != lower.model or upper.drill != lower.drill or depth(upper.signal) >= depth(lower.signal):
        return False
    if not _may_precede(upper, lower):
        return False
    if upper.rule in ARRIVALS:
        return True
    if upper.column is not None and upper.column == lower.column:
        return True
    # Otherwise the two must have been put down to one cause.
    return upper.cause is not None and lower.cause is not None and upper.cause.origin == lower.cause.origin


def _may_precede(upper: Alert, lower: Alert) -> bool:
    between = windows_apart(upper, lower)
    return between is None or between <= 1


def windows_apart(one: Alert, other: Alert) -> float | None:
    """By how many windows one alert's change began after the other's; None where the two cannot be compared."""
    if isinstance(one.since, dt.datetime) and isinstance(other.since, dt.datetime):
        signals = (one.signal, other.signal)
        lengths = [each.window_end - each.window_start for each in signals if each.window_end and each.window_start]
        longest = max(lengths, default=dt.timedelta())
        return (one.since - other.since) / longest if longest else None
    if isinstance(one.since, int) and isinstance(other.since, int) and one.model == other.model:
        sizes = [s.last_row - s.first_row + 1 for s in (one.signal, other.signal) if s.last_row is not None and s.first_row is not None]
        return (one.since - other.since) / max(sizes) if sizes else None
    return None


def group_of(alert: Alert) -> str:
    """What alerts of one incident have in common: where the cause comes from, else the cause, else the rule, or whom it is about."""
    cause, mark = alert.cause, "drill|" if alert.drill else ""
    if cause is not None and cause.upstream:
        return f"{mark}upstream|{cause.upstream}"
    if cause is not None:
        return f"{mark}cause|{alert.model}|{cause.kind}|{','.join(sorted(cause.columns))}"
    if alert.signal.family in ("quality", "service"):
        return f"{mark}rule|{alert.model}|{alert.rule}"
    about = "groups" if alert.signal.attribute or alert.levels else "everybody"
    return f"{mark}{about}|{alert.model}"


def incident_of(alert: Alert, group: str, alerts: Iterable[Alert]) -> str:
    """The open incident that an alert belongs to, or a new one: of the same group, and begun at about the same time.

    What begins days later in the same place is an incident of its own, because the first may have been acknowledged.
    """
    for each in alerts:
        if each.id == alert.id or not each.live or not each.incident or each.group != group:
            continue
        between = windows_apart(each, alert)
        if between is None or abs(between) <= (CLOSE if alert.cause is not None else ABREAST):
            return each.incident
    mark = "drill-" if alert.drill else ""
    return mark + hashlib.sha256(f"{group}|{alert.id}".encode()).hexdigest()[:12]


def incidents(alerts: Iterable[Alert]) -> tuple[Incident, ...]:
    """Alerts by incident, the newest first; those that never fired and are over belong to none."""
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.incident and (alert.live or alert.fired is not None):
            groups.setdefault(alert.incident, []).append(alert)
    found = [_incident(name, sorted(each, key=order)) for name, each in groups.items()]
    return tuple(sorted(found, key=lambda incident: (incident.opened, incident.id), reverse=True))


def _incident(name: str, alerts: Sequence[Alert]) -> Incident:
    states = {alert.state for alert in alerts}
    gravest: tuple[State, ...] = ("firing", "acknowledged", "pending", "resolved")
    ends = [alert.resolved for alert in alerts if alert.resolved is not None]
    return Incident(
        id=name, alerts=tuple(alerts), models=tuple(sorted({alert.model for alert in alerts})),
        cause=next((alert.cause for alert in alerts if alert.cause is not None), None),
        severity=worst([alert.severity for alert in alerts]), state=next(state for state in gravest if state in states),
        opened=min(alert.opened for alert in alerts), resolved=max(ends) if states == {"resolved"} and ends else None,
    )  # fmt: skip


def response(alerts: Iterable[Alert]) -> Response:
    """How long people took, over the occurrences that fired; drills do not count."""
    fired = [alert for alert in alerts if alert.fired is not None and not alert.drill]
    answered = [(alert.acknowledged - alert.fired) for alert in fired if alert.acknowledged is not None and alert.fired is not None]
    ended = [(alert.resolved - alert.fired) for alert in fired if alert.resolved is not None and alert.fired is not None]
    return Response(
        fired=len(fired), acknowledged=len(answered), resolved=len(ended),
        mean_to_acknowledge=_mean(answered), to_acknowledge=_median(answered), mean_to_resolve=_mean(ended), to_resolve=_median(ended),
    )  # fmt: skip


def _mean(times: Sequence[dt.timedelta]) -> dt.timedelta | None:
    return sum(times, dt.timedelta()) / len(times) if times else None


def _median(times: Sequence[dt.timedelta]) -> dt.timedelta | None:
    return dt.timedelta(seconds=statistics.median(each.total_seconds() for each in times)) if times else None
