"""A log decided by a model that is known, which can be asked without a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

WEIGHTS = {"income": 0.05, "debt": -2.0, "age": 0.01}
BIAS = -4.0
CUT = 0.6


def matrix(rows: pa.Table, names: tuple[str, ...]) -> np.ndarray:
    """Numbers of a table [row, name]."""
    return np.stack([np.asarray(rows.column(name).cast("float64").to_numpy(zero_copy_only=False)) for name in names], axis=1)


def linear(rows: pa.Table) -> np.ndarray:
    """P = 1 / (1 + exp(-(w x + b))): NaN where a number is missing."""
    return 1 / (1 + np.exp(-(matrix(rows, tuple(WEIGHTS)) @ np.asarray(list(WEIGHTS.values())) + BIAS)))


@dataclass
class Known:
    """A model that is a Python function."""

    function: Callable[[pa.Table], np.ndarray]
    names: tuple[str, ...] = tuple(WEIGHTS)
    classes: tuple[str, ...] = ()
    fingerprint: str = "known"

    def predict(self, rows: pa.Table) -> np.ndarray:
        """Ask the function, which is given just what the model wants."""
        assert tuple(rows.column_names) == self.names
        return self.function(rows)

    def nothing(self, *_: Any) -> None:
        """Say nothing of its inside."""

    matrix = owner = trees = linear = nothing


def people(rows: int = 900, seed: int = 1) -> pd.DataFrame:
    """Draw people and decide on them linearly; version v2 from the middle on."""
    draw = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "id": [f"k{i}" for i in range(rows)],
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows) * 5 * 86400 // rows, unit="s"),
            "version": np.where(np.arange(rows) < rows // 2, "v1", "v2"),
            "sex": draw.choice(["F", "M"], rows), "race": draw.choice(["A", "B"], rows),
            "income": draw.normal(100, 20, rows), "debt": draw.normal(0.4, 0.2, rows), "age": draw.integers(18, 80, rows),
            "job": draw.choice(["clerk", "cook", "nurse"], rows),
        }
    )  # fmt: skip
    found["score"] = linear(pa.Table.from_pandas(found))
    found["decision"] = (found["score"] >= CUT).astype(int)
    return found
