"""Signs of attacks as figures: marked rows over all rows by window, the highest client by window, and what the log cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence
from audits.examine import examine
from audits.interval import wilson
from audits.policy import thresholds
from audits.probes.marked_rows import Marked, tally_of_marks
from audits.registry import AUDITS
from audits.robustness.boundary_probe_rate import boundary_probe_rate
from audits.robustness.extraction_score import extraction_score
from audits.robustness.flood_rate import flood_rate
from audits.robustness.outcome_flip_rate import outcome_flip_rate
from audits.robustness.replay_rate import replay_rate

RATES = {"queries": (boundary_probe_rate, replay_rate, flood_rate), "outcome_flips": (outcome_flip_rate,)}


@pytest.fixture(scope="module")
def evidence(evidence_of: Callable[..., Evidence]) -> Evidence:
    """Give three days of ten women and ten men each, after a reference of twice as many."""
    one_day = [{"sex": sex, "score": 0.5, "decision": 1, "outcome": 1, "income": float(i)} for sex in ("F", "M") for i in range(10)]
    rows = [{**row, "day": day} for day in range(3) for row in one_day] + [{**row, "reference": True} for row in 2 * one_day]
    return evidence_of(rows, protected=["sex"])


def body(evidence: Evidence, quantities: tuple[str, ...]) -> dict[str, Any]:
    """Mark three women and one man of the second day, with a quarter of doubt about the man."""
    numbers = np.asarray([p.number for p in evidence.tally.partitions])
    sexes = np.asarray(["F", "M"], dtype=object)
    every = Marked(partition=np.repeat(numbers, 2), levels={"sex": np.tile(sexes, 3)}, n=np.full(6, 10.0), weight=np.full(6, 10.0))
    some = Marked(partition=np.repeat(numbers[1], 2), levels={"sex": sexes}, n=np.asarray([3.0, 1.0]), weight=np.asarray([3.0, 0.75]))
    nothing = Marked(partition=numbers[:0], levels={"sex": sexes[:0]}, n=np.zeros(0), weight=np.zeros(0))
    marks = {name: nothing if name == "flood_rate" else some for name in quantities}
    return {"cells": tally_of_marks(evidence, every, marks), "tables": {name: {"of": name} for name in quantities}, "reasons": {}}


PAIRS = [(probe, audit) for probe, audits in RATES.items() for audit in audits]


@pytest.mark.parametrize(("probe", "audit"), PAIRS, ids=[audit.name for _, audit in PAIRS])
def test_a_rate_is_marked_rows_over_all_rows_of_a_window(probe: str, audit: Any, evidence: Evidence, figures: Callable[..., Any]) -> None:
    told = replace(evidence, probes={probe: body(evidence, tuple(each.name for each in RATES[probe]))})
    found = {each.window: each for each in figures(audit, told)}
    assert set(found) == {0, 1, 2, 3}
    hit = 0.0 if audit is flood_rate else 3.75
    assert [found[place].value for place in (0, 1, 2, 3)] == pytest.approx([hit / 60, 0, hit / 20, 0])
    assert [found[place].n for place in (0, 1, 2, 3)] == [60, 20, 20, 20]
    low, high = wilson(hit, 60)
    assert (found[0].low, found[0].high) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert found[0].tables == {"of": audit.name}
    assert not [place for place in (1, 2, 3) if found[place].tables]
    assert all(each.slice == {} for each in found.values())


def test_cells_hold_the_groups(evidence: Evidence) -> None:
    cells = body(evidence, ("replay_rate",))["cells"]
    of_group = {
        cells.slices[place]: total for place, total in zip(cells.rows["slice"].tolist(), cells.rows["total"].tolist(), strict=True) if total
    }
    assert of_group == {"{}": 3.75, '{"sex": "F"}': 3.0, '{"sex": "M"}': 0.75}


def test_the_score_of_a_window_is_its_highest_clients(evidence: Evidence, figures: Callable[..., Any]) -> None:
    days = [p.bucket for p in evidence.tally.partitions]
    line = {"low": 0.1, "high": 0.9, "rows": 25, "client": "a"}
    said = {
        "extraction_whole": {**line, "score": 0.8}, "tables": {"extraction_score": {"ordinary": 12}}, "reasons": {},
        "extraction": [{**line, "bucket": days[0], "score": 0.2}, {**line, "bucket": days[2], "score": 0.8, "rows": 40}],
    }  # fmt: skip
    found = {each.window: each for each in figures(extraction_score, replace(evidence, probes={"queries": said}))}
    assert {place: (each.value, each.n) for place, each in found.items()} == {0: (0.8, 25), 1: (0.2, 25), 3: (0.8, 40)}
    assert found[0].tables == {"ordinary": 12}


def test_what_the_log_cannot_tell_is_said_once(evidence: Evidence, figures: Callable[..., Any]) -> None:
    reasons = {"extraction_score": "nobody knows", "replay_rate": "no inputs"}
    told = replace(evidence, probes={"queries": {"reasons": reasons, "tables": {}}})
    for audit, why in ((extraction_score, "nobody knows"), (replay_rate, "no inputs")):
        (found,) = figures(audit, told)
        assert (found.value, found.n, found.reason) == (None, 0, why)


def test_without_the_probe_one_line_says_how_to_run_it(evidence: Evidence) -> None:
    audits = [boundary_probe_rate, extraction_score, replay_rate, flood_rate, outcome_flip_rate]
    run = examine(evidence, {}, card={}, audits=audits)
    assert run.findings.num_rows == 0
    assert {failure.reason for failure in run.errors} == {"not run: candor audit --attacks"}


def test_thresholds_are_in_force_and_any_prober_fails(evidence: Evidence) -> None:
    told = replace(evidence, probes={probe: body(evidence, tuple(each.name for each in audits)) for probe, audits in RATES.items()})
    policy = thresholds(evidence.model)
    run = examine(told, policy, card={}, audits=[AUDITS[name] for name in ("boundary_probe_rate", "outcome_flip_rate", "flood_rate")])
    verdicts = {row["name"]: row["verdict"] for row in run.findings.to_pylist() if row["whole"]}
    assert verdicts == {"boundary_probe_rate": "fail", "outcome_flip_rate": "fail", "flood_rate": "pass"}
