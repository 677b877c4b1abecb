"""Error rate: failures by window and version; what counts as one is tested where it is read."""

from __future__ import annotations

from dataclasses import replace

from audits.ledger import Ledger
from audits.quality.error_rate import error_rate
from connectors.config import Columns


def test_failures_are_counted_by_window_and_version(evidence_of, figures):
    evidence = evidence_of([{"x": 1.0, "version": "ab"[i % 2], "day": i // 20} for i in range(40)])
    model = replace(evidence.model, columns=Columns(time="time", version="version", error="error"))
    numbers = [(p.bucket, p.version, p.number) for p in evidence.tally.partitions]
    day = min(bucket for bucket, _, _ in numbers)
    failed = {number: 4 for bucket, version, number in numbers if (bucket, version) == (day, "a")}
    found = figures(error_rate, replace(evidence, model=model, ledger=Ledger(errors=failed)))
    assert [(f.version, f.window, f.value) for f in found] == [
        (None, 0, 0.1), (None, 1, 0.2), (None, 2, 0), ("a", 0, 0.2), ("a", 1, 0.4), ("a", 2, 0), ("b", 0, 0), ("b", 1, 0), ("b", 2, 0),
    ]  # fmt: skip


def test_a_log_without_an_error_column_has_no_figure(evidence_of, figures):
    assert figures(error_rate, evidence_of([{"x": 1.0}])) == []
