"""How tests read the figures of fairness audits."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from audits.audit import Audit
from audits.evidence import Evidence

Figures = Callable[..., list[SimpleNamespace]]


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Give the function that measures evidence, checks what must hold of any figure, and lists the figures asked for."""

    def measure(audit: Audit, evidence: Evidence, **wanted: object) -> list[SimpleNamespace]:
        found = []
        for block in audit(evidence):
            assert (block.name, block.unit) == (audit.name, audit.unit)
            for i in range(len(block)):
                value, low, high = (None if math.isnan(x) else float(x) for x in (block.value[i], block.low[i], block.high[i]))
                table = block.tables.get(i)
                beside, column = block.reference_slice[i], block.column[i]
                figure = SimpleNamespace(
                    value=value, low=low, high=high, n=int(block.n[i]), method=block.method[i], reason=block.reason[i], tables=table,
                    p=None if math.isnan(block.p_value[i]) else float(block.p_value[i]), window=int(block.window[i]),
                    version=evidence.versions[block.version[i]], slice=dict(evidence.slices[block.slice[i]].levels),
                    reference=dict(evidence.slices[beside].levels) if beside >= 0 else None,
                    attribute=evidence.attributes[block.attribute[i]] if block.attribute[i] >= 0 else None,
                    column=evidence.columns[column] if column >= 0 else None,
                )  # fmt: skip
                numbers = [x for x in (value, low, high, figure.p) if x is not None]
                assert all(math.isfinite(x) for x in numbers), figure
                assert value is not None or figure.reason, figure
                assert value is not None or (low is None and high is None and figure.p is None), figure
                assert value is None or low is None or low <= value + 1e-12, figure
                assert value is None or high is None or value <= high + 1e-12, figure
                assert figure.p is None or 0 <= figure.p <= 1, figure
                json.dumps(table, allow_nan=False)
                found.append(figure)
        places = [(f.version, str(f.slice), f.attribute, f.column, f.window) for f in found]
        assert len(places) == len(set(places)), "a name occurs once per version, slice, attribute, column and window"
        return [f for f in found if all(getattr(f, key) == value for key, value in wanted.items())]

    return measure


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
