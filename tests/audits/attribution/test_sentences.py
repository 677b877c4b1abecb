"""Causes in sentences that a tired person understands."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from audits.cause_rules import KINDS
from audits.finding import Cause
from reports.causes import NEXT, explained, next_step, sentence, sentences

SCALED = Cause(
    model="loans", kind="unit or scale change", columns=("income",), since=dt.datetime(2026, 8, 26), size=0.72, unit="ratio",
    source="predictions",
)  # fmt: skip
DROP: dict[str, Any] = {
    "metric": "selection_rate", "value": 0.54, "reference": 0.611, "change": -0.071,
    "parts": [{"kind": "covariate", "value": -0.010}, {"kind": "data quality", "value": -0.0578}, {"kind": "concept", "value": -0.0032}],
}  # fmt: skip


def test_the_whole_story() -> None:
    """What fell, since when, why, and how much of it comes from what."""
    assert explained([SCALED], DROP) == (
        "Approvals fell from 61.1% to 54.0% since Wed 26 Aug. Most likely: income arrives at 0.72 of its former size (unit or scale change,"
        " from source predictions). 5.8 of the 7.1 points come from it, 1.0 from who came, 0.3 from what the model or the world did at the"
        " same inputs."
    )


def test_without_parts() -> None:
    """What could not be taken apart says why; without a probe the cause stands alone, with its date."""
    refused = {**DROP, "parts": [], "reason": "the two periods hardly overlap"}
    assert explained([SCALED], refused).endswith("The change was not taken apart: the two periods hardly overlap.")
    assert explained([SCALED]).startswith("Most likely since Wed 26 Aug: income arrives")
    assert explained([]) == ""


def test_the_cause_is_the_one_that_the_change_comes_from() -> None:
    """Income broke, but approvals fell with the release: the release is named, and income where nothing was taken apart."""
    version = Cause(model="loans", kind="model version", source="v3.2", since=dt.datetime(2026, 8, 10))
    parts = [{"kind": "data quality", "value": 0.0, "features": [{"column": "income"}]}, {"kind": "concept", "value": -0.08}]
    told = explained([SCALED, version], {**DROP, "change": -0.08, "parts": parts})
    assert "since Mon 10 Aug. Most likely: the model's answers changed when version v3.2 began to answer. 8.0 of the 8.0 points" in told
    assert "income" not in told
    assert "income" in explained([SCALED, version])
    assert "Most likely" not in explained([SCALED], {**DROP, "change": -0.08, "parts": parts})


def test_a_part_that_goes_the_other_way() -> None:
    """People came who are approved more often, and broken data outweighed them."""
    parts = [{"kind": "data quality", "value": -0.09}, {"kind": "covariate", "value": 0.019}]
    told = explained([], {**DROP, "parts": parts})
    assert told.endswith("9.0 of the 7.1 points come from broken data, 1.9 the other way from who came.")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_and_a_next_step(kind: str) -> None:
    """A sentence without a gap left in it, and something to do."""
    named = "can't tell" if kind == "unknown" else "named"
    told = sentence(Cause(model="m", kind=kind, columns=("income",), size=0.3, unit="proportion", confidence=named))  # type: ignore[arg-type]
    assert "{" not in told
    assert told.startswith("Can't tell why" if kind == "unknown" else "Most likely: ")
    assert "{" not in sentence(Cause(model="m", kind=kind))
    assert next_step(kind) == NEXT[kind]
    assert next_step(kind).endswith(".")


def test_sizes_and_dates() -> None:
    """Shares as percentages, factors as factors, rows for logs without a clock; the first three of many columns."""
    missing = Cause(model="m", kind="missing values", columns=("a", "b", "c", "d"), since=12000, size=0.4, unit="difference")
    (told,) = sentences([missing])
    assert told == "Most likely since row 12,000: a, b, c and 1 more are missing in 40.0% more of the rows."
    at_noon = Cause(model="m", kind="clock", since=dt.datetime(2026, 8, 26, 12, 30))
    assert sentence(at_noon) == "Most likely since Wed 26 Aug 12:30: the times of the rows are wrong."
    large = Cause(model="m", kind="unit or scale change", columns=("x",), size=1000.0, unit="ratio")
    assert "x arrives at 1,000 times its former size" in sentence(large)
