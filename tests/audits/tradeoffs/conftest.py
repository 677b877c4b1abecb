"""Small logs for the trade-offs: everything about them can be counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from connectors.config import Costs


@pytest.fixture(scope="session")
def ten() -> list[dict[str, Any]]:
    """Give ten scored predictions, decided from 0.5 on.

    score     1  2  3  4  5  6  7  8  9  10   (tenths)
    outcome   0  0  1  0  0  1  0  1  1  1
    """
    outcomes = (0, 0, 1, 0, 0, 1, 0, 1, 1, 1)
    return [{"score": (i + 1) / 10, "outcome": y, "decision": int(i >= 4), "sex": "FM"[i % 2]} for i, y in enumerate(outcomes)]


@pytest.fixture(scope="session")
def costs() -> Costs:
    """Give a matrix in which a false positive costs five times a false negative, and a true positive earns one."""
    return Costs(true_positive=-1.0, false_positive=5.0, false_negative=1.0, true_negative=0.0)


def crowd(n: int = 2400, seed: int = 5, *, shift: float = 10.0) -> list[dict[str, Any]]:
    """Make people of three groups with scores in hundredths; groups differ in scores, and the score says less about the third."""
    draw = np.random.default_rng(seed)
    group = draw.choice(3, n, p=[0.5, 0.35, 0.15])
    score = np.clip(np.rint(draw.normal(45 + shift * (group == 1), 15, n)), 0, 99).astype(int)
    chance = 1 / (1 + np.exp(-(score - 50) / np.where(group == 2, 30, 12)))
    outcome = (draw.random(n) < chance).astype(int)
    return [
        {"group": "ABC"[g], "score": s / 100, "outcome": int(y), "decision": int(s >= 55), "day": i % 2}
        for i, (g, s, y) in enumerate(zip(group, score.tolist(), outcome, strict=True))
    ]


@pytest.fixture(scope="session")
def people() -> list[dict[str, Any]]:
    """Give 2,400 people of three groups."""
    return crowd()
