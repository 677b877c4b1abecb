"""Duplicated time stamps: beyond the reference's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.quality.duplicated_timestamps import TOO_COARSE, duplicated_timestamps


@pytest.fixture
def evidence(evidence_of):
    """Make two days."""
    return evidence_of([{"x": 1.0, "day": i // 100} for i in range(200)])


def test_the_share_is_held_against_the_reference(evidence, ledger_of, figures):
    ledger = ledger_of([{}], [(1, -3, 100, {"times": 90}), (1, 0, 100, {"times": 88}), (1, 24, 100, {"times": 20})])
    found = figures(duplicated_timestamps, replace(evidence, ledger=ledger))
    # 10 % in the reference; 12 %, 80 %, and 92 of 200 over both
    assert [(f.window, round(f.value, 6)) for f in found] == [(0, 0.36), (1, 0.02), (2, 0.7)]
    assert found[1].low < 0 < found[1].high
    assert found[2].low > 0.5
    assert found[2].tables == {"share": 0.8, "reference": 0.1}


def test_a_coarse_clock_has_no_figure(evidence, ledger_of, figures):
    ledger = ledger_of([{}], [(1, -3, 100, {"times": 1}), (1, 0, 100, {"times": 1})])
    assert {(f.value, f.reason) for f in figures(duplicated_timestamps, replace(evidence, ledger=ledger))} == {(None, TOO_COARSE)}


def test_without_a_reference_the_first_window_stands_in(evidence, ledger_of, figures):
    ledger = ledger_of([{}], [(1, 0, 100, {"times": 100}), (1, 24, 100, {"times": 40})])
    assert [f.value for f in figures(duplicated_timestamps, replace(evidence, ledger=ledger), window=2)] == [pytest.approx(0.6)]
