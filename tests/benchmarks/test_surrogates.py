"""The benchmark of surrogates: its world without anything hidden is imitated, and what is hidden costs fidelity."""

from __future__ import annotations

import pytest

from audits.probes import surrogate
from benchmarks import surrogates


def test_what_the_log_lacks_costs_fidelity_and_makes_an_unused_column_look_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surrogates, "ROWS", 1500)
    monkeypatch.setattr(surrogate, "TREES", 60)
    whole, lacking = surrogates.one(1, 0.0), surrogates.one(1, 2.0)
    assert whole[0] > 0.95
    assert whole[2] < 0.1
    assert lacking[0] < 0.8
    assert lacking[2] > 0.5
