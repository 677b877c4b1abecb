"""What the watcher, the dashboard and the command line do with alerts: each call is one transaction over states, history and outbox.

Signals, people and the passing of time take the same way: what is kept is read, `audits.alert.advance` says what follows, and the new
states are written together with the messages that tell of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from audits.alert import advance
from audits.alert_json import from_body, matcher_json, matcher_of, public, to_row
from audits.alert_state import CANDOR, Action, Alert, AlertCause, Done, Notification, Rules
from audits.alert_telling import posted, story
from audits.finding import Cause, Signal
from audits.silences import Matcher, Silence, check
from connectors import alert_store, outbox
from connectors.alert_store import Act
from connectors.config import Config, ModelConfig
from connectors.errors import UsageError
from connectors.outbox import Delivery

LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one call changed: alerts as they are now, what is told about them, and how many messages were written for channels."""

    alerts: tuple[Alert, ...]
    notifications: tuple[Notification, ...]
    queued: int


def apply(
    config: Config, signals: Iterable[Signal] = (), *, now: datetime, run: str | None = None,
    causes: Mapping[str, Sequence[Cause]] | None = None, drill: bool = False,
) -> Round:  # fmt: skip
    """Take alerts a step further: with the signals of a run, or without any, because time has passed. The same again changes nothing.

    Alerts of models that candor.toml does not name any more are over, and so are those that several runs in a row leave out.

    Raises
    ------
    CandorError
        The file cannot be written; nothing has changed then.
    """
    kept = {model: tuple(filter(None, map(AlertCause.of, each))) for model, each in (causes or {}).items()}
    with alert_store.transaction(config) as connection:
        before = [from_body(body) for body in alert_store.newest(connection)]
        gone = [alert.id for alert in before if alert.live and alert.model not in config.models]
        actions = _acts(connection, "resolve", gone, who=CANDOR, note="the model is not in candor.toml any more", now=now)
        return _advance(connection, config, before, signals, actions, now, causes=kept, run=run, drill=drill)


def acknowledge(config: Config, ids: Iterable[str], *, who: str, note: str = "", now: datetime) -> tuple[Alert, ...]:
    """Say that somebody is on it: what fires is not told again unless it grows worse. Returns the alerts as they are now.

    Raises
    ------
    UsageError
        There is no such alert; none is acknowledged then.
    """
    return _people(config, "acknowledge", ids, who=who, note=note, now=now)


def resolve(config: Config, ids: Iterable[str], *, who: str, note: str, now: datetime) -> tuple[Alert, ...]:
    """Close alerts by hand; a later window that raises one again makes a new occurrence.

    Raises
    ------
    UsageError
        There is no such alert, or the note is empty.
    """
    if not note.strip():
        raise UsageError("closing an alert by hand needs a note: say what was done")
    return _people(config, "resolve", ids, who=who, note=note, now=now)


def comment(config: Config, id: str, *, who: str, text: str, now: datetime) -> None:
    """Add a line to an alert's history.

    Raises
    ------
    UsageError
        There is no such alert, or the text is empty.
    """
    if not text.strip():
        raise UsageError("the comment has no text")
    with alert_store.transaction(config) as connection:
        alert = from_body(alert_store.body_of(connection, id))
        alert_store.remember(connection, alert.id, _named(who), "comment", _line(text), now)


def silence(config: Config, matcher: Matcher, *, who: str, reason: str, until: datetime | None, now: datetime) -> Silence:
    """Tell nobody about matching alerts until a time.

    Raises
    ------
    UsageError
        No reason, no name, nothing named, no end, an end that has passed or one beyond 90 days.
    """
    return _silence(config, [(matcher, None)], who=who, reason=reason, until=until, now=now)[0]


def silence_alerts(
    config: Config, ids: Iterable[str], *, who: str, reason: str, until: datetime | None, now: datetime
) -> tuple[Silence, ...]:
    """Tell nobody about these alerts' series until a time.

    Raises
    ------
    UsageError
        As in `silence`; or there is no such alert.
    """
    found = [alert(config, id) for id in ids]
    return _silence(config, [(Matcher.of(matcher_of(each)), each.id) for each in found], who=who, reason=reason, until=until, now=now)


def end_silence(config: Config, number: int, *, who: str, now: datetime) -> None:
    """End a silence before its time.

    Raises
    ------
    UsageError
        There is no such silence.
    """
    with alert_store.transaction(config) as connection:
        alert_store.end_silence(connection, number, who=_named(who), now=now)
        before = [from_body(body) for body in alert_store.newest(connection)]
        _advance(connection, config, before, (), [], now)


def alerts(config: Config, *, now: datetime, since: datetime | None = None, pending: bool = True) -> tuple[Alert, ...]:
    """Alerts that are not over, and those that were over at `since` or later, newest first; what never fired is left out then."""
    if not alert_store.exists(config):
        return ()
    with alert_store.opened(config) as connection:
        found = [from_body(body) for body in alert_store.listed(connection, since)]
    return tuple(each for each in found if (each.live or each.fired is not None) and (pending or each.state != "pending"))


def alert(config: Config, id: str) -> Alert:
    """One occurrence, by key-occurrence; a bare key means its newest.

    Raises
    ------
    UsageError
        There is no such alert.
    """
    with alert_store.opened(config) as connection:
        return from_body(alert_store.body_of(connection, id))


