"""From measurements to findings: who is judged, who is only shown, and what is said about it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from audits.audit import measurement
from audits.evidence import Evidence
from audits.examine import examine
from audits.finding import Threshold
from audits.judgement import UNKNOWN_GROUP, findings_table
from audits.policy import thresholds
from audits.slices import Slice
from audits.window import Window
from connectors.config import Protected, ThresholdOverride


def found(evidence: Evidence, name: str, level: str | None) -> dict[str, Any]:
    """Return the finding over the whole period about one level of sex, or everybody."""
    wanted = {} if level is None else {"sex": level}
    rows = examine(evidence, thresholds(evidence.model), card={}).findings.to_pylist()
    return next(row for row in rows if row["name"] == name and row["whole"] and json.loads(row["slice"]) == wanted)


def log(evidence_of: Callable[..., Evidence], each: int, **policy: ThresholdOverride) -> Evidence:
    """Make three groups of that many rows, one of nobody knows whom, all with scores that are far too high."""
    rows = [{"sex": sex, "score": 0.9, "outcome": i % 2, "decision": 1} for sex in ("F", "M", None) for i in range(each)]
    return evidence_of(rows, protected=("sex",), policy={name: (entry,) for name, entry in policy.items()})


def test_unknown_groups_are_shown_and_never_judged(evidence_of: Callable[..., Evidence]) -> None:
    """Off by 0.4 with 500 rows: a failure for F, for M and for everybody; of the unknown the same figure without verdict or threshold."""
    evidence = log(evidence_of, 500)
    for level in ("F", "M", None):
        assert found(evidence, "calibration_gap", level)["verdict"] == "fail"
    unknown = found(evidence, "calibration_gap", "Unknown")
    assert (unknown["verdict"], unknown["reason"], unknown["n"]) == (None, UNKNOWN_GROUP, 500)
    assert abs(unknown["value"] - 0.4) < 1e-12
    assert {unknown[name] for name in ("threshold_min", "threshold_max", "severity", "rationale")} == {None}
    assert found(evidence, "accuracy", "Unknown")["reason"] == ""  # nobody's accuracy is judged: nothing to explain


def test_too_few_rows_say_how_many_it_takes(evidence_of: Callable[..., Evidence]) -> None:
    """40 rows of 400."""
    figure = found(log(evidence_of, 40), "calibration_gap", "F")
    assert (figure["verdict"], figure["reason"]) == ("insufficient", "judged from 400 rows on")
    policy = dataclasses.replace(ThresholdOverride(), max=0.05, min_n=40)
    assert found(log(evidence_of, 40, calibration_gap=policy), "calibration_gap", "F")["verdict"] == "fail"


def test_a_window_is_judged_by_what_held_when_it_ended(evidence_of: Callable[..., Evidence]) -> None:
    """Three days of one row each; 0.5 was good enough until the third of January, and is not from then on."""
    evidence = evidence_of([{"day": day, "decision": 1} for day in (0, 1, 2)])
    entries = (
        Threshold(name="a", min=0.4, min_n=1, until=dt.datetime(2026, 1, 3), source="old"),
        Threshold(name="a", min=0.6, min_n=1, since=dt.datetime(2026, 1, 3), source="new", severity="page"),
    )
    half = np.full(4, 0.5)
    block = measurement("a", "x", value=half, low=half, high=half, n=np.full(4, 9), method="m", window=np.arange(4))
    rows = findings_table(evidence, [block], {"a": entries}, {}).to_pylist()
    assert [row["verdict"] for row in rows] == ["fail", "pass", "pass", "fail"]  # the whole period ends with the third day
    assert [row["threshold_min"] for row in rows] == [0.6, 0.4, 0.4, 0.6]
    assert [row["threshold_source"] for row in rows] == ["new", "old", "old", "new"]
    assert [(row["severity"], row["threshold_since"], row["threshold_until"]) for row in rows[:2]] == [
        ("page", dt.datetime(2026, 1, 3), None), ("ticket", None, dt.datetime(2026, 1, 3)),
    ]  # fmt: skip


def test_a_log_without_a_clock_is_judged_by_what_holds_today(evidence_of: Callable[..., Evidence]) -> None:
    """The second entry began an hour before the run's clock."""
    rows = tuple(Window(first_row=0, last_row=2) for _ in range(2))
    evidence = dataclasses.replace(evidence_of([{"decision": 1}] * 3), windows=rows)
    since = evidence.clock - dt.timedelta(hours=1)
    entries = (Threshold(name="a", min=0.4, min_n=1, until=since), Threshold(name="a", min=0.6, min_n=1, since=since))
    half = np.full(2, 0.5)
    block = measurement("a", "x", value=half, low=half, high=half, n=np.full(2, 9), method="m", window=np.arange(2))
    assert findings_table(evidence, [block], {"a": entries}, {}).column("verdict").to_pylist() == ["fail", "fail"]


