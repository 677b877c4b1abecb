"""Many rows from a few literal ones: every count of a tally times as many."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audits.audit import Audit
from audits.evidence import Evidence
from audits.tally import KEYS, Tally

Rows = list[dict[str, Any]]
Build = Callable[..., Evidence]
FIXED = ("curve", "score_bin", "lag_days", "unit", "unseen_levels", "min", "max", "mean")


def times(tally: Tally, by: int) -> Tally:
    """Repeat every row."""
    tables = {
        name: {
            column: values if column in (*KEYS[name], *FIXED) or values.dtype == object else values * by
            for column, values in getattr(tally, name).items()
        }
        for name in KEYS
    }
    return dataclasses.replace(tally, partitions=tuple(dataclasses.replace(p, rows=p.rows * by) for p in tally.partitions), **tables)


@pytest.fixture(scope="session")
def many(evidence_of: Build) -> Build:
    """Give the function that makes evidence of literal rows, the reference's repeated `reference` times, the others' `analysed` times."""

    def make(rows: Rows, *, reference: int = 100, analysed: int = 1, **given: Any) -> Evidence:
        found = evidence_of(rows, **given)
        return dataclasses.replace(
            found,
            tally=times(found.tally, analysed),
            reference_tally=times(found.reference_tally, reference),
            reference=dataclasses.replace(found.reference, n=found.reference.n * reference),
        )

    return make


@pytest.fixture(scope="session")
def of(figures: Callable[..., list[SimpleNamespace]]) -> Callable[..., SimpleNamespace]:
    """Give the function that finds the only figure of an audit in a window (the first by default) and a slice."""

    def find(audit: Audit, evidence: Evidence, window: int = 1, **levels: str) -> SimpleNamespace:
        found = [each for each in figures(audit, evidence) if (each.window, each.slice, each.version) == (window, levels, None)]
        assert len(found) == 1, found
        return found[0]

    return find


def log(day: int, cells: Sequence[tuple[float, int, int]], *, labels: bool = True, **more: Any) -> Rows:
    """Rows of one day: (score, rows with a positive outcome, rows with a negative one), decided positive from a score of 0.4 on."""
    return [
        {"score": score, "decision": int(score > 0.4), "outcome": outcome if labels else None, "day": day, **more}
        for score, yes, no in cells
        for outcome, n in ((1, yes), (0, no))
        for _ in range(n)
    ]


REFERENCE = [(0.2, 1, 3), (0.5, 2, 2), (0.8, 3, 1)]
"""Twelve rows whose outcome rates are 1/4, 1/2 and 3/4."""


@pytest.fixture(scope="session")
def reference() -> Rows:
    """Give the twelve."""
    return log(0, REFERENCE, reference=True)


@pytest.fixture(scope="session")
def rows_of_day() -> Callable[..., Rows]:
    """Give the function that makes the rows of a day."""
    return log


@pytest.fixture
def draw() -> np.random.Generator:
    """Give random numbers that are the same every time."""
    return np.random.default_rng(20260101)
