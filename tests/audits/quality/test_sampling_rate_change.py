"""Sampling-rate change: gaps in identities that count up, and identities that do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.quality.sampling_rate_change import NO_COUNTER, sampling_rate_change
from connectors.config import Columns


@pytest.fixture
def evidence(evidence_of):
    """Make two days of a log with identities."""
    found = evidence_of([{"x": 1.0, "day": i // 100} for i in range(200)])
    return replace(found, model=replace(found.model, columns=Columns(id="id", time="time")))


def keys(first, last):
    """Name the identities of an hour."""
    return {"first_key": first, "last_key": last}


def test_fewer_of_the_identities_are_there(evidence, ledger_of, figures):
    # the reference has 90 of 100, the first day 180 of 200, the second 45 of 150: 0.3 / 0.9
    hours = [(1, -3, 90, keys("1", "100")), (1, 0, 180, keys("101", "300")), (1, 24, 45, keys("301", "450"))]
    found = figures(sampling_rate_change, replace(evidence, ledger=ledger_of([{}], hours)))
    assert [(f.window, round(f.value, 6)) for f in found] == [(0, round(225 / 350 / 0.9, 6)), (1, 1.0), (2, round(0.3 / 0.9, 6))]
    assert found[2].high < 0.5


def test_text_before_the_number_is_fine(evidence, ledger_of, figures):
    hours = [(1, 0, 100, keys("A-0001", "A-0100")), (1, 24, 50, keys("A-0101", "A-0200"))]
    assert [f.value for f in figures(sampling_rate_change, replace(evidence, ledger=ledger_of([{}], hours)), window=2)] == [0.5]


@pytest.mark.parametrize(
    "hours",
    [
        [(1, 0, 9, keys("3f-x", "9a-y")), (1, 24, 9, keys("1c-z", "7b-q"))],  # no number at the end
        [(1, 0, 9, keys("5", "900")), (1, 24, 9, keys("3", "880"))],  # the same range every day
        [(1, 0, 9, keys("A-1", "A-9")), (1, 24, 9, keys("A-10", "A-19"))],  # text sorts 10 before 9
    ],
)
def test_identities_that_do_not_count_up_have_no_figure(evidence, ledger_of, figures, hours):
    found = figures(sampling_rate_change, replace(evidence, ledger=ledger_of([{}], hours)))
    assert [(f.value, f.reason) for f in found] == [(None, NO_COUNTER)]
