"""What was found of each row, summed into a probe's cells."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from audits.counts import summed
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.probed_cells import ANALYSED, CODES, REFERENCE, SUMS, ProbeTally
from audits.probes.model_rows import ModelRows

Found = Mapping[tuple[str, str], Floats]


def tally_of(evidence: Evidence, *sides: tuple[ModelRows, Found]) -> ProbeTally:
    """Sum values of rows into cells.

    Parameters
    ----------
    sides
        Rows, and what was found of each: (quantity, column) to one value a row; a row with NaN is left out. Each row counts for
        everybody, for its groups, for its cell of the full intersection and for its segment levels.
    """
    return reduce(add, (_one(evidence, rows, found) for rows, found in sides))


def _one(evidence: Evidence, rows: ModelRows, found: Found) -> ProbeTally:
    source, place = memberships(evidence, rows)
    partitions = (evidence.tally if rows.side == "analysed" else evidence.reference_tally).partitions
    buckets = np.asarray([p.bucket for p in partitions] or [0], dtype=np.int64)
    versions = tuple(dict.fromkeys(p.version for p in partitions)) or (None,)
    order = {version: code for code, version in enumerate(versions)}
    version = np.asarray([order[p.version] for p in partitions] or [0], dtype=np.int64)
    slices = len(evidence.slices)
    quantities, columns = (tuple(dict.fromkeys(names)) for names in zip(*found, strict=True)) if found else ((), ())
    parts: dict[str, list[Any]] = {name: [] for name in (*CODES, *SUMS)}
    cell, inverse = np.unique(rows.partition[source] * slices + place, return_inverse=True)
    for (quantity, column), values in found.items():
        value = np.asarray(values, dtype=np.float64)[source]
        known = np.isfinite(value)
        sums = [summed(inverse[known], x[known], len(cell)) for x in (np.ones_like(value), value, value**2)]
        kept = sums[0] > 0
        at = cell[kept] // slices
        held = {
            "quantity": np.full(len(at), quantities.index(quantity)), "column": np.full(len(at), columns.index(column)),
            "side": np.full(len(at), ANALYSED if rows.side == "analysed" else REFERENCE), "version": version[at], "bucket": buckets[at],
            "slice": cell[kept] % slices, **{name: one[kept] for name, one in zip(SUMS, sums, strict=True)},
        }  # fmt: skip
        for name, one in held.items():
            parts[name].append(one)
    return ProbeTally(
        quantities=quantities, columns=columns, versions=versions, slices=tuple(found.to_json() for found in evidence.slices),
        rows={name: np.concatenate(held) if held else np.zeros(0, dtype=np.int64) for name, held in parts.items()},
    )  # fmt: skip


def memberships(evidence: Evidence, rows: ModelRows) -> tuple[Integers, Integers]:
    """(position of a row, position of a slice) pairs: every slice that each row belongs to."""
    everybody = np.arange(len(rows), dtype=np.int64)
    sources, places = [everybody], [np.zeros(len(rows), dtype=np.int64)]
    sets = dict.fromkeys(found.attributes for found in evidence.slices if found.attributes)
    for names in sets:
        if not all(name in rows.levels for name in names):
            continue  # groups by probability
        here = [place for place, found in enumerate(evidence.slices) if found.attributes == names]
        order = {tuple(level for _, level in evidence.slices[place].levels): place for place in here}
        held = zip(*(rows.levels[name].tolist() for name in names), strict=True)
        place = np.fromiter((order.get(levels, -1) for levels in held), dtype=np.int64, count=len(rows))
        sources.append(everybody[place >= 0])
        places.append(place[place >= 0])
    return np.concatenate(sources), np.concatenate(places)
