"""`latency` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence
from audits.registry import find

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_whole_milliseconds(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """1 to 100 ms once each: the 50th, 95th and 99th row; ranks 40 to 61 hold the median with 95 %."""
    evidence = evidence_of([{"latency_ms": i + 1} for i in range(100)])
    assert [finding(evidence, f"latency_p{q}")["value"] for q in (50, 95, 99)] == [50.0, 95.0, 99.0]
    median = finding(evidence, "latency_p50")
    assert (median["low"], median["high"], median["n"]) == (40.0, 61.0, 100)
    late = finding(evidence, "latency_p99")
    assert np.isnan(late["high"])
    assert late["reason"] == "too few predictions for both ends of the interval"


def test_within_a_bin_of_numpy(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """2,000 latencies with a long tail: within 1 % of the exact quantile, which the interval holds."""
    x = np.random.default_rng(6).lognormal(4, 0.7, 2000)
    evidence = evidence_of([{"latency_ms": float(value)} for value in x])
    for q in (50, 95, 99):
        found = finding(evidence, f"latency_p{q}")
        exact = float(np.quantile(x, q / 100, method="inverted_cdf"))
        assert found["value"] == pytest.approx(exact, rel=0.01)
        assert found["low"] < exact < found["high"]


def test_beyond_the_reference(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """A day slower than anything in the reference: its percentile lies between the reference's maximum and the slowest answer."""
    rows = [{"latency_ms": 10.5 + i, "day": 0} for i in range(100)] + [{"latency_ms": 900.5, "day": 1}] * 100
    found = finding(evidence_of(rows), "latency_p50", window=2)
    assert 109.5 <= found["value"] <= 900.5
    assert found["high"] == 900.5


def test_a_window_without_latency(evidence_of: Callable[..., Evidence]) -> None:
    """It stays, with a reason."""
    rows = [{"latency_ms": 10.5, "day": 0}, {"latency_ms": 12.0, "day": 0}, {"latency_ms": None, "day": 1}]
    block = next(iter(find("latency_p95")(evidence_of(rows))))
    assert np.isnan(block.value[2])
    assert block.reason[2] == "no prediction of the window carries a latency"
