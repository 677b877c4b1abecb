"""`base_rate` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence
from audits.interval import wilson


def test_by_hand(evidence: Evidence, finding: Callable[..., dict[str, Any]]) -> None:
    """Favorable outcomes over known ones: everybody, F and M."""
    found = [finding(evidence, "base_rate", level) for level in ("", "F", "M")]
    assert [each["value"] for each in found] == [5 / 11, 3 / 6, 2 / 5]
    assert [each["n"] for each in found] == [11, 6, 5]
    assert [each["attribute"] for each in found] == [-1, 0, 0]
    low, high = wilson(round(5 / 11 * 11), 11)
    assert (found[0]["low"], found[0]["high"]) == (float(low), float(high))


def test_other_outcome(evidence_of: Callable[..., Evidence], twelve: list[dict[str, Any]], finding: Callable[..., dict[str, Any]]) -> None:
    """It does not depend on which outcome the score predicts."""
    assert finding(evidence_of(twelve, positive=0), "base_rate")["value"] == pytest.approx(5 / 11, abs=1e-15)


def test_against_the_definition(
    evidence_of: Callable[..., Evidence], random_rows: list[dict[str, Any]], finding: Callable[..., dict[str, Any]]
) -> None:
    """500 random rows, to 1e-12."""
    y, d = (np.asarray([row[name] for row in random_rows]) for name in ("outcome", "decision"))
    assert len(y) == len(d)
    assert finding(evidence_of(random_rows), "base_rate")["value"] == pytest.approx(y.mean(), abs=1e-12)
