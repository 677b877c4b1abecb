"""Silence: of a log that was live, of one of the past, and between audits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from audits.alarms.signals import _family
from audits.quality.arrived import NOTHING
from audits.quality.no_data import no_data, signal
from audits.quality.silence import PAST
from audits.quality.source_gone import signal as source_signal
from tests.audits.quality.conftest import moment

NOW = dt.datetime(2026, 5, 4, 12)
SIX = dt.timedelta(hours=6)


@pytest.fixture
def evidence(evidence_of):
    """Make two days; three windows of silence are three days."""
    return evidence_of([{"x": 1.0, "day": i} for i in range(2)])


def test_silence_over_what_is_allowed(evidence, ledger_of, figures):
    live = ledger_of([{"first": 0, "last": 47.0, "committed": 48.0}])
    late = replace(evidence, ledger=live, freshness=moment(47.0), clock=moment(47.0 + 36.0))
    assert [(f.window, f.value) for f in figures(no_data, late)] == [(0, 0.5), (2, 0.5)]
    gone = replace(late, clock=moment(47.0 + 144.0))
    assert figures(no_data, gone)[0].value == 2
    assert figures(no_data, gone)[0].tables == {"silent_hours": 144.0, "allowed_hours": 72.0}


def test_a_log_of_the_past_is_not_silent(evidence, ledger_of, figures):
    past = replace(evidence, ledger=ledger_of([{"first": 0, "last": 47.0, "committed": 9000}]))
    assert {(f.value, f.reason) for f in figures(no_data, past)} == {(None, PAST)}
    assert {(f.value, f.reason) for f in figures(no_data, evidence)} == {(None, NOTHING)}


def test_between_audits():
    quiet = signal("loans", NOW - dt.timedelta(hours=5), NOW, SIX)
    raised = signal("loans", NOW - dt.timedelta(hours=7), NOW, SIX)
    assert (quiet.answer, quiet.reason, quiet.key) == ("quiet", "", raised.key)
    assert (raised.answer, raised.reason, raised.window_end) == ("raised", "no new prediction for 7 hours, allowed are 6 hours", NOW)
    assert raised.since == NOW - dt.timedelta(hours=7)


@pytest.mark.parametrize("rule", ["no_data", "source_gone"])
def test_the_watcher_s_signal_is_of_the_audit_s_family(rule):
    of_watcher = [signal("m", NOW, NOW, SIX), signal("m", None, NOW, SIX)]
    if rule == "source_gone":
        of_watcher = [source_signal("m", since, NOW, "down", SIX) for since in (None, NOW)]
    assert {each.family for each in of_watcher} == {_family(rule)} == {"service"}


def test_a_log_that_never_began_is_waited_for_from_when_watching_began():
    assert signal("loans", None, NOW, SIX).answer == "can't tell"
    assert signal("loans", None, NOW, SIX, NOW - dt.timedelta(hours=1)).answer == "quiet"
    assert signal("loans", None, NOW, SIX, NOW - dt.timedelta(days=1)).answer == "raised"


def test_a_row_dated_ahead_is_no_negative_silence():
    assert signal("loans", NOW + dt.timedelta(hours=2), NOW, SIX).value == 0
