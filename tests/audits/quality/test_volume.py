"""Volume: rows per window, gaps and partial windows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.quality.volume import volume


@pytest.fixture
def evidence(evidence_of):
    """Make three days: four rows, none, two; two versions; half of the first day's outcomes known."""
    rows = [{"version": "ab"[i % 2], "decision": 1, "outcome": 1 if i < 2 else None, "day": 0} for i in range(4)]
    return evidence_of([*rows, *({"version": "b", "decision": 0, "outcome": None, "day": 2} for _ in range(2))])


def test_volume_counts_every_window_and_a_gap_is_zero(evidence, figures):
    from scipy.stats import chi2

    found = figures(volume, evidence)
    assert {(f.version, f.window): f.value for f in found} == {
        (None, 1): 4, (None, 2): 0, (None, 3): 2, ("a", 1): 2, ("b", 1): 2, ("b", 3): 2}  # fmt: skip
    four, none = found[0], found[1]
    assert (four.low, four.high) == (pytest.approx(chi2.ppf(0.025, 8) / 2), pytest.approx(chi2.ppf(0.975, 10) / 2))
    assert (none.low, none.high, none.n) == (0.0, pytest.approx(3.6889, abs=1e-4), 0)


def test_a_partial_window_is_said_to_be_one(evidence, figures):
    windows = (*evidence.windows[:-1], replace(evidence.windows[-1], partial=True))
    reasons = {f.window: f.reason for f in figures(volume, replace(evidence, windows=windows), version=None)}
    assert reasons == {1: "", 2: "", 3: "the window is partial"}
