"""Alerts: what the rules say of the newest windows, what people did and what time it is, turned into what is told.

Everything here is a pure function of what is given. Asked again with the same, it changes nothing and tells nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from audits.alert_state import Action, Alert, AlertCause, Notification, Rules, Told, newer, worst
from audits.finding import Signal
from audits.hear import graver, hear, unheard
from audits.incidents import cause_of, depth, group_of, holder_of, incident_of, order
from audits.silences import Silence, covering

Book = dict[str, Alert]
"""The newest occurrence of each key."""


def advance(
    alerts: Sequence[Alert], signals: Iterable[Signal], actions: Sequence[Action], silences: Sequence[Silence], now: dt.datetime,
    rules: Rules, causes: Mapping[str, Sequence[AlertCause]] | None = None, run: str | None = None,
) -> tuple[tuple[Alert, ...], tuple[Notification, ...]]:  # fmt: skip
    """Take alerts one step further.

    pending -> firing -> acknowledged -> resolved. A rule that raises a series opens its alert; it fires when the evidence has passed its
    line, when it is a fact, or when enough windows have passed a fixed threshold, unless a silence covers it or another alert explains it.
    Enough quiet windows in a row end it; when it comes back it is a new occurrence. "can't tell" neither fires an alert nor ends one.

    Parameters
    ----------
    alerts
        The newest occurrence of each key, at least; older ones are handed back as they are.
    signals
        What the rules say. A series that is not among them stays as it is: that a rule says nothing is no all-clear. Only where a run
        says all that it judged, and several such runs in a row leave a series out, is its alert over: nobody judges it any more.
    actions
        What people did and has not been applied yet; what has been is passed over.
    causes
        By model, most likely first.
    run
        The audit run whose signals these are, all of them; None for what is known between audits.

    Returns
    -------
    tuple
        All alerts, and what there is to tell: at most one notification for each incident of what fires, one of what was acknowledged
        and one of what is over.
    """
    signals = tuple(signals)
    steps = _steps(signals)
    said: list[Notification] = []
    found = tuple(alerts)
    for place, step in enumerate(steps):
        last = place == len(steps) - 1
        judged = signals if last and run is not None else ()
        found, more = _step(found, step, actions if last else (), silences, now, rules, causes or {}, run, judged)
        said += more
    return found, tuple(said)


def _steps(signals: Iterable[Signal]) -> list[list[Signal]]:
    """Signals such that no series occurs twice in a step: each window is judged for itself, or a short alert could pass unseen."""
    steps: list[list[Signal]] = [[]]
    times: dict[str, int] = {}
    for signal in signals:
        place = times.get(signal.key, 0)
        times[signal.key] = place + 1
        if place == len(steps):
            steps.append([])
        steps[place].append(signal)
    return steps


def _step(
    alerts: Sequence[Alert], signals: Sequence[Signal], actions: Sequence[Action], silences: Sequence[Silence], now: dt.datetime,
    rules: Rules, causes: Mapping[str, Sequence[AlertCause]], run: str | None, judged: Sequence[Signal],
) -> tuple[tuple[Alert, ...], tuple[Notification, ...]]:  # fmt: skip
    before = {alert.id: alert for alert in alerts}
    book: Book = {alert.key: alert for alert in sorted(alerts, key=lambda each: each.occurrence)}
    older = {alert.id: alert for alert in alerts if book[alert.key].id != alert.id}
    for signal in signals:
        key = f"drill-{signal.key}" if rules.drill else signal.key
        last = book.get(key)
        heard = hear(last, key, signal, now, rules, run)
        if heard is not None:
            book[key] = heard
            if last is not None and last.id != heard.id:
                older[last.id] = last
    for key, alert in book.items():
        book[key] = unheard(alert, judged, now, rules)
    keys = {alert.id: key for key, alert in book.items()}
    for action in sorted(actions, key=lambda each: each.number):
        if action.id in keys:
            book[keys[action.id]] = _acted(book[keys[action.id]], action, now)
    for key, alert in book.items():
        known = cause_of(alert, causes.get(alert.model, ())) if alert.live else None
        book[key] = replace(alert, cause=known or alert.cause)
    _hold_back(book)
    for key, alert in book.items():
        if alert.live:
            book[key] = _fire(replace(alert, silence=covering(silences, alert, now)), now)
    tell = _due(book, before, now, rules)
    for key, alert in book.items():
        if alert != before.get(alert.id):
            book[key] = replace(alert, updated=max(now, alert.updated))
    heard_of = {alert.incident for alert in before.values() if alert.tellings}
    said = [_notification(book, kind, keys, now, incident not in heard_of) for (incident, kind), keys in tell.items()]
    return (*older.values(), *book.values()), tuple(said)


def _acted(alert: Alert, action: Action, now: dt.datetime) -> Alert:
    if action.number <= alert.acted:
        return alert
    alert, stamp = replace(alert, acted=action.number), max(now, alert.updated)
    if action.kind == "acknowledge" and alert.state == "firing":
        first = alert.acknowledged or stamp  # of an alert that grew worse, the first answer is the one that counts
        return replace(alert, state="acknowledged", acknowledged=first, acknowledged_by=action.who, note=action.note)
    if action.kind == "resolve" and alert.live:
        over = replace(alert, state="resolved", resolved=stamp, resolved_by=action.who, note=action.note or alert.note)
        return replace(over, silence=None, held_by=None, held_until=None)
    return alert


def _hold_back(book: Book) -> None:
    """Let causes hold back what they explain, and put alerts into incidents: what lies highest in the pipeline first."""
    live = sorted((key for key, alert in book.items() if alert.live), key=lambda key: (depth(book[key].signal), key))
    models: dict[str, list[str]] = {}
    groups: dict[str, list[str]] = {}
    for key in live:
        models.setdefault(book[key].model, []).append(key)
        groups.setdefault(book[key].group, []).append(key)
    for key in live:
        alert = book[key]
        holder = holder_of(alert, (book[each] for each in models[alert.model]))
        if holder is not None:
            alert = replace(alert, held_by=holder.id, held_until=None)
            # What follows from it is certain, so it is certain too; and it is as grave as what it stands for.
            if alert.tellings and not holder.tellings:
                holder = replace(holder, incident=alert.incident)  # somebody was told already: the cause is news about the same thing
            if alert.ready:
                holder = graver(replace(holder, ready=True), alert.severity)
            book[holder.key] = holder
        elif alert.held_by is not None:
            alert = _released(alert, book)
        group = holder.group if holder is not None else group_of(alert)
        if alert.tellings == 0 and (group != alert.group or not alert.incident):
            others = (book[each] for each in groups.get(group, ()))
            joined = holder.incident if holder is not None else incident_of(alert, group, others)
            alert = replace(alert, group=group, incident=joined)
            groups.setdefault(group, []).append(key)
        book[key] = alert


def _released(alert: Alert, book: Book) -> Alert:
    """An alert whose cause is over: it stays back until a window after that raises it anew, since rules that gather evidence lag behind."""
    ended = alert.held_until
    if ended is None:
        ended = next((each.position for each in book.values() if each.id == alert.held_by), alert.position)
    if ended is None or newer(alert.raised_at, ended):
        return replace(alert, held_by=None, held_until=None)
    return replace(alert, held_until=ended)


def _fire(alert: Alert, now: dt.datetime) -> Alert:
    if alert.state == "pending" and alert.ready and not alert.mute and alert.answer == "raised":
        return replace(alert, state="firing", fired=max(now, alert.updated))
    return alert


def _due(book: Book, before: Mapping[str, Alert], now: dt.datetime, rules: Rules) -> dict[tuple[str, Told], list[str]]:
    """Keys of the alerts that are to be told, by incident and kind; the book takes note that they were."""
    kinds: dict[str, Told] = {}
    for key, each in book.items():
        if each.told is not None and each.told > now:
            book[key] = replace(each, told=now)  # the clock was put back: the repeat is counted from here
    for key, alert in book.items():
        was = before.get(alert.id)
        if alert.state == "firing" and not alert.mute and (alert.told is None or now - alert.told >= rules.repeat):
            kinds[key] = "firing" if not alert.tellings else "worse" if alert.told is None else "repeat"
        elif was is not None and alert.tellings and alert.state != was.state and alert.state in ("acknowledged", "resolved"):
            kinds[key] = "acknowledged" if alert.state == "acknowledged" else "resolved"
    loudest: dict[str, Told] = {}
    for kind in ("firing", "worse", "repeat"):
        for key in (key for key, each in kinds.items() if each == kind):
            loudest.setdefault(book[key].incident, kind)
    found: dict[tuple[str, Told], list[str]] = {}
    for key, kind in kinds.items():
        incident = book[key].incident
        if kind in ("firing", "worse", "repeat"):
            found.setdefault((incident, loudest[incident]), []).append(key)
        else:
            found.setdefault((incident, kind), []).append(key)
    # Whoever joins an incident is repeated together with it.
    firing = (alert for key, alert in book.items() if key not in kinds and alert.state == "firing" and not alert.mute)
    steady = {alert.incident: alert.told for alert in firing if alert.told is not None}
    for key, kind in kinds.items():
        alert = book[key]
        told = now if kind == "repeat" else steady.get(alert.incident, now) if kind in ("firing", "worse") else alert.told
        book[key] = replace(alert, told=told, tellings=alert.tellings + 1)
    return found


def _notification(book: Book, kind: Told, keys: Sequence[str], now: dt.datetime, first: bool) -> Notification:
    alerts = tuple(sorted((book[key] for key in keys), key=order))
    incident = alerts[0].incident
    states = [alert.state for alert in book.values() if alert.incident == incident]
    parts = [incident, kind, *(f"{alert.id}:{alert.tellings}" for alert in alerts)]
    mark = "drill-" if alerts[0].drill else ""
    return Notification(
        id=mark + hashlib.sha256("|".join(parts).encode()).hexdigest()[:20], kind=kind, incident=incident, at=now,
        severity=worst([alert.severity for alert in alerts]), alerts=alerts, open=sum(s in ("firing", "acknowledged") for s in states),
        firing=states.count("firing"), first=first, drill=alerts[0].drill,
    )  # fmt: skip
