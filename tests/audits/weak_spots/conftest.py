"""Logs whose errors are written down slice by slice, and a reader of what was found in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audits.audit import Audit
from audits.evidence import Evidence


@pytest.fixture(scope="session")
def erring() -> Callable[..., list[dict[str, object]]]:
    """Give the function that writes rows from {levels: (errors, rows)}, the levels as "sex=F race=A"."""

    def rows(counts: Mapping[str, tuple[int, int]], **more: object) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        for text, (errors, n) in counts.items():
            levels = dict(part.split("=") for part in text.split())
            found += [{**levels, "decision": 1, "outcome": int(i >= errors), **more} for i in range(n)]
        return found

    return rows


@pytest.fixture(scope="session")
def worlds() -> Callable[..., list[dict[str, object]]]:
    """Give the function that draws rows of three attributes and a segment; `worse` adds to the error rate of some of them."""

    def rows(seed: int, worse: Callable[[Mapping[str, Any]], float] = lambda row: 0.0, n: int = 5000) -> list[dict[str, object]]:
        draw = np.random.default_rng(seed)
        columns = {
            "race": draw.choice(["A", "B", "C"], n, p=[0.5, 0.3, 0.2]), "sex": draw.choice(["F", "M"], n),
            "region": draw.choice(["north", "south", "west"], n),
        }  # fmt: skip
        chance = draw.random(n)
        found: list[dict[str, object]] = []
        for i in range(n):
            row: dict[str, object] = {name: str(values[i]) for name, values in columns.items()}
            found.append({**row, "decision": 1, "outcome": int(chance[i] >= 0.15 + worse(row))})
        return found

    return rows


@pytest.fixture(scope="session")
def spots() -> Callable[[Audit, Evidence], list[SimpleNamespace]]:
    """Give the function that lists what an audit found, with slices that the evidence does not report under their own names."""

    def listed(audit: Audit, evidence: Evidence) -> list[SimpleNamespace]:
        found = []
        for block in audit(evidence):
            slices = (*evidence.slices, *block.named)
            for i in range(len(block)):
                table = block.tables.get(i, {})
                json.dumps(table, allow_nan=False)
                spot = SimpleNamespace(
                    slice=dict(slices[block.slice[i]].levels), n=int(block.n[i]), reason=block.reason[i], tables=table,
                    **{name: float(getattr(block, name)[i]) for name in ("value", "low", "high", "p_value")},
                    q=None if block.q_value is None else float(block.q_value[i]), method=block.method[i],
                    people=None if block.people is None else [float(values[i]) for values in block.people],
                )  # fmt: skip
                assert np.isfinite(spot.value) != bool(spot.reason)
                assert not np.isfinite(spot.value) or (0 < spot.low <= spot.value <= spot.high and spot.q <= 0.05)
                assert (block.window[i], block.version[i]) == (0, 0)
                found.append(spot)
        return found

    return listed
