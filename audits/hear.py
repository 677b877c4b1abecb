"""What one signal makes of one alert: opened, raised on, gone quiet, over. Nothing here fires or tells anybody."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from audits.alert_state import ARRIVALS, RANK, Alert, Position, Rules, newer, position_of, windows_between
from audits.finding import Severity, Signal

MEMORY = 10
"""An alert that comes back within so many times the quiet windows that ended it comes and goes: ending it takes longer each time."""
DOUBLINGS = 4


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
