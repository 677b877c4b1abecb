"""Laws over all audits for random logs of several classes and of numbers: tallies add up, nothing raises, nothing absent lacks a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from audits.defaults import DEFAULTS
from audits.evidence import Evidence
from audits.examine import examine
from audits.tally import Tally

Rows = list[dict[str, Any]]
# Without shrinking: an example costs a whole audit, and the seed is printed.
PER_LAW = settings(
    max_examples=3, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate], database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)  # fmt: skip

shared: dict[str, Any] = {"sex": st.sampled_from(["F", "M", None]), "race": st.sampled_from(["A", "B"]), "day": st.integers(0, 2)}
share = st.integers(0, 10).map(lambda n: n / 10)
label = st.sampled_from(["a", "b", "c", None])
number = st.one_of(st.none(), st.integers(-30, 30).map(float))
ROWS = {
    "multiclass": st.fixed_dictionaries(shared | {"decision": label, "outcome": label, "p_a": share, "p_b": share, "p_c": share}),
    "regression": st.fixed_dictionaries(shared | {"score": number, "outcome": number, "prediction_low": number, "prediction_high": number}),
}
FIXED: dict[str, Rows] = {
    "multiclass": [
        {"sex": "FM"[i % 2], "race": "A", "day": day, "decision": "abc"[i], "outcome": "abc"[i - 1], "p_a": 0.5, "p_b": 0.3, "p_c": 0.1 * i}
        for day in range(3) for i in range(3)
    ],
    "regression": [
        {"sex": "FM"[i % 2], "race": "A", "day": day, "score": 2.0 * i, "outcome": 3.0 * i, "prediction_low": 0.0, "prediction_high": 5.0}
        for day in range(3) for i in range(3)
    ],
}  # fmt: skip
GIVEN: dict[str, Any] = {"protected": ("sex", "race")}
KEY = ("name", "version", "slice", "reference_slice", "attribute", "column", "window_start", "whole")
NUMBERS = ("value", "low", "high", "n")


def figures(evidence: Evidence) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Examine, insist that nothing raised, and index the findings by what identifies them."""
    run = examine(evidence, DEFAULTS, card={})
    assert [failure for failure in run.errors if failure.error] == []
    rows = run.findings.to_pylist()
    found = {tuple(row[key] for key in KEY): tuple(row[name] for name in NUMBERS) for row in rows}
    assert len(found) == len(rows), "a name occurs once per place"
    for row in rows:
        assert row["value"] is not None or row["reason"], row
        for low, high in ((row["low"], row["value"]), (row["value"], row["high"])):
            assert low is None or high is None or low <= high + 1e-9, row
    return found


@pytest.mark.parametrize("task", list(ROWS))
def test_parts_add_up_and_nothing_raises(evidence_of: Callable[..., Evidence], tally_of: Callable[..., Tally], task: str) -> None:
    """Counting two halves and adding gives every figure of counting all at once."""

    @PER_LAW
    @given(rows=st.lists(ROWS[task], min_size=4, max_size=14), cut=st.integers(1, 12))
    def law(rows: Rows, cut: int) -> None:
        every = FIXED[task] + rows
        whole = evidence_of(every, task=task, **GIVEN)
        halves = [tally_of(part, whole.bins, whole.model) for part in (every[:cut], every[cut:])]
        first, second = figures(whole), figures(dataclasses.replace(whole, tally=halves[0] + halves[1]))
        assert first.keys() == second.keys()
        for key, values in first.items():
            for one, other in zip(values, second[key], strict=True):
                assert one == other or one == pytest.approx(other, rel=1e-7, abs=1e-7), key

    law()


@pytest.mark.parametrize("task", list(ROWS))
@pytest.mark.parametrize("kept", ["outcome", "scores", "decision"])
def test_logs_that_lack_most(evidence_of: Callable[..., Evidence], task: str, kept: str) -> None:
    """Only outcomes, only scores or only decisions: figures or reasons, and no error."""
    names = {"outcome": ("outcome",), "scores": ("score", "p_a", "p_b", "p_c"), "decision": ("decision",)}[kept]
    rows = [{key: value for key, value in row.items() if key in (*shared, *names)} for row in FIXED[task]]
    if task == "regression" and kept == "decision":
        rows = [row | {"latency_ms": 5.0} for row in rows]
    assert figures(evidence_of(rows, task=task, **GIVEN))
