"""Label delay drift: by hand, at ages that both sides have reached, and when outcomes stop."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy import stats

from audits.drift.label_delay_drift import label_delay_drift
from audits.window import EPOCH
from tests.audits.conftest import FIRST_DAY

AFTER = EPOCH + dt.timedelta(days=FIRST_DAY + 40)


def rows_of(lags, day, reference=False):
    """Write a row for each lag in days; None for an outcome that is not known."""
    mark = {"day": day} | ({"reference": True} if reference else {})
    return [
        {"outcome": None if lag is None else 1, "outcome_time": None if lag is None else f"day {lag}", "decision": 1} | mark
        | ({} if lag is None else {"lag_days": lag})
        for lag in lags
    ]  # fmt: skip


@pytest.fixture
def aged(evidence_of):
    """Give the function that makes evidence whose newest prediction is day 40's, so that earlier days had their time."""

    def build(*parts, last=40):
        rows = [row for part in parts for row in part]
        return evidence_of([*rows, *rows_of([None], last)], clock=AFTER + dt.timedelta(days=30))

    return build


def test_by_hand(aged, figures):
    # Known within 0, 1, 2, 3 days: .25 .5 .75 .75 in the reference, 0 .25 .5 .75 in the window: the gap is 0.25, first on day 0.
    reference = rows_of([0, 1, 2, None] * 10, 0, reference=True)
    (found,) = figures(label_delay_drift, aged(reference, rows_of([1, 2, 3, None] * 10, 1)), window=1)
    half = np.sqrt(np.log(40) / 2 * (1 / 40 + 1 / 40))
    assert (found.value, found.low, found.high, found.n) == (pytest.approx(0.25), 0.0, pytest.approx(0.25 + half), 40)
    assert found.p == pytest.approx(stats.kstwobign.sf(0.25 / np.sqrt(1 / 20)), rel=1e-9)
    expected = {"day": 0, "direction": "later", "share": 0.75, "reference_share": 0.75, "median_days": 2, "reference_median_days": 1}
    assert {name: found.tables[name] for name in expected} == expected
    assert found.column == "outcome"


def test_young_windows_are_judged_by_what_they_could_show(aged, figures):
    """Four days old: outcomes that take a week cannot be known, and their absence is no drift."""
    lags = [1, 2, 7, None] * 20
    young = [lag if lag is not None and lag <= 3 else None for lag in lags]
    (found,) = figures(label_delay_drift, aged(rows_of(lags, 0, reference=True), rows_of(young, 1), last=6), window=1)
    assert (found.value, found.tables["days"]) == (0.0, 3)
    assert found.tables["share"] == found.tables["reference_share"] == 0.5


def test_the_newest_window_cannot_be_judged_yet(aged, figures):
    found = figures(label_delay_drift, aged(rows_of([0, 1] * 20, 0, reference=True), rows_of([0, 1] * 10, 1), last=2))
    newest = {f.window: f for f in found}[2]
    assert (newest.value, newest.reason) == (None, "can't tell yet: half of its predictions have not had a day's time")


def test_outcomes_that_stop_coming(aged, figures):
    (found,) = figures(label_delay_drift, aged(rows_of([1, 2] * 30, 0, reference=True), rows_of([None] * 50, 1)), window=1)
    assert (found.value, found.tables["direction"], found.tables["median_days"]) == (1.0, "later", None)
    assert found.low > 0.6


def test_earlier_is_said_too(aged, figures):
    (found,) = figures(label_delay_drift, aged(rows_of([4, 5] * 30, 0, reference=True), rows_of([0, 1] * 30, 1)), window=1)
    assert (found.value, found.tables["direction"]) == (1.0, "earlier")


def test_no_times_have_a_reason(evidence_of, figures):
    rows = [{"outcome": 1, "day": day, "reference": day == 0} for day in (0, 1) for _ in range(9)]
    (found,) = figures(label_delay_drift, evidence_of(rows))
    assert (found.value, found.reason) == (None, "the log does not say when outcomes became known")


def test_a_reference_without_outcomes_has_a_reason(aged, figures):
    (found,) = figures(label_delay_drift, aged(rows_of([None] * 9, 0, reference=True), rows_of([1] * 9, 1)))
    assert (found.value, found.reason) == (None, "the reference has no outcome whose time is known")
