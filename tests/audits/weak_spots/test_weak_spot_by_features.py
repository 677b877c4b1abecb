"""Worst slices over features as findings: from what the row search keeps, and why there are none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from audits.defaults import DEFAULTS
from audits.examine import examine
from audits.weak_spots.weak_spot_by_features import weak_spot_by_features

SPOT = {
    "rank": 1, "n": 400, "n_outside": 3600, "inside": 0.35, "inside_low": 0.3, "inside_high": 0.4, "outside": 0.15, "outside_low": 0.14,
    "outside_high": 0.16, "share": 0.1, "excess": 0.2, "low": 0.14, "high": 0.26, "p_value": 1e-20, "q_value": 5e-20, "method": "newcombe",
    "explains": ["region = north"], "slice": {"income": "< 20,000", "region": "= north"}, "words": "income < 20,000 and region = north",
    "conditions": [
        {"column": "income", "words": "income < 20,000", "missing": False, "low": None, "high": 20000.0},
        {"column": "region", "words": "region = north", "missing": False, "level": "north", "other": False},
    ],
    "share_searched": 0.11, "excess_searched": 0.22,
}  # fmt: skip
RECEIPT = {"rows_used": 8000, "rows_available": 50_000, "created": "2026-01-09T00:00:00"}
SEARCHED = {"rows_searched": 4000, "rows_tested": 4000, "searched": 900, "tested": 5, "level": 0.99, "spots": [SPOT], "reason": ""}


@pytest.fixture
def probed(evidence_of, erring):
    """Give the function that makes evidence with this body of the row search."""
    evidence = evidence_of(erring({"sex=F": (20, 100), "sex=M": (20, 100)}), protected=("sex",))
    return lambda body: dataclasses.replace(evidence, probes={} if body is None else {"weak_spots": body})


def test_a_spot_is_a_finding_with_its_conditions_as_slice(probed, spots):
    evidence = probed({**RECEIPT, "measures": {"error_rate": SEARCHED}})
    (found,) = spots(weak_spot_by_features, evidence)
    assert found.slice == {"income": "< 20,000", "region": "= north"}
    assert (found.value, found.low, found.high, found.n, found.q) == (0.2, 0.14, 0.26, 400, 5e-20)
    # A tenth of the 50,000 labelled predictions lie in it: 5,000, of which 0.2 more are wrong than elsewhere.
    assert found.people == [pytest.approx(1000), pytest.approx(700), pytest.approx(1300)]
    for key in ("words", "conditions", "inside", "outside", "share_searched", "explains"):
        assert found.tables[key] == SPOT[key]
    assert (found.tables["rows_used"], found.tables["rows_tested"], found.tables["found"], found.tables["measure"]) == (
        8000, 4000, 1, "error_rate",
    )  # fmt: skip
    row = next(r for r in examine(evidence, DEFAULTS, card={}).findings.to_pylist() if r["name"] == "weak_spot_by_features")
    assert row["slice"] == '{"income": "< 20,000", "region": "= north"}'


def test_what_was_not_run_is_said_once(probed):
    run = examine(probed(None), DEFAULTS, card={})
    assert [f.reason for f in run.errors if f.name == "weak_spot_by_features"] == ["not run: candor audit --what-if"]
    assert list(weak_spot_by_features(probed(None))) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"measures": {"error_rate": SEARCHED | {"spots": [], "reason": "none of 5"}}}, "none of 5"),
        ({"measures": {}, "reason": "no outcome is known yet"}, "no outcome is known yet"),
        ({"measures": {}}, "the rows hold nothing to measure it on"),
    ],
)
def test_nothing_found_has_a_reason(probed, spots, body, reason):
    (found,) = spots(weak_spot_by_features, probed({**RECEIPT, **body}))
    assert (np.isnan(found.value), found.reason, found.slice) == (True, reason, {})
