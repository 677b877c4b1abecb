"""Tallies: additive counts of one model's log, made once per partition and merged by adding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import Bins
from audits.slices import Slice
from connectors import partitions
from connectors.config import ModelConfig
from connectors.partitions import Partition
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

Table = Mapping[str, NDArray[Any]]
SCHEMA_VERSION = 2
KEYS = {
    "outcome": ("partition", "family", "unit", "slice", "decision", "outcome"),
    "coarse": ("partition", "unit", "slice", "curve", "decision", "outcome", "score_bin"),
    "margin": ("partition", "slice", "curve", "decision", "outcome"),
    "weighted": ("partition", "slice", "decision", "outcome"),
    "bins": ("partition", "column"),
    "moments": ("partition", "column"),
    "maturity": ("partition", "lag_days"),
}
"""What identifies a row of each table; every other column adds up, except that moments merge by their own law."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Counts of one model as columns of NumPy arrays.

    Parameters
    ----------
    partitions
        The partitions counted; tables refer to them by position in column `partition`.
    slices
        The slices counted; tables refer to them by position in column `slice`.
    columns
        Names of the binned columns; tables refer to them by position in column `column`.
    outcome, coarse, margin, weighted, bins, moments, maturity
        The tables. Unknown decisions and outcomes are -1, and so is `unit` where the log names no unit. `margin` and `bins` hold one row of
        counts per bin of the frozen grid.
    fingerprint
        Of the frozen bins.
    """

    partitions: tuple[Partition, ...]
    slices: tuple[Slice, ...]
    columns: tuple[str, ...]
    outcome: Table
    coarse: Table
    margin: Table
    weighted: Table
    bins: Table
    moments: Table
    maturity: Table
    fingerprint: str
    schema_version: int = SCHEMA_VERSION

    def select(self, keep: Callable[[Partition], bool]) -> Tally:
        """The tally of some partitions only."""
        kept = [position for position, partition in enumerate(self.partitions) if keep(partition)]
        place = np.full(len(self.partitions) + 1, -1)
        place[kept] = np.arange(len(kept))
        tables: dict[str, Any] = {}
        for name in KEYS:
            table = getattr(self, name)
            moved = place[table["partition"]]
            tables[name] = {column: values[moved >= 0] for column, values in table.items()} | {"partition": moved[moved >= 0]}
        return replace(self, partitions=tuple(self.partitions[i] for i in kept), **tables)

    def between(self, first: int, end: int) -> Tally:
        """The tally of the buckets from `first` up to, not including, `end`."""
        return self.select(lambda partition: first <= partition.bucket < end)

    def by(self, *attributes: str) -> Tally:
        """The tally with its outcome counts broken down by these attributes only.

        Raises
        ------
        KeyError
            No table of this tally holds these attributes together.
        """
        wanted = tuple(sorted(attributes))
        families = [i for i, held in self.families().items() if set(wanted) <= set(held)]
        if not families:
            raise KeyError(f"no tally holds {', '.join(wanted)} together")
        reduced = [found.only(wanted) for found in self.slices]
        slices = tuple(dict.fromkeys(reduced))
        place = np.asarray([slices.index(found) for found in reduced], dtype=np.int64)
        rows = self.outcome["family"] == min(families)
        outcome = {column: values[rows] for column, values in self.outcome.items()}
        outcome = outcome | {"slice": place[outcome["slice"]], "family": np.zeros_like(outcome["family"])}
        margin, weighted = ({column: values[:0] for column, values in table.items()} for table in (self.margin, self.weighted))
        coarse: Table = (
            {**self.coarse, "slice": place[self.coarse["slice"]]} if min(families) == 0 else {c: v[:0] for c, v in self.coarse.items()}
        )
        counted = {"outcome": add_up(outcome, KEYS["outcome"]), "coarse": add_up(coarse, KEYS["coarse"])}
        return replace(self, slices=slices, outcome=counted["outcome"], coarse=counted["coarse"], margin=margin, weighted=weighted)

    def families(self) -> dict[int, tuple[str, ...]]:
        """Which attributes each family of the outcome table holds together."""
        found = {}
        for family in np.unique(self.outcome["family"]):
            first = self.outcome["slice"][self.outcome["family"] == family][0]
            found[int(family)] = self.slices[first].attributes
        return found

    def __add__(self, other: Tally) -> Tally:
        """The tally of both logs together.

        Raises
        ------
        ValueError
            They were made with different bins or by different versions of the tally.
        """
        if (self.fingerprint, self.schema_version) != (other.fingerprint, other.schema_version):
            raise ValueError(f"tallies with different bins do not merge: {self.fingerprint} and {other.fingerprint}")
        parts = {_identity(p): p for p in (*self.partitions, *other.partitions)}
        for identity in parts.keys() & {_identity(p) for p in self.partitions} & {_identity(p) for p in other.partitions}:
            both = [p.rows for p in (*self.partitions, *other.partitions) if _identity(p) == identity]
            parts[identity] = replace(parts[identity], rows=sum(both))
        order = sorted(parts, key=lambda identity: (not identity[2], identity[1], identity[0] or ""))
        slices = tuple(sorted({*self.slices, *other.slices}, key=lambda found: found.levels))
        columns = tuple(dict.fromkeys((*self.columns, *other.columns)))
        tables: dict[str, Any] = {}
        for name, keys in KEYS.items():
            moved = [_moved(part, getattr(part, name), order, slices, columns) for part in (self, other)]
            joined = {column: np.concatenate([m[column] for m in moved]) for column in moved[0]}
            tables[name] = merge_moments(joined) if name == "moments" else add_up(joined, keys)
        return replace(self, partitions=tuple(parts[i] for i in order), slices=slices, columns=columns, **tables)


def _identity(partition: Partition) -> tuple[str | None, int, bool]:
    return partition.version, partition.bucket, partition.reference


def _moved(part: Tally, table: Table, order: Sequence[Any], slices: Sequence[Slice], columns: Sequence[str]) -> Table:
    """A table with its positions translated to the merged lists."""
    moved = dict(table)
    moved["partition"] = _translate(table["partition"], [order.index(_identity(p)) for p in part.partitions])
    if "slice" in table:
        moved["slice"] = _translate(table["slice"], [slices.index(found) for found in part.slices])
    if "column" in table:
        moved["column"] = _translate(table["column"], [columns.index(name) for name in part.columns])
    return moved


def _translate(values: NDArray[Any], places: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(places, dtype=np.int64)[values] if len(values) else values.astype(np.int64)


def add_up(table: Table, keys: Sequence[str]) -> Table:
    """Rows with equal keys added into one, in the order of the keys."""
    if not len(table[keys[0]]):
        return table
    order = np.lexsort([table[key] for key in reversed(keys)])
    ranked = {column: values[order] for column, values in table.items()}
    starts = np.flatnonzero(_new_runs([ranked[key] for key in keys]))
    ends = np.append(starts[1:], len(order))

    def joined(column: str, values: NDArray[Any]) -> NDArray[Any]:
        if column in keys:
            return values[starts]
        if values.dtype == object:
            return np.asarray([merge_levels(values[a:b]) for a, b in zip(starts, ends, strict=True)], dtype=object)
        return np.asarray(np.add.reduceat(values, starts, axis=0))

    return {column: joined(column, values) for column, values in ranked.items()}


def merge_levels(texts: Iterable[str | None]) -> str | None:
    """Counts by level, as JSON objects, added up; None where there are none.

    >>> merge_levels(['{"a": 1}', None, '{"a": 2, "b": 5}'])
    '{"a": 3, "b": 5}'
    """
    found: dict[str, int] = {}
    for text in texts:
        for level, n in (json.loads(text) if text else {}).items():
            found[level] = found.get(level, 0) + n
    return json.dumps(found, ensure_ascii=False) if found else None


def merge_moments(table: Table) -> Table:
    """Moments with equal keys merged by the parallel algorithm of Chan, Golub and LeVeque (1983): sums of raw squares would cancel."""
    keys = KEYS["moments"]
    if not len(table["n"]):
        return table
    order = np.lexsort([table[key] for key in reversed(keys)])
    starts = np.flatnonzero(_new_runs([table[key][order] for key in keys]))
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    n, means = table["n"][order], table["mean"][order]
    base = means[starts]  # offsets from a group's own first mean keep all digits of a large one
    total = np.add.reduceat(n, starts)
    mean = base + np.bincount(group, weights=n * (means - base[group])) / np.maximum(total, 1)
    spread = table["m2"][order] + n * (means - mean[group]) ** 2
    return {key: table[key][order][starts] for key in keys} | {
        "n": total, "min": np.fmin.reduceat(table["min"][order], starts), "max": np.fmax.reduceat(table["max"][order], starts),
        "mean": mean, "m2": np.bincount(group, weights=spread),
    }  # fmt: skip


def _new_runs(keys: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
    """Where a row's keys differ from those of the row before; always true for the first."""
    new = np.zeros(len(keys[0]), dtype=bool)
    new[0] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def specification(model: ModelConfig) -> str:
    """What the outcome side of a tally was made for: change it, and every partition is tallied again."""
    parts: dict[str, Any] = {
        "tally": SCHEMA_VERSION, "task": model.task, "segments": model.segments,
        "protected": [(p.column, p.edges, dict(p.probabilities or {})) for p in model.protected],
        "favorable": repr(model.favorable), "positive": repr(model.positive), "unknown": model.unknown, "columns": asdict(model.columns),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def load(warehouse: Warehouse, model: str, bins: Bins, which: Iterable[Partition]) -> Tally:
    """The stored tally of some partitions."""
    chosen = tuple(which)
    names = [column.name for column in bins.columns]
    dictionary = partitions.cells(warehouse, model)
    codes = np.zeros(max(dictionary.values(), default=-1) + 1, dtype=np.int64)
    slices = []
    for position, (text, cell) in enumerate(dictionary.items()):
        slices.append(Slice.from_json(text))
        codes[cell] = position
    tables: dict[str, Table] = {}
    for side, stored in partitions.TABLES.items():
        numbers = [getattr(p, f"{side}_tally") for p in chosen]
        order = np.argsort(np.asarray(numbers, dtype=np.int64), kind="stable")
        ranked = np.asarray(numbers, dtype=np.int64)[order]
        for name in stored:
            rows = partitions.load(warehouse, name, numbers)
            table = columns_of(rows, widest(bins))
            place = order[np.searchsorted(ranked, table.pop("tally"))] if rows.num_rows else table.pop("tally")
            table["partition"] = place.astype(np.int64)
            if "cell" in table:
                table["slice"] = codes[table.pop("cell")]
            if "column" in table:
                table["column"] = np.asarray([names.index(name) for name in table["column"]], dtype=np.int64)
            tables[name.removeprefix("tally_")] = table
    return Tally(partitions=chosen, slices=tuple(slices), columns=tuple(names), fingerprint=bins.fingerprint, **tables)  # type: ignore[arg-type]


def widest(bins: Bins) -> tuple[int, int]:
    """Bins of the widest column's grid, and of the widest curve's."""
    curves = [bins.by_name[name].size for name in bins.curves if name]
    return max((column.size for column in bins.columns), default=0), max(curves, default=0)


def columns_of(rows: pa.Table, width: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """A stored table as NumPy columns; lists of counts become one matrix row each, padded with zeros to the widest grid (`widest`).

    Lists that no row has are left out.
    """
    import pyarrow.types as kinds

    found: dict[str, NDArray[Any]] = {}
    for name in rows.column_names:
        column = rows.column(name).combine_chunks()
        if kinds.is_list(column.type):
            if name in ("n", "score", "total") or column.null_count < len(column):
                found[name] = _matrix(column, width[0] if "column" in rows.column_names else width[1])
        elif kinds.is_string(column.type):
            found[name] = np.asarray(column.to_pylist(), dtype=object)
        else:
            found[name] = column.to_numpy(zero_copy_only=False)
    return found


def _matrix(column: Any, width: int) -> NDArray[Any]:
    values, offsets = column.values.to_numpy(zero_copy_only=False), column.offsets.to_numpy()
    lengths = np.diff(offsets)
    values = values[offsets[0] : offsets[-1]]
    if len(lengths) and (lengths == width).all():
        return np.asarray(values.reshape(len(lengths), width))
    matrix = np.zeros((len(lengths), width), dtype=values.dtype)
    matrix[np.arange(width) < lengths[:, None]] = values
    return matrix
