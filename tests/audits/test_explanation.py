"""An explanation as JSON: nothing is lost on the way, and nothing that is no number gets in."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest

from audits.explanation import Absent, Budget, CutOff, Explanation, Fidelity, Prediction, Value, from_json, to_json
from audits.explanation_parts import (
    Case,
    Cases,
    Change,
    Counterfactual,
    Counterfactuals,
    Kept,
    Reason,
    Reasons,
    Share,
    Stability,
    Waterfall,
)

AT = dt.datetime(2026, 3, 5, 4, 40)
WHOLE = Explanation(
    model="loans", title="Loans", task="binary", kind="surrogate", fingerprint="f", data="sha256:d", created=AT,
    prediction=Prediction(
        id="a-1", version="v2", versions=("v1", "v2"), at=AT, score=0.4, decision="0", favorable=False, outcome=None,
        outcome_favorable=None, answer=0.41, cut_off=CutOff(value=0.5, agreement=1.0, n=90, above="favorable"),
    ),
    values=(
        Value(column="income", value=30, typical=40.5, low=20, high=60),
        Value(column="owner", value=True, typical=None, odd="unseen"),
        Value(column="code", value="1", typical="2"),
    ),
    fidelity=Fidelity(value=0.93, low=0.9, high=None, n=500),
    waterfall=Waterfall(
        scale="log-odds", method="tree", exact=True, base=0.1, total=-0.4, base_score=0.52, total_score=0.4,
        shares=(Share(column="income", value=30, attribution=-0.5, low=None, high=None, side="unfavorable"),),
    ),
    stability=Stability(draws=200, rows=90, size=1, same=1.0, first=1.0, kept=(Kept(column="income", top=1.0, same_side=1.0),)),
    cases=Cases(
        cases=(
            Case(
                id="a-9", version=None, at=None, later=False, distance=0.5, score=None, favorable=None, outcome=None,
                outcome_favorable=True, values={"income": None},
            ),
        ),
        known=1, share=1.0, low=0.2, high=1.0, decided=0, decided_favorable=0, overall=None, usual=3.0,
    ),
    counterfactuals=Counterfactuals(
        wanted="favorable", label=None, threshold=0.5, asked=10, seconds=0.1, deadline=2.0, finished=True, fixed=("age",),
        found=(
            Counterfactual(changes=(Change(column="income", before=30, after=41, spreads=0.6),), cost=0.6, score=0.51, nearest=None),
        ),
    ),
    reasons=Reasons(
        adverse=True,
        reasons=(
            Reason(column="income", level="low", value=30, typical=40.5, attribution=-0.5, sentence=None, protected=False, stable=1.0),
        ),
    ),
    absent=(Absent(part="model", reason="why"),), budgets=(Budget(part="cases", rows_used=1, rows_available=2, seconds=0.1),),
)  # fmt: skip


def test_there_and_back() -> None:
    text = json.dumps(to_json(WHOLE), allow_nan=False)
    assert from_json(json.loads(text)) == WHOLE
    held = {value.column: type(value.value) for value in from_json(json.loads(text)).values}
    assert held == {"income": int, "owner": bool, "code": str}  # a level "1" is no number, and True is no 1


def test_format() -> None:
    assert to_json(WHOLE)["format"] == 1
    with pytest.raises(ValueError, match="format 2"):
        from_json(to_json(WHOLE) | {"format": 2})


def test_no_number_that_is_none() -> None:
    with pytest.raises(ValueError):
        to_json(replace(WHOLE, seconds=float("nan")))
