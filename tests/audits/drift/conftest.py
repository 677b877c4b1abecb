"""How tests read the figures of drift audits."""

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
def columns() -> Callable[..., list[dict[str, object]]]:
    """Give the function that writes rows from {column: values} of the reference and of each day."""

    def rows(reference: dict[str, list[object]], *days: dict[str, list[object]]) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        for day, values in enumerate([reference, *days]):
            mark = {"reference": True, "day": 0} if day == 0 else {"day": day}
            found += [dict(zip(values, line, strict=True)) | mark for line in zip(*values.values(), strict=True)]
        return found

    return rows


@pytest.fixture(scope="session")
def moved(evidence_of: Callable[..., Evidence], columns: Callable[..., list[dict[str, object]]]) -> tuple[dict[str, list[object]], ...]:
    """Give a reference and three days of four columns: the first day like the reference, the second moved, the third far away."""
    import numpy as np

    draw = np.random.default_rng(5)

    def values(n: int, shift: float) -> dict[str, list[object]]:
        return {
            "amount": draw.lognormal(shift, 1, n).tolist(), "ratio": draw.normal(shift, 1 + shift, n).tolist(),
            "visits": draw.poisson(3 + 2 * shift, n).astype(float).tolist(),
            "kind": draw.choice(list("abcd"), n, p=[0.4 - shift / 10, 0.3, 0.2, 0.1 + shift / 10]).tolist(),
        }  # fmt: skip

    return values(1200, 0), values(600, 0), values(400, 0.3), values(300, 2)


@pytest.fixture(scope="session")
def drifted(
    evidence_of: Callable[..., Evidence], columns: Callable[..., list[dict[str, object]]], moved: tuple[dict[str, list[object]], ...]
) -> Evidence:
    """Give the evidence of it."""
    return evidence_of(columns(*moved))
