"""How well each feature alone explains the outcome, on at most `MOST_ROWS` labelled rows of the reference; kept with the frozen bins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.interval import z_of
from connectors.schema import columns_of, create_tables, quote, table

if TYPE_CHECKING:
    from audits.bins import Bins
    from connectors.config import ModelConfig
    from connectors.partitions import Partition
    from connectors.warehouse import Warehouse

MOST_ROWS, MOST_VALUES, FEW = 20_000, 4_000_000, 100
PARTS, LEVELS = 50, 200
ENOUGH = 0.8
"""Share of the reference that has to be labelled for the figures to be final."""
DDL = ("CREATE TABLE IF NOT EXISTS candor.leaks (model VARCHAR, fingerprint VARCHAR, rows BIGINT, body VARCHAR)",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Share of the outcome's variance that a column explains on rows that were not used to learn it, with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


def leaks(warehouse: Warehouse, model: ModelConfig, bins: Bins, reference: Sequence[Partition]) -> dict[str, Leak]:
    """One figure a feature; empty without an outcome, or with fewer than `FEW` labelled rows. Made once, unless there were few rows."""
    stored = columns_of(warehouse.connection, model.name, "predictions")
    aside = {model.columns.score, model.columns.latency_ms}
    names = [column.name for column in bins.columns if column.name not in aside and column.name in stored]
    if model.columns.outcome is None or not names or not reference:
        return {}
    create_tables(warehouse.connection, DDL)
    limit = min(MOST_ROWS, max(MOST_VALUES // len(names), FEW))
    kept = warehouse.connection.execute(
        "SELECT rows, body FROM candor.leaks WHERE model = ? AND fingerprint = ?", [model.name, bins.fingerprint]
    ).fetchall()
    if kept and int(kept[0][0]) >= min(limit, ENOUGH * sum(partition.rows for partition in reference)):
        return {name: Leak(**found) for name, found in json.loads(kept[0][1]).items()}
    rows = _rows(warehouse, model, names, [partition.number for partition in reference], limit)
    if rows.num_rows < FEW:
        return {}
    truth = _coded(rows.column("candor:outcome").to_pylist(), numeric=model.task == "regression")
    found = {name: explained(_values(rows.column(name)), truth) for name in names}
    body = json.dumps({name: asdict(each) for name, each in found.items() if each is not None}, ensure_ascii=False)
    with warehouse.transaction():
        warehouse.connection.execute("DELETE FROM candor.leaks WHERE model = ?", [model.name])
        warehouse.connection.execute("INSERT INTO candor.leaks VALUES (?, ?, ?, ?)", [model.name, bins.fingerprint, rows.num_rows, body])
    return {name: each for name, each in found.items() if each is not None}


def _rows(warehouse: Warehouse, model: ModelConfig, names: Sequence[str], numbers: Sequence[int], limit: int) -> Any:
    """The first labelled rows of some partitions."""
    picked = ", ".join(f"p.{quote(name)}" for name in names)
    sql = (
        f'SELECT {picked}, o.outcome AS "candor:outcome" FROM {table(model.name, "predictions")} p'
        f' JOIN {table(model.name, "outcomes")} o ON p."candor:key" = o."candor:key"'  # ids widen to text in both tables together
        f' WHERE p."candor:partition" IN (SELECT unnest(?::INTEGER[])) AND o.outcome IS NOT NULL ORDER BY p."candor:row" LIMIT {limit}'
    )
    return warehouse.read(sql, [list(numbers)])


def explained(values: NDArray[Any], truth: Floats) -> Leak | None:
    """How much of the outcome the column explains: 1 - Σ(truth - mean of its bin)² / Σ(truth - mean)², the means taken on the other half.

    `truth` is by [row, class]. None where the outcome or the column has a single value.

    >>> x = np.arange(1000.0)
    >>> explained(x, (x > 500).astype(float)[:, None]).value > 0.97
    True
    >>> explained(np.ones(1000), (x > 500).astype(float)[:, None]) is None
    True
    """
    part = _parts(values)
    half = np.arange(len(part)) % 2
    if part.max(initial=0) < 1 or truth.std() == 0:
        return None
    error, whole = np.zeros(len(part)), np.zeros(len(part))
    for side in (0, 1):
        learned, asked = half != side, half == side
        mean = truth[learned].mean(axis=0)
        n = np.bincount(part[learned], minlength=part.max() + 1)
        sums = np.stack([np.bincount(part[learned], weights=column, minlength=len(n)) for column in truth[learned].T], axis=1)
        means = np.where(n[:, None] > 0, sums / np.maximum(n, 1)[:, None], mean)
        error[asked] = ((truth[asked] - means[part[asked]]) ** 2).sum(axis=1)
        whole[asked] = ((truth[asked] - mean) ** 2).sum(axis=1)
    lost = error / whole.mean()
    value = 1.0 - lost.mean()
    half_width = z_of() * float(np.std(lost)) / np.sqrt(len(lost))
    value = float(np.clip(value, 0.0, 1.0))
    return Leak(value=value, low=float(max(value - half_width, 0.0)), high=float(min(value + half_width, 1.0)), n=len(part))


def _parts(values: NDArray[Any]) -> Integers:
    """A part for each row: `PARTS` even ones of a column of numbers, or its values where they are few; levels otherwise."""
    if values.dtype.kind == "f":
        known = ~np.isnan(values)
        distinct = np.unique(values[known])
        if len(distinct) > PARTS:
            distinct = np.unique(np.quantile(values[known], np.linspace(0, 1, PARTS + 1)[1:-1]))
            return np.where(known, np.searchsorted(distinct, values, side="right") + 1, 0).astype(np.int64)
        return np.where(known, np.searchsorted(distinct, np.where(known, values, 0.0)) + 1, 0).astype(np.int64) - int(known.all())
    levels, code, n = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    rank = np.empty(len(levels), dtype=np.int64)
    rank[np.argsort(-n, kind="stable")] = np.arange(len(levels))
    return np.minimum(rank[code], LEVELS)


def _values(column: Any) -> NDArray[Any]:
    import pyarrow.types as kinds

    if kinds.is_integer(column.type) or kinds.is_floating(column.type):
        return np.asarray(column.to_numpy(), dtype=np.float64)
    return np.asarray([str(value) for value in column.to_pylist()], dtype=object)


def _coded(outcomes: Sequence[Any], *, numeric: bool) -> Floats:
    """Outcomes by [row, class]: a number, or one column a level."""
    if numeric:
        return np.asarray(outcomes, dtype=np.float64)[:, None]
    levels, code = np.unique(np.asarray([str(value) for value in outcomes]), return_inverse=True)
    return np.eye(len(levels))[code] if len(levels) > 1 else np.zeros((len(code), 1))
