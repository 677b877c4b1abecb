"""surrogate_fidelity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audits.explanations.surrogate_fidelity import surrogate_fidelity
from audits.probed_cells import ProbeTally
from tests.audits.conftest import FIRST_DAY

ROWS = [{"day": 0, "score": 0.5} for _ in range(4)]


def test_by_hand(evidence_of, figures) -> None:
    """Squared errors 0, 0.01, 0.01, 0 over a variance of 0.05: rows count 1, 0.8, 0.8, 1, in the mean 0.9 = R².

    Their deviation is 0.11547, so that the interval is 0.9 ± 3.1824 x 0.11547 / 2 = 0.1837. Three of four decisions agree.
    """
    evidence = evidence_of(ROWS)
    both = [("fidelity", 4, 3.6, 1 + 0.64 + 0.64 + 1), ("agreement", 4, 3, 3)]
    tally = ProbeTally.of_records(
        {
            "quantity": [c[0] for c in both], "column": ["", ""], "side": [0, 0], "version": [None, None],
            "bucket": [FIRST_DAY, FIRST_DAY], "slice": ["{}", "{}"], "n": [c[1] for c in both], "total": [c[2] for c in both],
            "squares": [c[3] for c in both],
        }
    )  # fmt: skip
    told = replace(evidence, probes={"answers": {"cells": tally, "kind": "surrogate", "floor": 0.8}})
    (whole,) = figures(surrogate_fidelity, told, window=0)
    assert (whole.value, whole.n, whole.column) == (pytest.approx(0.9), 4, None)
    assert (whole.low, whole.high) == pytest.approx((0.9 - 0.18374, 0.9 + 0.18374), abs=1e-4)
    assert whole.tables == {"kind": "surrogate", "floor": 0.8, "agreement": 0.75, "agreement_n": 4}
    (day,) = figures(surrogate_fidelity, told, window=1)
    assert (day.value, day.tables) == (pytest.approx(0.9), None)


def test_of_a_model_there_is_nothing(evidence_of, figures) -> None:
    assert figures(surrogate_fidelity, evidence_of(ROWS)) == []
