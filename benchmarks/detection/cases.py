"""Logs as files, for tools that read rows: a folder for each seed with the reference, the quiet log, and the log with each fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detection.world import CATEGORICAL, FIRST, NUMERIC, Log, World

COLUMNS = ("time", *NUMERIC, *CATEGORICAL, "score", "decision", "outcome", "latency_ms")
BEFORE = 2
"""Windows before the fault that a faulty log's file begins with: what rings there already is no detection."""

MOST_ROWS = 50_000
"""Rows of a window that the peers are given, and as many of the reference as thirty such windows would have at 5,000 each."""


def write(folder: Path, name: str, log: Log, days: tuple[int, int], *, most: int = MOST_ROWS) -> None:
    """Write the rows of some days; of a day with more than `most` rows the first of a random order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{name}.parquet"
    if path.exists():
        return
    day = log["time"].astype("datetime64[D]").astype(np.int64) - FIRST.astype(np.int64)
    rows = np.flatnonzero((day >= days[0]) & (day < days[1]))
    rng = np.random.default_rng(0)
    parts = [rows[day[rows] == d] for d in np.unique(day[rows])]
    kept = [np.sort(rng.permutation(part)[:most]) if len(part) > most else part for part in parts]
    chosen = np.concatenate(kept) if kept else rows
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({column: _array(log[column][chosen]) for column in COLUMNS}), path)


def _array(values: Any) -> Any:
    """An Arrow column; one of numbers and texts becomes text."""
    import pyarrow as pa

    if values.dtype.kind == "O":
        given = values.tolist()
        if any(isinstance(value, str) for value in given):
            return pa.array([None if value is None or value != value else str(value) for value in given], pa.string())
    return pa.array(values, from_pandas=True)


def days_of(world: World, onset: int | None, horizon: int) -> tuple[int, int]:
    """The days of a log's file: all analysed ones, or those around the fault."""
    if onset is None:
        return world.reference, world.windows
    return world.reference + onset - BEFORE, min(world.reference + onset + horizon, world.windows)
