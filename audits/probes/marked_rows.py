"""Rows that a probe has marked, counted in the engine by partition and groups, as the probe's cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.counts import summed
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.probed_cells import ANALYSED, CODES, ProbeTally


@dataclass(frozen=True, kw_only=True)
class Marked:
    """Counts by partition and level of every grouping: `n` rows, of which `weight` are marked.

    `levels` holds, by grouping, the level of each line.
    """

    partition: Integers
    levels: Mapping[str, NDArray[np.object_]]
    n: Floats
    weight: Floats


def marked_of(table: Any, groupings: tuple[str, ...], *, n: Floats | None = None, weight: Floats | None = None) -> Marked:
    """What the engine counted, as arrays; without counts of their own, all rows of it are marked."""
    size = table.num_rows
    rows = np.asarray(table.column("n").to_numpy(zero_copy_only=False), dtype=np.float64) if n is None else n
    levels = {
        name: np.asarray([*table.column(f"level{place}").to_pylist(), None], dtype=object)[:-1] for place, name in enumerate(groupings)
    }
    partition = np.asarray(table.column("partition").to_numpy(zero_copy_only=False), dtype=np.int64).reshape(size)
    return Marked(partition=partition, levels=levels, n=rows, weight=rows if weight is None else weight)


def tally_of_marks(evidence: Evidence, every: Marked, marks: Mapping[str, Marked]) -> ProbeTally:
    """Cells of the analysed period.

    Parameters
    ----------
    every
        All rows that could have been marked.
    marks
        By quantity, the marked ones; each counts for everybody, its groups, its cell of the full intersection and its segment levels.
    """
    numbers = {p.number: place for place, p in enumerate(evidence.tally.partitions)}
    quantities = tuple(marks)
    all_rows = _by_slice(evidence, every, numbers, every.n)
    parts: dict[str, list[Any]] = {name: [] for name in (*CODES, "n", "total", "squares")}
    versions = tuple(dict.fromkeys(p.version for p in evidence.tally.partitions)) or (None,)
    version = np.asarray([versions.index(p.version) for p in evidence.tally.partitions], dtype=np.int64)
    bucket = np.asarray([p.bucket for p in evidence.tally.partitions], dtype=np.int64)
    part, place = np.nonzero(all_rows)
    for code, mark in enumerate(marks.values()):
        hit = _by_slice(evidence, mark, numbers, mark.weight)
        held = {
            "quantity": np.full(len(part), code), "column": np.zeros(len(part), dtype=np.int64), "side": np.full(len(part), ANALYSED),
            "version": version[part], "bucket": bucket[part], "slice": place, "n": all_rows[part, place], "total": hit[part, place],
            "squares": hit[part, place],
        }  # fmt: skip
        for name, values in held.items():
            parts[name].append(values)
    return ProbeTally(
        quantities=quantities, columns=("",), versions=versions, slices=tuple(one.to_json() for one in evidence.slices),
        rows={name: np.concatenate(values) if values else np.zeros(0, dtype=np.int64) for name, values in parts.items()},
    )  # fmt: skip


def _by_slice(evidence: Evidence, found: Marked, numbers: Mapping[int, int], weight: Floats) -> Floats:
    """Weights by [partition of the analysed tally, slice]."""
    shape = (len(evidence.tally.partitions), len(evidence.slices))
    at = np.asarray([numbers.get(number, -1) for number in found.partition.tolist()], dtype=np.int64)
    total = np.zeros(shape)
    for names in dict.fromkeys(one.attributes for one in evidence.slices):
        if not all(name in found.levels for name in names):
            continue  # groups by probability
        order = {tuple(level for _, level in one.levels): i for i, one in enumerate(evidence.slices) if one.attributes == names}
        lines = zip(*(found.levels[name].tolist() for name in names), strict=True) if names else iter([()] * len(at))
        place = np.fromiter((order.get(tuple(levels), -1) for levels in lines), dtype=np.int64, count=len(at))
        kept = (place >= 0) & (at >= 0)
        flat = np.ravel_multi_index((at[kept], place[kept]), shape)
        total += summed(flat, weight[kept], shape[0] * shape[1]).reshape(shape)
    return total
