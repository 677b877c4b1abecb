"""Small logs for the drift audits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audits.evidence import Evidence


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
