"""Clock skew: the share of rows dated in the future when they came."""

from __future__ import annotations

from dataclasses import replace

from audits.quality.clock_skew import clock_skew


def test_rows_dated_in_the_future_are_counted_by_window(evidence_of, ledger_of, figures):
    evidence = evidence_of([{"x": 1.0, "day": i // 10} for i in range(20)])
    ledger = ledger_of([{}, {}], [(1, 0, 10, {}), (1, 24, 5, {}), (2, 30, 15, {"future": 4}), (1, -5, 50, {"future": 9})])
    found = figures(clock_skew, replace(evidence, ledger=ledger))
    assert [(f.window, f.value, f.n) for f in found] == [(0, 4 / 30, 30), (1, 0, 10), (2, 0.2, 20)]  # the reference is left out


def test_a_log_whose_arrivals_nobody_remembers_has_no_figure(evidence_of, figures):
    assert figures(clock_skew, evidence_of([{"x": 1.0}])) == []