def silences(config: Config, *, now: datetime, ended: bool = False) -> tuple[Silence, ...]:
    """Silences in force, newest first; with `ended`, also those that are not any more."""
    if not alert_store.exists(config):
        return ()
    with alert_store.opened(config) as connection:
        return tuple(each for each in _silences(connection) if ended or each.active(now))


def history(config: Config, id: str) -> tuple[Act, ...]:
    """What happened to an alert, and who did it, in order.

    Raises
    ------
    UsageError
        There is no such alert.
    """
    with alert_store.opened(config) as connection:
        return alert_store.history(connection, from_body(alert_store.body_of(connection, id)).id)


def deliveries(config: Config, id: str | None = None, *, now: datetime | None = None) -> tuple[Delivery, ...]:
    """Where messages stand, newest first: about one alert, or about all."""
    return outbox.listed(config, id, now=now)


def similar(config: Config, to: Alert, limit: int = 10) -> tuple[Alert, ...]:
    """Alerts like this one that fired and are over: the same series first, then the same rule elsewhere."""
    with alert_store.opened(config) as connection:
        found = alert_store.similar(connection, to.key, to.occurrence, to.model, to.rule, limit)
        return tuple(from_body(body) for body in found)


def as_json(config: Config, alert: Alert) -> dict[str, object]:
    """An alert as a webhook gets it, with its model's owner and runbook."""
    known = config.models.get(alert.model)
    return public(alert) | {"owner": known.owner if known else None, "runbook": known.runbook if known else None}


def _people(config: Config, kind: Done, ids: Iterable[str], *, who: str, note: str, now: datetime) -> tuple[Alert, ...]:
    with alert_store.transaction(config) as connection:
        named = list(dict.fromkeys(from_body(alert_store.body_of(connection, id)).id for id in ids))
        actions = _acts(connection, kind, named, who=_named(who), note=_line(note), now=now)
        before = [from_body(body) for body in alert_store.newest(connection)]
        _advance(connection, config, before, (), actions, now)
        return tuple(from_body(alert_store.body_of(connection, id)) for id in named)


def _acts(connection: Connection, kind: Done, ids: Sequence[str], *, who: str, note: str, now: datetime) -> list[Action]:
    numbers = alert_store.act(connection, kind, ids, who=who, note=note, now=now)
    return [Action(number=number, kind=kind, id=id, who=who, note=note) for number, id in zip(numbers, ids, strict=True)]


def _silence(
    config: Config, wanted: Sequence[tuple[Matcher, str | None]], *, who: str, reason: str, until: datetime | None, now: datetime
) -> tuple[Silence, ...]:
    numbers = []
    with alert_store.transaction(config) as connection:
        for matcher, _ in wanted:
            check(matcher, reason=reason, who=who, until=until, now=now)
            assert until is not None
            kept = matcher_json(matcher)
            numbers.append(alert_store.add_silence(connection, kept, reason=_line(reason), who=_named(who), until=until, now=now))
        before = [from_body(body) for body in alert_store.newest(connection)]
        _advance(connection, config, before, (), [], now)
        return tuple(each for each in _silences(connection) if each.number in numbers)


def _advance(
    connection: Connection, config: Config, before: Sequence[Alert], signals: Iterable[Signal], actions: Sequence[Action], now: datetime,
    *, causes: Mapping[str, Sequence[AlertCause]] | None = None, run: str | None = None, drill: bool = False,
) -> Round:  # fmt: skip
    asked = {} if run is None else {name: _asked(model) for name, model in config.models.items()}
    rules = Rules(repeat=config.alerts.repeat, resolve_after=config.alerts.resolve_after, drill=drill, asked=asked)
    after, notifications = advance(before, signals, actions, _silences(connection), now, rules, causes, run)
    known = {each.id: each for each in before}
    changed = tuple(each for each in after if each != known.get(each.id))
    alert_store.save(connection, map(to_row, changed))
    for each in changed:
        for who, what, note in story(known.get(each.id), each, actions):
            alert_store.remember(connection, each.id, who, what, note, now)
    queued = 0
    for notification in notifications:
        queued += outbox.put(connection, posted(connection, config, notification, after), now)
        for each in notification.alerts:
            alert_store.remember(connection, each.id, CANDOR, "told", notification.kind, now)
    return Round(alerts=changed, notifications=notifications, queued=queued)


def _asked(model: ModelConfig) -> frozenset[str]:
    """The rules that a run of this model speaks of where nothing fails: those with a threshold, and of distances only the user's own."""
    from audits.alarms.signals import NAME
    from audits.policy import thresholds
    from audits.registry import GROUPS

    distances = {each.name for each in GROUPS["drift"]} - set(model.policy)
    return frozenset({NAME, *thresholds(model)} - (distances - {NAME}))


def _silences(connection: Connection) -> tuple[Silence, ...]:
    return tuple(
        Silence(
            number=row.number, matcher=Matcher.of(row.matcher), reason=row.reason, who=row.who, created=row.created, until=row.until,
            ended=row.ended,
        )
        for row in alert_store.silences(connection)
    )  # fmt: skip


def _named(who: str) -> str:
    """A name as it is kept.

    Raises
    ------
    UsageError
        It is empty.
    """
    if not who.strip():
        raise UsageError("who does this has no name; give --who")
    return _line(who)[:200]


def _line(text: str) -> str:
    """A text in one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NOTE]
