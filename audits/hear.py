"""What one signal makes of one alert: opened, raised on, gone quiet, over. Nothing here fires or tells anybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from audits.alert_state import ARRIVALS, CANDOR, RANK, Alert, Position, Rules, newer, position_of, windows_between
from audits.finding import Severity, Signal

MEMORY = 10
"""An alert that comes back within so many times the quiet windows that ended it comes and goes: ending it takes longer each time."""
DOUBLINGS = 4
UNJUDGED = "no longer judged: the column, group, version or threshold that it is about is gone"


def hear(alert: Alert | None, key: str, signal: Signal, now: dt.datetime, rules: Rules, run: str | None) -> Alert | None:
    """The newest occurrence of a key after a signal; None where there is nothing to keep.

    A signal about a window that has been passed changes nothing, and one about the same window counts no second time.
    """
    position = position_of(signal)
    if alert is None:
        return _opened(None, key, signal, now, rules, run) if signal.answer == "raised" else None
    by_clock = signal.rule in ARRIVALS  # its windows end when it is asked, so that a clock put back would silence it
    passed = (newer(alert.position, position) or newer(alert.judged, position)) and not by_clock
    if passed or (signal.partial and position is not None and alert.judged == position):
        return alert
    if signal.answer == "raised":
        if alert.live:
            return _raised(alert, signal, now, rules, run)
        again = alert.answer != "raised" if by_clock or position is None else newer(position, alert.position)
        return _opened(alert, key, signal, now, rules, run) if again else alert
    alert = replace(alert, judged=alert.judged if signal.partial else position)
    if not alert.live:  # its position stays that of the window in which it was over: any later one may open it again
        return replace(alert, answer="quiet") if signal.answer == "quiet" and not signal.partial else alert
    alert = replace(alert, position=position)
    if signal.answer == "can't tell" or signal.partial:
        return replace(alert, answer=signal.answer, reason=signal.reason)
    return _quiet(alert, signal, now)


def unheard(alert: Alert, signals: Sequence[Signal], now: dt.datetime, rules: Rules) -> Alert:
    """An alert after a run that judged its model: over, once `resolve_after` runs in a row, each with a newer window, left it out.

    A rule says something of every series it still knows, if only that it can't tell; so what is never mentioned is gone: its column is no
    feature any more, its threshold was taken out, its group or version does not come. Where the run says nothing at all of the model or of
    a rule that it is asked for, that failed, and nothing follows; and what the watcher itself raises between audits is left alone.
    """
    about = [each for each in signals if each.model == alert.model]
    if not about or not alert.live or alert.drill != rules.drill or alert.rule in ARRIVALS:
        return alert
    if alert.rule in rules.asked.get(alert.model, ()) and all(each.rule != alert.rule for each in about):
        return alert
    if any(_speaks_of(each, alert) for each in about):
        return replace(alert, unheard=0, unheard_at=None) if alert.unheard else alert
    ends = [position_of(each) for each in about if not each.partial and each.rule not in ARRIVALS]
    newest: Position | None = None
    for end in ends:
        newest = end if newer(end, newest) else newest
    if newest is None or not newer(newest, alert.unheard_at if alert.unheard else alert.position):
        return alert
    alert = replace(alert, unheard=alert.unheard + 1, unheard_at=newest)
    if alert.unheard < rules.resolve_after:
        return alert
    over = replace(alert, state="resolved", resolved=max(now, alert.updated), resolved_by=CANDOR, note=UNJUDGED)
    return replace(over, silence=None, held_by=None, held_until=None)


def _speaks_of(signal: Signal, alert: Alert) -> bool:
    """Whether a signal is about an alert's series.

    A version's own is left out where all versions together ring, and a rule that failed speaks for all of its series.
    """
    if signal.key == alert.signal.key:
        return True
    if signal.rule != alert.rule:
        return False
    failed = signal.answer == "can't tell" and (signal.slice, signal.column, signal.version, signal.attribute) == ("{}", None, None, None)
    return failed or (signal.answer == "raised" and signal.version is None and replace(alert.signal, version=None).key == signal.key)


def at_once(signal: Signal) -> bool:
    """Whether one window is enough: the evidence has passed its line, or the rule states a fact.

    What is held against a fixed threshold needs more, since one window passes it by chance.
    """
    from audits.alarms.signals import FACTS

    if signal.line is not None:
        return signal.evidence is not None and signal.evidence >= signal.line
    bounded = signal.threshold_min is not None or signal.threshold_max is not None
    return not bounded or signal.rule in FACTS or position_of(signal) is None


def began(signal: Signal) -> Position | None:
    """Where the change began, as far as the signal says."""
    if signal.since is not None:
        return signal.since
    return signal.window_start if signal.window_start is not None else signal.first_row


def graver(alert: Alert, severity: Severity) -> Alert:
    """An alert that has become graver is told anew, even if somebody has acknowledged the lesser one."""
    if RANK[severity] <= RANK[alert.severity]:
        return alert
    return replace(alert, severity=severity, told=None, state="firing" if alert.state == "acknowledged" else alert.state)


def _opened(last: Alert | None, key: str, signal: Signal, now: dt.datetime, rules: Rules, run: str | None) -> Alert:
    returns, occurrence, acted, stamp = 0, 1, 0, now
    if last is not None:
        # An occurrence that never fired is nobody's history.
        occurrence, acted, stamp = last.occurrence + (last.fired is not None), last.acted, max(now, last.updated)
        between = windows_between(signal, last.position)
        if last.fired is not None and between is not None and between <= MEMORY * last.needed:
            returns = last.returns + 1
    position = position_of(signal)
    quiet = 1 if signal.rule in ARRIVALS else rules.resolve_after
    return Alert(
        key=key, occurrence=occurrence, signal=signal, state="pending", severity=signal.severity, opened=stamp, updated=stamp,
        since=began(signal), needed=quiet * 2 ** min(returns, DOUBLINGS), ready=rules.windows_to_fire <= 1 or at_once(signal),
        reason=signal.reason, position=position, judged=None if signal.partial else position, raised_at=position, returns=returns,
        seen=stamp, acted=acted, run=run, drill=rules.drill,
    )  # fmt: skip


def _raised(alert: Alert, signal: Signal, now: dt.datetime, rules: Rules, run: str | None) -> Alert:
    position = position_of(signal)
    raised = alert.raised + newer(position, alert.raised_at)
    return replace(
        graver(alert, signal.severity), signal=signal, answer="raised", reason=signal.reason, run=run or alert.run, position=position,
        judged=alert.judged if signal.partial else position, raised=raised, raised_at=position, quiet=0, quiet_at=None,
        ready=alert.ready or raised >= rules.windows_to_fire or at_once(signal),
        seen=alert.seen if signal == alert.signal else max(now, alert.updated),
    )  # fmt: skip


def _quiet(alert: Alert, signal: Signal, now: dt.datetime) -> Alert:
    position = position_of(signal)
    quiet = alert.quiet + (position != alert.quiet_at) if position is not None else alert.needed  # without windows nothing can be counted
    alert = replace(alert, answer="quiet", reason=signal.reason, quiet=quiet, quiet_at=position)
    if quiet >= alert.needed or (alert.state == "pending" and not alert.ready):
        return replace(alert, state="resolved", resolved=max(now, alert.updated), silence=None, held_by=None, held_until=None)
    return alert
