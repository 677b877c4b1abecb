"""Alerts step by step: each state, each way out of it, and what is told on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from audits.alert import advance
from audits.alert_state import Action, Alert, AlertCause, Notification, Rules
from audits.finding import Signal
from audits.hear import UNJUDGED
from audits.incidents import incidents, response
from audits.silences import Matcher, Silence

HOUR = dt.timedelta(hours=1)
T = dt.datetime(2026, 11, 21)
RULES = Rules(repeat=4 * HOUR, resolve_after=2)
PASSED = {"evidence": 5.0, "line": 4.0, "threshold_max": 0.05}
FIXED = {"rule": "calibration_gap", "family": "performance", "column": None, "threshold_max": 0.05}


def signal(hour: float, answer: str = "raised", **given: Any) -> Signal:
    """One hour's window: drift of income whose evidence has passed its line, unless told otherwise."""
    start = T + hour * HOUR
    known = {"model": "loans", "rule": "drift_evidence", "family": "drift", "severity": "page", "answer": answer, "column": "income"}
    window = {"window_start": start, "window_end": start + HOUR, "since": start if answer == "raised" else None}
    return Signal(**(known | window | ({} if given.get("rule") else PASSED) | given))


class Book:
    """Alerts that are taken from step to step."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules, self.alerts, self.silences, self.number = rules, (), (), 0
        self.told: list[Notification] = []

    def step(self, now: float, *signals: Signal, causes: dict[str, Sequence[AlertCause]] | None = None) -> list[str]:
        """Advance to `now` hours; gives what was told as "kind: rule, rule"."""
        self.alerts, said = advance(self.alerts, signals, (), self.silences, T + now * HOUR, self.rules, causes)
        self.told += said
        return [f"{each.kind}: {', '.join(alert.rule for alert in each.alerts)}" for each in said]

    def act(self, now: float, kind: str, alert: Alert) -> list[str]:
        self.number += 1
        action = Action(number=self.number, kind=kind, id=alert.id, who="ann")
        self.alerts, said = advance(self.alerts, (), [action], self.silences, T + now * HOUR, self.rules)
        return [each.kind for each in said]

    def silence(self, start: float, end: float, **matcher: Any) -> None:
        made = Silence(
            number=len(self.silences) + 1, matcher=Matcher(**matcher), reason="known", who="ann", created=T + start * HOUR,
            until=T + end * HOUR,
        )  # fmt: skip
        self.silences = (*self.silences, made)

    def one(self, rule: str = "drift_evidence") -> Alert:
        return [each for each in sorted(self.alerts, key=lambda each: each.occurrence) if each.rule == rule][-1]


def test_evidence_past_its_line_fires_at_once_and_is_told_once() -> None:
    book = Book()
    assert book.step(1, signal(0)) == ["firing: drift_evidence"]
    assert (book.one().state, book.one().fired) == ("firing", T + HOUR)
    before = book.alerts
    assert book.step(1.5, signal(0)) == []
    assert book.alerts == before  # the same signals again change nothing, not even a time


def test_a_fixed_threshold_needs_two_windows_and_a_quiet_one_ends_the_wait() -> None:
    book = Book()
    assert book.step(1, signal(0, **FIXED)) == []
    assert book.one("calibration_gap").state == "pending"
    assert book.step(1.2, signal(0, **FIXED)) == []  # the same window is no second one
    assert book.step(2, signal(1, "quiet", **FIXED)) == []
    assert book.one("calibration_gap").state == "resolved"
    assert book.step(3, signal(2, **FIXED)) == []
    assert book.step(4, signal(3, **FIXED)) == ["firing: calibration_gap"]
    assert book.one("calibration_gap").occurrence == 1  # what never fired is no occurrence


def test_a_fact_fires_at_once_although_it_has_a_threshold() -> None:
    book = Book()
    assert book.step(1, signal(0, rule="schema_change", family="quality", column=None, threshold_max=0.0)) == ["firing: schema_change"]


def test_what_cannot_be_told_neither_fires_nor_resolves() -> None:
    book = Book()
    book.step(1, signal(0, **FIXED))
    for hour in range(1, 5):
        assert book.step(hour + 1, signal(hour, "can't tell", **FIXED)) == []
    assert book.one("calibration_gap").state == "pending"
    book.step(6, signal(5, **FIXED))
    assert book.one("calibration_gap").state == "firing"
    for hour in range(6, 9):
        book.step(6.5, signal(hour, "can't tell", **FIXED))
    assert (book.one("calibration_gap").state, book.one("calibration_gap").quiet) == ("firing", 0)


def test_two_quiet_windows_in_a_row_resolve_and_a_filling_one_counts_for_nothing() -> None:
    book = Book()
    book.step(1, signal(0))
    assert book.step(2, signal(1, "quiet")) == []
    assert book.step(2.5, signal(2, "quiet", partial=True)) == []
    assert book.one().state == "firing"
    assert book.step(3, signal(2, "quiet")) == ["resolved: drift_evidence"]
    assert (book.one().state, book.one().resolved) == ("resolved", T + 3 * HOUR)


def test_an_alert_that_comes_back_is_a_new_occurrence_linked_to_the_one_before() -> None:
    book = Book()
    for hour, answer in enumerate(("raised", "quiet", "quiet", "raised")):
        book.step(hour + 1, signal(hour, answer))
    assert (book.one().occurrence, book.one().earlier, book.one().state) == (2, (f"{book.one().key}-1",), "firing")
    assert len(book.alerts) == 2


def test_one_that_comes_and_goes_pages_ever_less_often() -> None:
    # Raised every other hour never has two quiet windows: one page, then one repeat every four hours. 24 hours: 1 + 5.
    book = Book()
    told = [said for hour in range(24) for said in book.step(hour + 1, signal(hour, "raised" if hour % 2 == 0 else "quiet"))]
    assert told == ["firing: drift_evidence", *["repeat: drift_evidence"] * 5]
    # Raised every third hour resolves after 2 quiet windows once; then 4 would be needed, and 2 come.
    book = Book()
    told = [said for hour in range(24) for said in book.step(hour + 1, signal(hour, "raised" if hour % 3 == 0 else "quiet"))]
    assert [said.split(":")[0] for said in told].count("firing") == 2
    assert (book.one().occurrence, book.one().needed) == (2, 4)


def test_acknowledged_is_not_told_again_unless_it_grows_worse() -> None:
    book = Book()
    book.step(1, signal(0, severity="ticket"))
    assert book.act(2, "acknowledge", book.one()) == ["acknowledged"]
    assert [said for hour in range(2, 30) for said in book.step(hour, signal(hour, severity="ticket"))] == []
    assert book.step(31, signal(31, severity="page")) == ["worse: drift_evidence"]
    assert (book.one().state, book.one().severity, book.one().acknowledged) == ("firing", "page", T + 2 * HOUR)


def test_an_action_counts_once() -> None:
    book = Book()
    book.step(1, signal(0, severity="ticket"))
    first = [Action(number=1, kind="acknowledge", id=book.one().id, who="ann")]
    book.alerts, _ = advance(book.alerts, (), first, (), T + HOUR, RULES)
    book.step(2, signal(1))
    assert book.one().state == "firing"  # worse
    book.alerts, said = advance(book.alerts, (), first, (), T + 2 * HOUR, RULES)
    assert (book.one().state, said) == ("firing", ())


def test_a_silence_holds_firing_back_and_lets_it_through_when_it_ends() -> None:
    book = Book()
    book.silence(0, 6, model="loans", column="income")
    assert book.step(1, signal(0)) == []
    assert (book.one().state, book.one().shown) == ("pending", "silenced")
    assert book.step(5.9) == []
    assert book.step(6) == ["firing: drift_evidence"]  # no new signal is needed
    book.silence(6, 12, rule="drift_evidence")
    assert book.step(11) == []
    assert book.step(12) == ["repeat: drift_evidence"]


def test_what_can_no_longer_be_told_does_not_fire_when_its_silence_ends() -> None:
    book = Book()
    book.silence(0, 6, model="loans")
    book.step(1, signal(0))
    book.step(2, signal(1, "can't tell"))
    assert book.step(6) == []
    assert book.one().state == "pending"
    assert book.step(7, signal(6)) == ["firing: drift_evidence"]


def test_a_silence_of_a_slice_covers_every_slice_inside_it() -> None:
    book = Book()
    book.silence(0, 6, slice={"sex": "F"})
    inside = signal(0, slice='{"race": "B", "sex": "F"}')
    assert book.step(1, inside, signal(0, slice='{"sex": "M"}')) == ["firing: drift_evidence"]
    assert [each.shown for each in sorted(book.alerts, key=lambda each: len(each.levels))] == ["firing", "silenced"]


def test_a_cause_holds_back_the_drift_that_it_explains() -> None:
    book = Book()
    missing = {"rule": "missing_rate", "family": "quality", "severity": "ticket", "threshold_max": 0.1}
    assert book.step(1, signal(0), signal(0, **missing)) == ["firing: missing_rate"]
    cause, drift = book.one("missing_rate"), book.one()
    assert (drift.state, drift.shown, drift.held_by) == ("pending", "held back", cause.id)
    assert cause.severity == "page"  # as grave as what it stands for: the page is not lost
    assert drift.incident == cause.incident
    # The cause ends at hour 3; drift raised in the window that ended it lags behind, one raised after it is on its own.
    book.step(2, signal(1), signal(1, "quiet", **missing))
    assert book.step(3, signal(2), signal(2, "quiet", **missing)) == ["resolved: missing_rate"]
    assert book.one().shown == "held back"
    assert book.step(4, signal(3)) == ["firing: drift_evidence"]


def test_another_column_and_an_older_change_are_not_explained() -> None:
    missing = {"rule": "missing_rate", "family": "quality", "threshold_max": 0.1, "column": "debt"}
    assert Book().step(1, signal(0), signal(0, **missing)) == ["firing: drift_evidence"]
    older = signal(9, since=T)
    late = {"rule": "schema_change", "family": "quality", "since": T + 9 * HOUR}
    assert Book().step(10, older, signal(9, **late)) == ["firing: drift_evidence", "firing: schema_change"]


def test_a_cause_without_an_alert_of_its_own_holds_nothing_back() -> None:
    cause = AlertCause(kind="missing values", columns=("income",), upstream="bureau")
    book = Book()
    assert book.step(1, signal(0), causes={"loans": [cause]}) == ["firing: drift_evidence"]
    assert book.one().cause == cause


def test_no_data_holds_everything_of_the_model_back_and_one_arrival_ends_it() -> None:
    book = Book()
    silent = {"rule": "no_data", "family": "service", "column": None}
    assert sorted(book.step(1, signal(0), signal(0, **silent), signal(0, model="cards"))) == ["firing: drift_evidence", "firing: no_data"]
    assert {each.model: each.shown for each in book.alerts if each.rule == "drift_evidence"} == {"loans": "held back", "cards": "firing"}
    assert book.step(2, signal(1, "quiet", **silent)) == ["resolved: no_data"]


def test_one_upstream_cause_is_one_incident_over_models() -> None:
    cause = AlertCause(kind="source gone", columns=("income",), upstream="bureau")
    book = Book()
    book.step(1, signal(0), signal(0, model="cards"), signal(0, model="rent", column="debt"), causes={"loans": [cause], "cards": [cause]})
    assert [(each.models, each.severity, each.state) for each in incidents(book.alerts)] in (
        [(("cards", "loans"), "page", "firing"), (("rent",), "page", "firing")],
        [(("rent",), "page", "firing"), (("cards", "loans"), "page", "firing")],
    )
    assert sorted(len(each.alerts) for each in book.told) == [1, 2]  # two messages for three alerts


def test_changes_without_a_known_cause_are_apart_by_whom_they_are_about_and_when_they_began() -> None:
    book = Book()
    group = {"rule": "impact_ratio", "family": "fairness", "column": None, "slice": '{"sex": "F"}', "attribute": "sex", **PASSED}
    book.step(5, signal(4), signal(4, column="debt", since=T + 3 * HOUR), signal(4, column="age", since=T), signal(4, **group))
    assert sorted(sorted(str(alert.column) for alert in each.alerts) for each in incidents(book.alerts)) == [
        ["None"], ["age"], ["debt", "income"],
    ]  # fmt: skip


def test_ten_columns_that_drift_at_once_are_one_message_and_one_repeat() -> None:
    book = Book()
    assert len(book.step(1, *(signal(0, column=f"c{i}") for i in range(9)))) == 1
    assert len(book.step(2, signal(1, column="c9", since=T + HOUR))) == 1
    assert book.told[-1].first is False
    assert book.step(4.9) == []
    book.step(5)
    assert [(each.kind, len(each.alerts)) for each in book.told] == [("firing", 9), ("firing", 1), ("repeat", 10)]


def test_what_begins_days_later_is_an_incident_of_its_own() -> None:
    book = Book()
    book.step(1, signal(0))
    book.step(30, signal(29, column="debt"))
    assert len({each.incident for each in book.alerts}) == 2


def test_a_clock_put_back_repeats_nothing_early_and_stops_nothing() -> None:
    book = Book()
    book.step(100, signal(99))
    assert book.step(10) == []
    assert book.one().updated >= T + 100 * HOUR  # what is recorded does not go back
    assert book.step(13.9) == []
    assert book.step(14) == ["repeat: drift_evidence"]


def test_signals_about_windows_that_were_passed_change_nothing() -> None:
    book = Book()
    book.step(1, signal(0))
    for hour in (1, 2):
        book.step(hour + 1, signal(hour, "quiet"))
    before = book.alerts
    assert book.step(4, signal(0), signal(1, "quiet"), signal(2, "quiet")) == []
    assert book.alerts == before


def after_runs(book: Book, *runs: Sequence[Signal]) -> list[str]:
    """Audit once an hour from hour 2 on; each run says all that it judged."""
    said = []
    for hour, signals in enumerate(runs, start=2):
        book.alerts, told = advance(book.alerts, signals, (), (), T + hour * HOUR, book.rules, run=f"r{hour}")
        said += [each.kind for each in told]
    return said


def test_what_no_run_judges_any_more_is_over_after_two_of_them() -> None:
    book = Book()
    book.step(1, signal(0))
    other = [[signal(hour, "quiet", column="debt")] for hour in (1, 1, 2)]
    assert after_runs(book, *other[:2]) == []  # the second run is about the same window, so it counts no second time
    assert (book.one().state, book.one().unheard) == ("firing", 1)
    assert after_runs(book, other[2]) == ["resolved"]
    assert (book.one().state, book.one().resolved_by, book.one().note) == ("resolved", "candor", UNJUDGED)
    assert book.step(5, signal(4)) == ["firing: drift_evidence"]  # judged again, and still bad: a new occurrence


@pytest.mark.parametrize(
    "again",
    [
        [signal(3, "can't tell")],  # it is judged, though nobody can tell
        [],  # the audit failed
        [signal(3, "quiet", column="debt", model="cards")],  # another model's run
        [signal(3, "can't tell", column=None)],  # the rule itself failed
    ],
)
def test_what_a_run_may_leave_out_stays_open(again: list[Signal]) -> None:
    book = Book()
    book.step(1, signal(0))
    assert "resolved" not in after_runs(book, [signal(1, "quiet", column="debt")], again, again, again)
    assert book.one().live


def test_a_rule_that_failed_closes_nothing_and_one_that_is_not_asked_for_any_more_does() -> None:
    for asked, live in (({"loans": frozenset({"drift_evidence"})}, True), ({"loans": frozenset({"missing_rate"})}, False)):
        book = Book(replace(RULES, asked=asked))
        book.step(1, signal(0))
        after_runs(book, *([signal(hour, "quiet", rule="latency_p95", column=None)] for hour in (1, 2, 3)))
        assert book.one().live == live


def test_what_the_watcher_raises_and_what_it_says_between_audits_close_nothing() -> None:
    book = Book()
    book.step(1, signal(0), signal(0, rule="no_data", family="service", column=None), signal(0, rule="source_gone", column=None))
    for hour in range(1, 6):  # no run: the watcher's own facts
        book.step(hour + 1, signal(hour, "quiet", rule="latency_p95", column=None))
    assert {each.rule for each in book.alerts if each.live} == {"drift_evidence", "no_data", "source_gone"}
    after_runs(book, *([signal(hour, "quiet", column="debt")] for hour in range(6, 10)))
    assert {each.rule for each in book.alerts if each.live} == {"no_data", "source_gone"}


def test_a_version_that_is_left_out_because_all_versions_ring_stays_open() -> None:
    book = Book()
    book.step(1, signal(0, version="v2"))
    after_runs(book, *([signal(hour)] for hour in range(1, 5)))
    assert {(each.signal.version, each.live) for each in book.alerts} == {("v2", True), (None, True)}
    after_runs(book, *([signal(hour, "quiet")] for hour in range(5, 9)))  # v2 does not come any more
    assert not any(each.live for each in book.alerts)


def test_a_person_closes_an_alert_and_only_a_later_window_opens_it_again() -> None:
    book = Book()
    book.step(1, signal(0))
    assert book.act(1.5, "resolve", book.one()) == ["resolved"]
    assert book.step(1.6, signal(0)) == []
    assert book.step(2, signal(1)) == ["firing: drift_evidence"]
    assert book.one().occurrence == 2


def test_several_windows_at_once_are_taken_one_by_one() -> None:
    book = Book()
    said = book.step(4, signal(0), signal(1, "quiet"), signal(2, "quiet"))
    assert said == ["firing: drift_evidence", "resolved: drift_evidence"]


def test_windows_by_rows_count_as_windows_by_time_do() -> None:
    def rows(block: int, answer: str = "raised") -> Signal:
        first = block * 5000
        plain = {"window_start": None, "window_end": None, "first_row": first, "last_row": first + 4999}
        return replace(signal(0, answer), **plain, since=first if answer == "raised" else None)

    book = Book()
    assert book.step(1, rows(0)) == ["firing: drift_evidence"]
    assert book.step(2, rows(1, "quiet"), rows(2, "quiet")) == ["resolved: drift_evidence"]
    assert book.step(3, rows(3)) == ["firing: drift_evidence"]


def test_a_drill_never_meets_a_real_alert() -> None:
    book = Book()
    book.step(1, signal(0))
    book.rules = replace(RULES, drill=True)
    assert book.step(1, signal(0)) == ["firing: drift_evidence"]
    assert sorted(each.id.startswith("drill-") for each in book.alerts) == [False, True]
    assert book.told[1].incident.startswith("drill-")
    assert len({each.incident for each in book.alerts}) == 2


def test_how_long_people_took() -> None:
    # Fired at 1 and acknowledged at 1.5 and 4: half an hour and three hours, mean 1 h 45 min; resolved at 3 and never.
    book = Book()
    book.step(1, signal(0), signal(0, model="cards"))
    loans, cards = (next(each for each in book.alerts if each.model == model) for model in ("loans", "cards"))
    book.act(1.5, "acknowledge", loans)
    book.act(3, "resolve", loans)
    book.act(4, "acknowledge", cards)
    found = response(book.alerts)
    assert (found.fired, found.acknowledged, found.resolved) == (2, 2, 1)
    assert found.mean_to_acknowledge == dt.timedelta(hours=1, minutes=45)
    assert found.mean_to_resolve == 2 * HOUR
    assert response(()).mean_to_acknowledge is None


@pytest.mark.parametrize("severity", ["info", "ticket", "page"])
def test_a_notification_is_as_grave_as_its_gravest_alert(severity: str) -> None:
    book = Book()
    book.step(1, signal(0, severity="info"), signal(0, column="debt", severity=severity))
    assert [each.severity for each in book.told] == [severity]
