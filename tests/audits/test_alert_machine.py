"""Alerts under anything that can happen, in any order: what must hold after every step."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from audits.alert import advance
from audits.alert_state import RANK, Action, Alert, AlertCause, Notification, Rules
from audits.finding import Signal
from audits.hear import at_once
from audits.silences import Matcher, Silence

MINUTE = dt.timedelta(minutes=1)
T = dt.datetime(2026, 11, 21)
WINDOW = 60 * MINUTE
RULES = Rules(repeat=4 * WINDOW, resolve_after=2)
LOUD = ("firing", "worse", "repeat")
SERIES = (
    {"model": "loans", "rule": "drift_evidence", "family": "drift", "column": "income", "evidence": 5.0, "line": 4.0},
    {"model": "loans", "rule": "drift_evidence", "family": "drift", "column": "debt", "evidence": 5.0, "line": 4.0},
    {"model": "loans", "rule": "missing_rate", "family": "quality", "column": "income", "threshold_max": 0.1},
    {"model": "loans", "rule": "calibration_gap", "family": "performance", "threshold_max": 0.05},
    {"model": "loans", "rule": "schema_change", "family": "quality", "threshold_max": 0.0},
    {"model": "cards", "rule": "drift_evidence", "family": "drift", "column": "income", "evidence": 5.0, "line": 4.0},
    {"model": "cards", "rule": "no_data", "family": "service"},
)
CAUSES = {
    "loans": [AlertCause(kind="missing values", columns=("income", "debt"), upstream="bureau")],
    "cards": [AlertCause(kind="source gone", columns=("income",), upstream="bureau")],
}
answers = st.sampled_from(["raised", "raised", "quiet", "quiet", "can't tell", None])
severities = st.sampled_from(["info", "ticket", "page"])


class Alerts(RuleBasedStateMachine):
    """Windows come in, people act, time passes and is put back."""

    @initialize()
    def begin(self) -> None:
        self.alerts: tuple[Alert, ...] = ()
        self.silences: tuple[Silence, ...] = ()
        self.past, self.back, self.window, self.acts, self.runs = dt.timedelta(), dt.timedelta(), 0, 0, 0
        self.last: list[Signal] = []
        self.answered: dict[str, str] = {}
        self.loud: dict[str, list[tuple[dt.timedelta, str, str]]] = {}
        self.messages: set[str] = set()

    @property
    def now(self) -> dt.datetime:
        return T + self.past - self.back

    def step(self, signals: list[Signal], actions: list[Action], causes: bool = False) -> None:
        before = {each.id: each for each in self.alerts}
        now, known = self.now, CAUSES if causes else {}
        self.runs += 1
        run = f"r{self.runs}" if signals and self.runs % 2 else None  # every second time it is a run that says all it judged
        self.alerts, said = advance(self.alerts, signals, actions, self.silences, now, RULES, known, run)
        again, nothing = advance(self.alerts, signals, actions, self.silences, now, RULES, known, run)
        assert (sorted(again, key=id_of), nothing) == (sorted(self.alerts, key=id_of), ()), "the same again changed something"
        self.check(before, now, said)

    def check(self, before: dict[str, Alert], now: dt.datetime, said: tuple[Notification, ...]) -> None:
        after = {each.id: each for each in self.alerts}
        assert set(after) >= {id for id, each in before.items() if each.fired is not None or each.live}, "an alert was lost"
        for id, alert in after.items():
            was = before.get(id)
            if was is not None:
                assert alert.updated >= was.updated
                assert (was.state, alert.state) not in {("acknowledged", "pending"), ("firing", "pending")}
                assert alert.live <= (was.live or was.fired is None), "one that was over came back to life"
            times = [each for each in (alert.opened, alert.fired, alert.resolved) if each is not None]
            assert times == sorted(times)
            silenced = any(each.active(now) and each.matcher.matches(alert) for each in self.silences)
            if alert.state == "firing" and (was is None or was.state != "firing") and (was is None or was.state != "acknowledged"):
                assert not silenced, "it fired although it is silenced"
                assert alert.answer == "raised", "it fired although nobody can tell"
            if alert.state == "resolved" and was is not None and was.live:
                assert alert.resolved_by is not None or alert.answer == "quiet", "it was over although no window was quiet"
            if alert.state == "firing" and not alert.mute:
                assert alert.told is not None, "it fires and nobody was told"
                assert dt.timedelta() <= now - alert.told < RULES.repeat, "a repeat is overdue"
        for each in said:
            assert each.id not in self.messages, "two messages have one key"
            self.messages.add(each.id)
            for alert in each.alerts:
                if each.kind in LOUD:
                    self.tell(alert, each.kind, now)
        for id, alert in after.items():
            if alert.state == "acknowledged":
                self.answered[id] = alert.severity

    def tell(self, alert: Alert, kind: str, now: dt.datetime) -> None:
        assert not any(each.active(now) and each.matcher.matches(alert) for each in self.silences), "told although silenced"
        assert alert.held_by is None, "told although another alert explains it"
        if alert.id in self.answered:
            assert RANK[alert.severity] > RANK[self.answered.pop(alert.id)], "told although acknowledged"
        heard = self.loud.setdefault(alert.id, [])
        assert (not heard) == (alert.tellings == 1), "the count of tellings is wrong"
        if heard:
            # Once told, again only when it is graver, or when the repeat of its incident, which may be older, has come round.
            repeats = [when for when, kind, _ in heard if kind == "repeat"]
            waited = not repeats or self.past - repeats[-1] >= RULES.repeat
            assert waited or RANK[alert.severity] > RANK[heard[-1][2]], "told twice in one repeat"
        heard.append((self.past, kind, alert.severity))

    @rule(said=st.tuples(*[answers] * len(SERIES)), graver=severities, partial=st.booleans(), causes=st.booleans(), late=st.integers(0, 50))
    def window_ends(self, said: tuple[str | None, ...], graver: str, partial: bool, causes: bool, late: int) -> None:
        start = T + self.window * WINDOW
        signals = []
        for series, answer in zip(SERIES, said, strict=True):
            if answer is not None:
                signals.append(Signal(
                    **series, answer=answer, severity=graver if series["rule"] == "drift_evidence" else "ticket", window_start=start,
                    window_end=start + WINDOW, partial=partial, since=start if answer == "raised" else None,
                ))  # fmt: skip
        self.window += not partial
        self.past = max(self.past, self.window * WINDOW) + late * MINUTE
        self.last = signals
        self.step(signals, [], causes)
        for signal in signals:
            self.heard(signal)

    def heard(self, signal: Signal) -> None:
        mine = sorted((each for each in self.alerts if each.key == signal.key), key=lambda each: each.occurrence)
        if signal.answer == "raised":
            assert mine, "a raised signal left no alert"
            if not signal.partial and mine[-1].resolved_by is None:  # what a person closed stays closed for that window
                assert mine[-1].live, "a raised signal left no alert that is open"
            if mine[-1].live and at_once(signal) and not mine[-1].mute:
                assert mine[-1].state in ("firing", "acknowledged"), "evidence past its line did not fire"

    @rule(minutes=st.integers(1, 600))
    def time_passes(self, minutes: int) -> None:
        self.past += minutes * MINUTE
        self.step([], [])

    @rule(minutes=st.integers(1, 3000))
    def the_clock_is_put_back(self, minutes: int) -> None:
        self.back += minutes * MINUTE
        self.step([], [])

    @precondition(lambda self: self.last)
    @rule(count=st.integers(1, 3))
    def the_same_signals_come_again(self, count: int) -> None:
        before = {each.id: (each.state, each.quiet, each.raised, each.occurrence) for each in self.alerts}
        self.step(self.last[:count], [])
        assert {each.id: (each.state, each.quiet, each.raised, each.occurrence) for each in self.alerts} == before or self.lifted(before)

    def lifted(self, before: dict[str, tuple[object, ...]]) -> bool:
        """Whether only what waited for the end of a silence or of its cause has changed."""
        changed = [each for each in self.alerts if (each.state, each.quiet, each.raised, each.occurrence) != before.get(each.id)]
        return all(each.id in before and before[each.id][0] == "pending" and each.state == "firing" for each in changed)

    @precondition(lambda self: self.alerts)
    @rule(place=st.integers(0, 30), kind=st.sampled_from(["acknowledge", "acknowledge", "resolve"]))
    def somebody_acts(self, place: int, kind: str) -> None:
        self.acts += 1
        chosen = sorted(self.alerts, key=id_of)[place % len(self.alerts)]
        self.step([], [Action(number=self.acts, kind=kind, id=chosen.id, who="ann")])  # type: ignore[arg-type]

    @rule(minutes=st.integers(1, 900), matcher=st.sampled_from([{"model": "loans"}, {"column": "income"}, {"rule": "schema_change"}]))
    def somebody_silences(self, minutes: int, matcher: dict[str, str]) -> None:
        made = Silence(
            number=len(self.silences) + 1, matcher=Matcher(**matcher), reason="known", who="ann", created=self.now,
            until=self.now + minutes * MINUTE,
        )  # fmt: skip
        self.silences = (*self.silences, made)
        self.step([], [])

    @precondition(lambda self: self.silences)
    @rule()
    def a_silence_is_ended(self) -> None:
        self.silences = (*self.silences[:-1], replace(self.silences[-1], ended=self.now))
        self.step([], [])


def id_of(alert: Alert) -> str:
    return alert.id


TestAlerts = Alerts.TestCase
TestAlerts.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes and says little more
)  # fmt: skip
