"""Declared invariants are counted on every row, by window and group, and say what could not be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audits.evidence import Evidence
from audits.probes.invariants import run
from audits.robustness.invariant_violations import invariant_violations
from connectors.model_config import Invariant

DECLARED = {
    "rich": "income > 60000 and job = 'cook'",
    "debt": "debt > 2",
    "no debt": "debt > 2 or debt is missing",
    "turned": "not (score < 0.95)",
    "early": "time < '2026-01-02' and decision = 1 and sex in ('F', 'X')",
    "misspelt": "incom > 3",
}


def counted(logged: Any, declared: dict[str, str]) -> Evidence:
    model = replace(logged.model, invariants=tuple(Invariant(name=name, never=never) for name, never in declared.items()))
    evidence = replace(logged.evidence, model=model)
    body = run(logged.warehouse, model, evidence, progress=lambda _: None)
    assert body["rows_used"] == body["rows_available"] == len(logged.frame)
    return replace(evidence, probes={"invariants": body})


@pytest.fixture(scope="module")
def evidence(logged: Any) -> Evidence:
    return counted(logged, DECLARED)


def test_counts_are_those_of_the_rows_by_window_and_group(evidence: Evidence, logged: Any, figures: Any) -> None:
    frame = logged.frame
    days = frame["time"].dt.normalize()
    held = {
        "rich": (frame["income"] > 60_000) & (frame["job"] == "cook"),
        "debt": frame["debt"] > 2,  # pandas says False of a missing one, as nobody can tell
        "no debt": (frame["debt"] > 2) | frame["debt"].isna(),
        "turned": frame["score"] >= 0.95,
        "early": (frame["time"] < "2026-01-02") & (frame["decision"] == 1) & (frame["sex"] == "F"),
    }
    slices = {
        "{}": frame["id"].notna(), "{'sex': 'F'}": frame["sex"] == "F", "{'region': 'north'}": frame["region"] == "north",
        "{'race': 'A', 'sex': 'M'}": (frame["race"] == "A") & (frame["sex"] == "M"),
    }  # fmt: skip
    found = figures(invariant_violations, evidence)
    for name, broken in held.items():
        told = frame["debt"].notna() if name == "debt" else frame["id"].notna()
        for text, member in slices.items():
            for window, day in enumerate([None, *sorted(days.unique())]):
                inside = member & (days == day if day is not None else True)
                (one,) = [f for f in found if (f.column, str(f.slice), f.window) == (name, text, window)]
                assert (one.value, one.n) == ((broken & inside).sum(), (told & inside).sum()), (name, text, window)
                assert one.low == one.high == one.value


def test_the_whole_says_the_share_and_what_cannot_be_told(evidence: Evidence, logged: Any, figures: Any) -> None:
    (one,) = figures(invariant_violations, evidence, column="debt", window=0, slice={})
    debt = logged.frame["debt"]
    assert one.tables["untold"] == debt.isna().sum() > 0
    assert one.tables["never"] == "debt > 2"
    assert one.tables["share"] == pytest.approx((debt > 2).sum() / debt.notna().sum())
    assert one.tables["low"] < one.tables["share"] < one.tables["high"]


def test_a_condition_that_the_log_cannot_be_asked_says_why_and_the_others_are_counted(evidence: Evidence, figures: Any) -> None:
    (one,) = figures(invariant_violations, evidence, column="misspelt")
    assert (one.value, one.n) == (None, 0)
    assert one.reason == 'the log has no column "incom"; did you mean "income"?'


def test_an_answer_about_an_older_configuration_is_not_shown(evidence: Evidence, figures: Any) -> None:
    changed = (Invariant(name="rich", never="income > 70000"), Invariant(name="debt", never="debt > 2"))
    asked = replace(evidence, model=replace(evidence.model, invariants=changed))
    assert {f.column for f in figures(invariant_violations, asked)} == {"debt"}


def test_without_invariants_there_is_a_reason(logged: Any) -> None:
    assert "declares no invariants" in run(logged.warehouse, logged.model, logged.evidence, progress=lambda _: None)["reason"]
