"""Prediction counts: the log against the gateway, and gateways that cannot be read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audits.ledger import Gateway, Ledger, read_gateway
from audits.quality.prediction_count_mismatch import SILENT, prediction_count_mismatch


@pytest.fixture
def evidence(evidence_of):
    """Make three days of ten rows from 1 January 2026 on."""
    return evidence_of([{"x": 1.0, "day": i // 10} for i in range(30)])


def test_rows_over_what_was_served(evidence, figures):
    times = np.asarray(["2025-12-31T23:00", "2026-01-01T00:00", "2026-01-01T12:00", "2026-01-02T00:00"], dtype="datetime64[us]")
    gateway = Gateway(time=times, count=np.asarray([99.0, 6, 4, 20]))
    found = figures(prediction_count_mismatch, replace(evidence, ledger=Ledger(gateway=gateway)))
    assert [(f.window, f.value, f.reason) for f in found] == [(0, pytest.approx(20 / 30), ""), (1, 1, ""), (2, 0.5, ""), (3, None, SILENT)]
    assert found[2].tables == {"logged": 10, "served": 20}


@pytest.mark.parametrize("text", ["when,count\n2026-01-01,3\n", "time,count\nyesterday,3\n", "time,count\n2026-01-01,many\n"])
def test_a_file_that_is_no_count_is_said_in_one_sentence(evidence, figures, tmp_path, text):
    (tmp_path / "gateway.csv").write_text(text, encoding="utf-8")
    found = figures(prediction_count_mismatch, replace(evidence, ledger=Ledger(gateway=read_gateway(tmp_path / "gateway.csv"))))
    assert [(f.value, f.reason) for f in found] == [
        (None, "the gateway's counts (gateway.csv) need the columns time and count, with a date and a number in each row")]  # fmt: skip


def test_a_file_that_is_not_there(tmp_path):
    assert read_gateway(tmp_path / "no.csv").reason == "the gateway's counts (no.csv) cannot be read: No such file or directory"


def test_a_readable_file_in_any_order(tmp_path):
    (tmp_path / "g.csv").write_text("count,time\n5,2026-01-02T01:00:00+01:00\n3,2026-01-01\n", encoding="utf-8")
    found = read_gateway(tmp_path / "g.csv")
    assert (found.count.tolist(), found.time.astype(str).tolist()) == ([3, 5], ["2026-01-01T00:00:00.000000", "2026-01-02T00:00:00.000000"])


def test_without_a_gateway_there_is_no_figure(evidence, figures):
    assert figures(prediction_count_mismatch, evidence) == []
