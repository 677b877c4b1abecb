"""Each fault, planted in a clean log and taken in through ingest, raises its finding and no other; the clean log raises none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from connectors.simulated.faults import FAULTS, plant
from tests.faults.world import FAULT_FROM, FEATURES, ROLES, Log, failed, go_on

FOUND = {
    "unit x1000": {"format_change", "out_of_range_rate"},
    "columns swapped": {"format_change", "out_of_range_rate"},  # income and debt are on other scales
    "category renamed": {"unseen_category_rate", "format_change"},  # capitals and a digit
    "category explosion": {"category_explosion", "unseen_category_rate", "format_change"},
    "frozen column": {"frozen_column"},
    "decimal comma": {"schema_change", "format_change", "quarantine_rate", "no_data"},  # all of three days' rows are refused
    "stale day": {"repeated_window"},
    "rows dropped": {"volume_against_expected", "sampling_rate_change"},
    "telemetry overload": {"volume_against_expected", "sampling_rate_change"},
    "delivered twice": {"duplicate_rate"},
    "source gone": {"no_data"},
    "clock skew": {"clock_skew"},
    "one time stamp": {"duplicated_timestamps"},
    "labels late": {"label_arrival", "negative_outcome_arrival"},
    "negative labels stop": {"negative_outcome_arrival"},
    "old model answers": {"old_version_rate"},
    "model not pushed": {"old_version_rate"},
    "old hyper-parameters": {"unexplained_score_shift"},
}
"""Fault -> the measures of this family that fail, the quality of the log being all that they are about."""


def test_the_clean_world_is_quiet(base: Path, tmp_path: Path, log: Log) -> None:
    assert failed(go_on(base, tmp_path / "w", log)) == set()


@pytest.mark.parametrize("name", FOUND)
def test_a_planted_fault_is_found(base: Path, tmp_path: Path, log: Log, name: str) -> None:
    with_fault = plant(name, log, ROLES, since=FAULT_FROM, rng=np.random.default_rng(3), features=FEATURES)
    found = failed(go_on(base, tmp_path / "w", with_fault, ahead=name == "clock skew"))
    assert found == FOUND[name], (name, found)
    assert FAULTS[name].rule in found or FAULTS[name].rule == "drift_evidence" or not found