def test_people_own_q_values_and_slices_that_were_found(evidence_of: Callable[..., Evidence]) -> None:
    """Two blocks that each name a slice of their own, the second with q-values over more tests than it lists."""
    evidence = evidence_of([{"sex": sex, "decision": 1} for sex in "FM"], protected=("sex",))
    own, one = len(evidence.slices), np.ones(1)
    people = (np.asarray([3.0]), np.asarray([0.0]), np.asarray([np.inf]))
    base = measurement("a", "x", value=one, low=one, high=one, n=one, method="m", p_value=np.asarray([0.04]))
    first = dataclasses.replace(base, slice=np.asarray([own]), named=(Slice.of({"sex": "F", "age": "<25"}),), people=people)
    second = dataclasses.replace(base, slice=np.asarray([own]), named=(Slice.of({"income": "low"}),), q_value=np.asarray([0.5]))
    rows = findings_table(evidence, [first, second, base], {}, {}).to_pylist()
    assert [json.loads(row["slice"]) for row in rows] == [{"age": "<25", "sex": "F"}, {"income": "low"}, {}]
    assert [row["q_value"] for row in rows] == [0.04, 0.5, 0.04]
    assert [(row["people"], row["people_low"], row["people_high"]) for row in rows[:2]] == [(3.0, 0.0, None), (None, None, None)]


def test_a_picked_comparison_group_costs_q_and_not_p(evidence_of: Callable[..., Evidence]) -> None:
    """Of five groups one was picked for its rate: one p-value of 0.01 stands for (5 - 1) / 2 = 2 tests, unless the group was named."""
    rows = [{"sex": level, "decision": i % 2} for level in "ABCDE" for i in range(40)]

    def q_of(protected: object) -> tuple[float, float]:
        evidence = evidence_of(rows, protected=(protected,))
        one = np.ones(1)
        block = measurement(
            "a", "x", value=one, low=one, high=one, n=one, method="m", p_value=one / 100, slice=1, reference_slice=2, attribute=0
        )  # fmt: skip
        (row,) = findings_table(evidence, [block], {}, {}).to_pylist()
        return row["p_value"], row["q_value"]

    assert q_of("sex") == (0.01, 0.02)
    assert q_of(Protected(column="sex", reference="A")) == (0.01, 0.01)


def test_a_window_whose_outcomes_are_still_to_come_is_not_judged(evidence_of: Callable[..., Evidence]) -> None:
    """Days 0 and 1 far below the line; of day 1 outcomes are missing: a failure on day 0 and of the period, and no word yet on day 1."""
    evidence = evidence_of([{"day": day, "decision": 1} for day in (0, 1)])
    value = np.full(3, 0.1)
    block = measurement("accuracy", "proportion", value=value, low=value, high=value, n=np.full(3, 40), method="m", window=np.arange(3))
    early = {"accuracy": ("immature: 75.0% of outcomes known", "", "immature: 50.0% of outcomes known")}
    rows = findings_table(evidence, [block], {"accuracy": Threshold(name="accuracy", min=0.5, min_n=10)}, early).to_pylist()
    assert [row["verdict"] for row in rows] == ["fail", "fail", "insufficient"]
    assert rows[2]["reason"] == "immature: 50.0% of outcomes known"
    unjudged = findings_table(evidence, [block], {}, early).to_pylist()
    assert {row["verdict"] for row in unjudged} == {None}
