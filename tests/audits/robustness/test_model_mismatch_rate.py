"""model_mismatch_rate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.probed_cells import ProbeTally
from audits.robustness.model_mismatch_rate import model_mismatch_rate
from tests.audits.conftest import FIRST_DAY

ROWS = [
    {"day": day, "score": 0.5, "sex": sex, "version": version}
    for day, version in ((0, "v1"), (1, "v2"))
    for sex in ("F", "M")
    for _ in range(4)
]


def test_by_hand(evidence_of, figures) -> None:
    """Of 8 women's rows 1 and 4 mismatch on the two days, of men's 0 and 1; one score of a man was not logged.

    Together 6 of 15; on the second day, all of v2, 5 of 7. Wilson's interval of 6 of 15 is 0.1982 to 0.6425.
    """
    evidence = evidence_of(ROWS, protected=("sex",))
    lines = [("v1", 0, "F", 4, 1), ("v1", 0, "M", 4, 0), ("v2", 1, "F", 4, 4), ("v2", 1, "M", 3, 1)]
    slices = {found.levels[0][1] if found.levels else "": found.to_json() for found in evidence.slices}
    cells = [(version, FIRST_DAY + day, slices[sex], n, hits) for version, day, sex, n, hits in lines]
    cells += [(version, FIRST_DAY + day, slices[""], n, hits) for version, day, n, hits in (("v1", 0, 8, 1), ("v2", 1, 7, 5))]
    size = len(cells)
    tally = ProbeTally.of_records(
        {
            "quantity": ["mismatch"] * size, "column": [""] * size, "side": [0] * size, "version": [c[0] for c in cells],
            "bucket": [c[1] for c in cells], "slice": [c[2] for c in cells], "n": [c[3] for c in cells], "total": [c[4] for c in cells],
            "squares": [c[4] for c in cells],
        }
    )  # fmt: skip
    told = replace(evidence, probes={"answers": {"cells": tally, "kind": "model", "hints": [{"kind": "unknown", "columns": []}]}})
    (whole,) = figures(model_mismatch_rate, told, window=0, version=None, slice={})
    assert (whole.value, whole.n, whole.column) == (pytest.approx(6 / 15), 15, None)
    assert (whole.low, whole.high) == pytest.approx((0.1982, 0.6425), abs=1e-4)
    assert whole.tables == {"kind": "model", "hints": [{"kind": "unknown", "columns": []}]}
    (second,) = figures(model_mismatch_rate, told, window=2, version=None, slice={})
    (of_v2,) = figures(model_mismatch_rate, told, window=0, version="v2", slice={})
    assert (second.value, second.n) == (of_v2.value, of_v2.n) == (pytest.approx(5 / 7), 7)
    (women,) = figures(model_mismatch_rate, told, window=0, version=None, slice={"sex": "F"})
    assert women.value == pytest.approx(5 / 8)


def test_without_a_model_there_is_nothing(evidence_of, figures) -> None:
    evidence = evidence_of(ROWS)
    assert figures(model_mismatch_rate, evidence) == []
    assert figures(model_mismatch_rate, replace(evidence, probes={"answers": {"reason": "m.txt is no model"}})) == []
