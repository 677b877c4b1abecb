"""From measurements to findings: who is judged, who is only shown, and what is said about it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from audits.evidence import Evidence
from audits.judgement import UNKNOWN_GROUP
from audits.policy import thresholds
from audits.run import examine
from connectors.config import ThresholdOverride


def found(evidence: Evidence, name: str, level: str | None) -> dict[str, Any]:
    """Return the finding over the whole period about one level of sex, or everybody."""
    wanted = {} if level is None else {"sex": level}
    rows = examine(evidence, thresholds(evidence.model), card={}).findings.to_pylist()
    return next(row for row in rows if row["name"] == name and row["whole"] and json.loads(row["slice"]) == wanted)


def log(evidence_of: Callable[..., Evidence], each: int, **policy: ThresholdOverride) -> Evidence:
    """Make three groups of that many rows, one of nobody knows whom, all with scores that are far too high."""
    rows = [{"sex": sex, "score": 0.9, "outcome": i % 2, "decision": 1} for sex in ("F", "M", None) for i in range(each)]
    return evidence_of(rows, protected=("sex",), policy=policy)


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
