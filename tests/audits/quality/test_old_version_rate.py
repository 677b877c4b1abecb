"""Old versions: replaced by what answered alone, by a declared version, or by a release."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from audits.ledger import Ledger
from audits.quality.old_version_rate import old_version_rate
from connectors.actions import Event


def log(evidence_of, *days, version=None, shares=None, releases=()):
    """Make days of {version: rows}, the last window complete."""
    rows = [{"version": name, "x": 1.0, "day": day} for day, each in enumerate(days) for name, n in each.items() for _ in range(n)]
    found = evidence_of(rows)
    alerts = replace(found.model.alerts, version=version, shares=shares or {})
    return replace(found, model=replace(found.model, alerts=alerts), ledger=Ledger(releases=tuple(releases)))


def shares(figures, evidence):
    """List the figures by window, the whole period first."""
    return [f.value for f in figures(old_version_rate, evidence)]


def test_a_version_is_old_once_a_later_one_answered_alone(evidence_of, figures):
    days = ({"v1": 40}, {"v1": 30, "v2": 10}, {"v2": 40}, {"v1": 10, "v2": 30}, {"v1": 40})
    # a canary and the roll-out are no fault; v1's return on the fourth and fifth day is: 10 of 40, 40 of 40, 50 of 200
    assert shares(figures, log(evidence_of, *days)) == [0.25, 0, 0, 0, 0.25, 1]


def test_one_version_is_never_old(evidence_of, figures):
    assert shares(figures, log(evidence_of, {"v1": 40}, {"v1": 40})) == [0, 0, 0]


def test_the_declared_version_makes_earlier_ones_old_from_its_window_on(evidence_of, figures):
    days = ({"v1": 40}, {"v1": 20, "v2": 20}, {"v1": 10, "v2": 30})
    assert shares(figures, log(evidence_of, *days, version="v2")) == [pytest.approx(10 / 120), 0, 0, 0.25]


def test_a_declared_version_that_never_answered(evidence_of, figures):
    assert shares(figures, log(evidence_of, {"v1": 40}, {"v1": 40}, version="v2")) == [0.5, 0, 1]


def test_a_release_that_was_not_pushed(evidence_of, figures):
    released = Event(kind="release", at=dt.datetime(2026, 1, 2), text="model v2 is out")
    found = log(evidence_of, {"v1": 40}, {"v1": 40}, {"v1": 40}, version="v2", releases=[released])
    assert shares(figures, found) == [pytest.approx(2 / 3), 0, 1, 1]


def test_a_release_that_names_a_version_is_what_should_answer(evidence_of, figures):
    released = Event(kind="release", at=dt.datetime(2026, 1, 2), text="model v2.1, with new features")
    found = log(evidence_of, {"v2": 40}, {"v2": 20, "v2.1": 20}, {"v2": 20, "v2.1": 20}, releases=[released])
    assert shares(figures, found) == [pytest.approx(20 / 120), 0, 0, 0.5]


def test_versions_with_a_declared_share_are_not_old(evidence_of, figures):
    found = log(evidence_of, {"v1": 40}, {"v2": 40}, {"v1": 20, "v2": 20}, shares={"v1": 0.5, "v2": 0.5})
    assert shares(figures, found) == [0, 0, 0, 0]
