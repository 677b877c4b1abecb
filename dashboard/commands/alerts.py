"""The work of `candor alerts`: what is open, one alert in full, and what people do about them."""

from __future__ import annotations

import getpass
import json as json_text
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from connectors.config import Config
from connectors.errors import UsageError

Show = Callable[[str], None]
OPEN = ("firing", "acknowledged", "silenced", "held back", "pending")
RESOLVED_FOR = timedelta(days=30)
"""How far back resolved alerts are listed; --state all lists every one."""


def show_list(config: Config, *, state: str, model: str | None, show: Show) -> int:
    """Print alerts by incident, silences in force, and how fast people answered."""
    from audits import alerting
    from audits.alert_json import public
    from audits.incidents import incidents, response
    from dashboard.commands.text import table
    from reports.deliver import words

    at = _now()
    found = alerting.alerts(config, now=at, since=None if state == "all" else at - RESOLVED_FOR)
    found = tuple(each for each in found if model in (None, each.model))
    wanted = {"open": OPEN, "all": (*OPEN, "resolved")}.get(state, (state.replace("-", " "),))
    rows = [
        (incident.id, each.id, each.shown, each.severity, each.model, words.headline(public(each)), each.since, _second(each.fired),
         each.held_by or each.acknowledged_by or each.silence)
        for incident in incidents(found) for each in incident.alerts if each.shown in wanted
    ]  # fmt: skip
    if rows:
        show(table(("incident", "id", "state", "severity", "model", "what", "since", "fired", "by"), rows))
    else:
        show("No alerts." if state == "all" else f"No {state} alerts.")
    if quiet := alerting.silences(config, now=at):
        names = ("silence", "model", "rule", "column", "slice", "until", "who", "reason")
        show(table(names, [
            (each.number, each.matcher.model, each.matcher.rule, each.matcher.column,
             ", ".join(f"{name}={level}" for name, level in each.matcher.slice.items()) or None, each.until, each.who, each.reason)
            for each in quiet
        ]))  # fmt: skip
    answered = response(found)
    if answered.mean_to_acknowledge is not None:
        show(f"Mean time to acknowledge {_lasting(answered.mean_to_acknowledge)} (n = {answered.acknowledged})")
    return 0


def show_one(config: Config, id: str, *, json: bool, show: Show) -> int:
    """Print one alert in full: what, since when, why, what happened to it and who was told."""
    from audits import alerting
    from dashboard.commands.text import table
    from reports.deliver import words

    alert = alerting.alert(config, id)
    body = alerting.as_json(config, alert)
    if json:
        show(json_text.dumps(body, ensure_ascii=False, indent=1))
        return 0
    show(words.sentence(body))
    for line in (words.cause(body), words.next_step(body)):
        if line:
            show(line)
    pairs = [
        ("id", alert.id), ("state", alert.shown), ("severity", alert.severity), ("incident", alert.incident), ("model", alert.model),
        ("rule", alert.rule), ("newest window", f"{alert.answer}, {alert.quiet} of {alert.needed} quiet windows"),
        ("fired", _second(alert.fired)), ("acknowledged", alert.acknowledged_by), ("held back by", alert.held_by),
        ("silence", alert.silence),
        ("resolved", _second(alert.resolved)),
        ("owner", body["owner"]), ("runbook", body["runbook"]), ("run", alert.run), ("earlier", ", ".join(alert.earlier) or None),
    ]  # fmt: skip
    show(table(("", ""), [pair for pair in pairs if pair[1] is not None]))
    lines = [(_second(act.at), act.who, act.what, act.note) for act in alerting.history(config, id)]
    show(table(("at", "who", "what", "note"), lines))
    sent = alerting.deliveries(config, alert.id, now=_now())
    if sent:
        names = ("channel", "message", "state", "attempts", "answer")
        show(table(names, [(each.channel, each.kind, each.state, each.attempts, each.said) for each in sent]))
    return 0


def acknowledge(config: Config, ids: Sequence[str], *, who: str | None, note: str, show: Show) -> int:
    """Acknowledge alerts, all of them or, if one does not exist, none."""
    from audits import alerting

    for alert in alerting.acknowledge(config, ids, who=_who(who), note=note, now=_now()):
        show(f"{alert.id}: {alert.shown}" + ("" if alert.state == "acknowledged" else "; only what fires can be acknowledged"))
    return 0


def resolve(config: Config, ids: Sequence[str], *, who: str | None, note: str, show: Show) -> int:
    """Close alerts by hand, all of them or, if one does not exist, none."""
    from audits import alerting

    for alert in alerting.resolve(config, ids, who=_who(who), note=note, now=_now()):
        show(f"{alert.id}: {alert.shown}")
    return 0


def silence(
    config: Config, ids: Sequence[str], *, model: str | None, rule: str | None, column: str | None, slices: Iterable[str], reason: str,
    lasting: str | None, until: str | None, who: str | None, show: Show,
) -> int:  # fmt: skip
    """Silence the alerts named, or those that the options describe, until a time."""
    from audits import alerting
    from audits.silences import Matcher

    levels = dict(_level(each) for each in slices)
    matcher, at = Matcher(model=model, rule=rule, column=column, slice=levels), _now()
    if ids and not matcher.empty:
        raise UsageError("name alerts, or describe them with --model, --rule, --column and --slice; not both")
    end, name = _end(lasting, until, at), _who(who)
    if ids:
        made = alerting.silence_alerts(config, ids, who=name, reason=reason, until=end, now=at)
    else:
        made = (alerting.silence(config, matcher, who=name, reason=reason, until=end, now=at),)
    for each in made:
        show(f"silence {each.number} until {each.until:%Y-%m-%d %H:%M} UTC: {each.reason}")
    return 0


def unsilence(config: Config, number: int, *, who: str | None, show: Show) -> int:
    """End a silence."""
    from audits import alerting

    alerting.end_silence(config, number, who=_who(who), now=_now())
    show(f"silence {number} is over")
    return 0


def test(config: Config, channel: str | None, *, show: Show) -> int:
    """Send a test message through each channel, or one; 3 when one did not arrive."""
    from dashboard.commands.text import table
    from reports.deliver.run import try_out

    found = try_out(config, channel, now=_now())
    rows = [(each.channel, each.kind, "ok" if each.ok else "failed", each.said) for each in found]
    show(table(("channel", "kind", "state", "answer"), rows))
    return 0 if all(each.ok for each in found) else 3


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _second(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(microsecond=0)


def _who(who: str | None) -> str:
    if who is not None:
        return who
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        raise UsageError("this machine does not know who you are; give --who") from None


def _level(text: str) -> tuple[str, str]:
    name, found, level = text.partition("=")
    if not found or not name:
        raise UsageError(f'--slice: "{text}" is no group; write NAME=LEVEL, such as sex=Female')
    return name, level


def _end(lasting: str | None, until: str | None, now: datetime) -> datetime | None:
    from connectors.config_values import delay

    if lasting is not None and until is not None:
        raise UsageError("give --for or --until, not both")
    if lasting is not None:
        try:
            found = delay(lasting)
            assert isinstance(found, timedelta)
            return now + found
        except ValueError as error:
            raise UsageError(f"--for: {error}") from None
        except OverflowError:
            raise UsageError(f'--for: "{lasting}" lies outside the calendar') from None
    if until is None:
        return None
    try:
        moment = datetime.fromisoformat(until.strip())
    except ValueError:
        raise UsageError(f'--until: "{until}" is no time; write 2026-08-10T09:30') from None
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _lasting(time: timedelta) -> str:
    from reports.times import duration

    return duration(time)
