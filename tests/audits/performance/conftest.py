"""Twelve predictions about two groups, small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence
from audits.registry import find

# group, decision, outcome, score; the last outcome is not known yet
TWELVE = [
    ("F", 1, 1, 0.90), ("F", 1, 1, 0.80), ("F", 1, 0, 0.70), ("F", 0, 1, 0.40), ("F", 0, 0, 0.30), ("F", 0, 0, 0.20),
    ("M", 1, 1, 0.95), ("M", 1, 0, 0.60), ("M", 1, 0, 0.65), ("M", 0, 0, 0.10), ("M", 0, 1, 0.45), ("M", 1, None, 0.85),
]  # fmt: skip
# F: TP 2, FP 1, FN 1, TN 2.   M: TP 1, FP 2, FN 1, TN 1, and one decided favorably without an outcome.
# All: TP 3, FP 3, FN 2, TN 3; 12 decided, 7 favorably; 11 outcomes known, 5 of them favorable.


@pytest.fixture(scope="session")
def twelve() -> list[dict[str, Any]]:
    """Give the rows."""
    return [{"sex": sex, "decision": decision, "outcome": outcome, "score": score} for sex, decision, outcome, score in TWELVE]


@pytest.fixture(scope="session")
def evidence(evidence_of: Callable[..., Evidence], twelve: list[dict[str, Any]]) -> Evidence:
    """Give their evidence."""
    return evidence_of(twelve, protected=("sex",))


@pytest.fixture(scope="session")
def finding() -> Callable[..., dict[str, Any]]:
    """Give the function that looks up one finding of an audit over the whole period, by slice ("" for everybody)."""

    def look_up(evidence: Evidence, name: str, level: str = "", *, window: int = 0) -> dict[str, Any]:
        for block in find(name)(evidence):
            for i in range(len(block)):
                levels = " ".join(level for _, level in evidence.slices[int(block.slice[i])].levels)
                if block.window[i] == window and block.version[i] == 0 and levels == level:
                    numbers = {key: float(getattr(block, key)[i]) for key in ("value", "low", "high")}
                    return numbers | {
                        "n": int(block.n[i]), "method": block.method[i], "reason": block.reason[i], "tables": block.tables.get(i),
                        "unit": block.unit, "attribute": int(block.attribute[i]),
                    }  # fmt: skip
        raise LookupError(f"{name} of {level or 'everybody'} in window {window}")

    return look_up


@pytest.fixture(scope="session")
def random_rows() -> list[dict[str, Any]]:
    """Give 500 random predictions, for comparison with libraries."""
    draw = np.random.default_rng(3)
    rows = []
    for _ in range(500):
        score = float(draw.beta(2, 3))
        outcome = int(draw.random() < score**1.3)
        rows.append({"sex": "FM"[int(draw.integers(2))], "score": score, "outcome": outcome, "decision": int(score > 0.45)})
    return rows
