"""Small logs for the fairness audits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audits.evidence import Evidence


@pytest.fixture(scope="session")
def decided() -> Callable[..., list[dict[str, object]]]:
    """Give the function that writes rows from {level: (selected, decided)}."""

    def rows(counts: dict[str | None, tuple[int, int]], attribute: str = "sex", **more: object) -> list[dict[str, object]]:
        return [{attribute: level, "decision": int(i < hits), **more} for level, (hits, n) in counts.items() for i in range(n)]

    return rows


@pytest.fixture(scope="session")
def population() -> list[dict[str, object]]:
    """Give 900 people over three days: two attributes, some unknown, decisions and outcomes some unknown, scores in hundredths."""
    import numpy as np

    draw = np.random.default_rng(7)
    found = []
    for i in range(900):
        sex = str(draw.choice(["Female", "Male", "Unknown"], p=[0.45, 0.5, 0.05]))
        race = str(draw.choice(["A", "B", "C"], p=[0.6, 0.3, 0.1]))
        score = round(float(np.clip(draw.normal(0.5 + 0.05 * (sex == "Male") - 0.05 * (race == "C"), 0.2), 0, 1)), 2)
        row: dict[str, object] = {"sex": sex, "race": race, "score": score, "day": i % 3}
        row["decision"] = None if draw.random() < 0.03 else int(score > 0.5)
        row["outcome"] = None if draw.random() < 0.2 else int(draw.random() < score)
        found.append(row)
    return found


@pytest.fixture(scope="session")
def surveyed(evidence_of: Callable[..., Evidence], population: list[dict[str, object]]) -> Callable[[int], Evidence]:
    """Give the function that makes the population's evidence, once for each value of `positive`."""
    made = {positive: evidence_of(population, protected=("sex", "race"), positive=positive) for positive in (0, 1)}
    return made.__getitem__
