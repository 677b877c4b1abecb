"""Ingest lag: how late rows came, and a log's past, which says nothing."""

from __future__ import annotations

from dataclasses import replace

from audits.quality.ingest_lag import IN_BULK, ingest_lag


def test_late_rows_are_told_from_a_log_s_past(evidence_of, ledger_of, figures):
    evidence = evidence_of([{"x": 1.0, "day": i} for i in range(5)])
    batches = [{"committed": 72.5}, {"committed": 96.1}, {"committed": 122.0}]
    hours = [
        (1, 0, 10, {"waited": 10 * 72 * 3600}), (1, 24, 10, {"waited": 10 * 48 * 3600}), (1, 48, 10, {"waited": 10 * 24 * 3600}),
        (2, 72, 10, {"waited": 10 * 12 * 3600}), (3, 96, 20, {"waited": 20 * 2 * 3600}), (3, 73, 10, {"waited": 10 * 50 * 3600}),
    ]  # fmt: skip
    found = figures(ingest_lag, replace(evidence, ledger=ledger_of(batches, hours)))
    # Three days came at once: the first is history. Day 4: 10 rows after 12 hours and 10 after 50. Over all: 1,380 hours of 60 rows.
    assert [(f.window, f.value, f.reason) for f in found] == [
        (0, 23, ""), (1, None, IN_BULK), (2, 48, ""), (3, 24, ""), (4, 31, ""), (5, 2, "")]  # fmt: skip
