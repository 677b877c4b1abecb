"""Label arrival: outcomes against what the reference had at the same age."""

from __future__ import annotations

import datetime as dt

import pytest

from audits.audit import missing
from audits.quality.label_arrival import NOT_DUE, label_arrival
from audits.quality.label_flow import NO_PROMISE


def rows(day, n, lags, **more):
    """Make a day's rows, of which some have an outcome after so many days."""
    known = [{"decision": 1, "outcome": 1, "outcome_time": 1, "lag_days": lag, "day": day, **more} for lag in lags]
    return known + [{"decision": 1, "outcome": None, "day": day, **more}] * (n - len(known))


# 60 of the reference's 100 are known on the first day, 80 in the end; its days lie far back
REFERENCE = rows(-30, 100, [0] * 60 + [2] * 20, reference=True)


def test_outcomes_that_came_over_those_promised(evidence_of, figures):
    log = [*REFERENCE, *rows(0, 100, [0] * 60 + [2] * 20), *rows(1, 100, [0] * 30), *rows(6, 100, [])]
    found = {f.window: f for f in figures(label_arrival, evidence_of(log))}
    assert (found[1].value, found[1].tables) == (pytest.approx(1.0), {"known": 80, "promised": 80.0})
    assert (found[2].value, found[2].tables) == (pytest.approx(30 / 80), {"known": 30, "promised": 80.0})
    assert found[2].high < 0.8
    assert found[7].reason == NOT_DUE  # today's
    assert found[0].value == pytest.approx(110 / 160)


def test_only_lags_that_every_row_has_had_time_for_count(evidence_of, figures):
    # by the newest row (23:59) the day before has not had a whole day for each of its rows, so nothing is promised of it yet
    log = [*REFERENCE, *rows(3, 100, [0] * 60), *rows(4, 100, [0] * 60), *rows(5, 100, [0] * 60), *rows(6, 10, [])]
    found = {f.window: f for f in figures(label_arrival, evidence_of(log))}
    assert {w: f.tables["promised"] for w, f in found.items() if f.tables and w} == {1: 60.0, 2: 60.0, 3: 0.0, 4: 0.0}


def test_without_times_of_outcomes_the_delay_says_when_they_are_due(evidence_of, figures):
    bare = [{k: v for k, v in row.items() if k not in ("lag_days", "outcome_time")} for row in (
        *REFERENCE, *rows(0, 100, [0] * 40), *rows(9, 100, []))]  # fmt: skip
    found = {f.window: f for f in figures(label_arrival, evidence_of(bare, label_delay=dt.timedelta(days=3)))}
    assert found[1].value == pytest.approx(40 / 80)
    assert found[10].reason == NOT_DUE


def test_a_reference_without_outcomes_promises_none(evidence_of, figures):
    found = figures(label_arrival, evidence_of([*rows(-9, 50, [], reference=True), *rows(0, 10, [0])]))
    assert [(f.value, f.reason) for f in found] == [(None, NO_PROMISE)]


def test_a_log_without_outcomes_has_no_figure(evidence_of):
    said = [missing(evidence_of([{"x": 1.0}]), need) for need in label_arrival.needs]
    assert said == [None, "the configuration maps no outcome column"]
