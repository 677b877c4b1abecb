"""Several classes: each is estimated against the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.defaults import DEFAULTS
from audits.estimated import AUDITS
from audits.evidence import Evidence
from audits.examine import examine


def test_every_class_is_estimated(many: Callable[..., Evidence], draw: np.random.Generator) -> None:
    """Three classes, calibrated probabilities: estimates of each class lie at the mean probability of the class."""
    rows: list[dict[str, Any]] = []
    for i in range(300):
        chances = draw.dirichlet((2, 2, 2)).round(2)
        chances[2] = 1 - chances[0] - chances[1]
        decision = "abc"[int(chances.argmax())]
        for outcome, chance in zip("abc", chances, strict=True):  # as many of a hundred as the probability says
            rows.append({"chance": round(100 * chance), "outcome": outcome, "decision": decision, "day": 0 if i < 200 else 1,
                         "reference": i < 200, **{f"p_{c}": float(p) for c, p in zip("abc", chances, strict=True)}})  # fmt: skip
    logged = [{key: value for key, value in row.items() if key != "chance"} for row in rows for _ in range(max(row["chance"] // 20, 0))]
    found = many(logged, reference=10, analysed=5, task="multiclass", favorable="a", features=())
    run = examine(found, DEFAULTS, card={}, audits=AUDITS)
    assert [failure for failure in run.errors if failure.error] == []
    table = {(row["name"], row["column"]): row for row in run.findings.to_pylist() if row["whole"]}
    for name in "abc":
        held = [row for row in logged if not row["reference"]]
        real = sum(row["outcome"] == name for row in held) / len(held)
        estimated = table["estimated_base_rate", name]
        assert estimated["value"] == pytest.approx(real, abs=0.05)
        assert estimated["low"] < estimated["value"] < estimated["high"]
        assert table["estimated_accuracy", name]["value"] is not None
        assert table["estimation_error", name]["value"] is not None
