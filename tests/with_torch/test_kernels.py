"""The kernel detectors find a planted shift and keep quiet without one."""

from __future__ import annotations

import numpy as np
import pytest

from audits.probes.batch_detectors import NAMES, detected
from tests.audits.probes.test_batch_detectors import made

CONTEXT = {"region": (np.asarray(["a", "b"] * 150, dtype=object), np.asarray(["a", "b"] * 150, dtype=object))}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "classifier_drift"])
def test_a_shift_is_found_and_quiet_stays_quiet(name: str) -> None:
    moved, still = (detected(name, made(shift), CONTEXT, seed=3) for shift in (1.0, 0.0))
    assert moved["p_value"] < 0.01
    assert still["p_value"] > 0.05
    assert moved["value"] > still["value"]
    assert moved["rows_used"] == moved["reference_rows_used"] == 300


def test_the_difference_names_the_column() -> None:
    assert detected("spot_the_difference", made(1.5), {}, seed=3)["features"][0] == "income"


def test_p_values_count_the_observed_statistic() -> None:
    assert detected("maximum_mean_discrepancy", made(3.0), {}, seed=3)["p_value"] == pytest.approx(1 / 201)


def test_no_segment_is_no_context() -> None:
    assert "no segments" in detected("context_aware_discrepancy", made(1.0), {}, seed=3)["reason"]
