"""Freshness: hours from the newest prediction to the clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from audits.quality.freshness import freshness


@pytest.fixture
def evidence(evidence_of):
    """Make three days: four rows, none, two; two versions; half of the first day's outcomes known."""
    rows = [{"version": "ab"[i % 2], "decision": 1, "outcome": 1 if i < 2 else None, "day": 0} for i in range(4)]
    return evidence_of([*rows, *({"version": "b", "decision": 0, "outcome": None, "day": 2} for _ in range(2))])


def test_freshness_is_hours_to_the_clock(evidence, figures):
    newest = dt.datetime(2026, 3, 1, 12)
    (found,) = figures(freshness, replace(evidence, freshness=newest, clock=newest + dt.timedelta(hours=36, minutes=30)))
    assert (found.value, found.low, found.high, found.window, found.n) == (36.5, 36.5, 36.5, 0, 6)


def test_freshness_from_the_future_is_negative_and_said(evidence, figures):
    (found,) = figures(freshness, replace(evidence, clock=evidence.freshness - dt.timedelta(hours=2)))
    assert (found.value, found.reason) == (-2.0, "the newest prediction is dated after the time of the audit")


def test_freshness_without_any_time_has_a_reason(evidence, figures):
    (found,) = figures(freshness, replace(evidence, freshness=None))
    assert (found.value, found.reason) == (None, "no prediction carries a time")
