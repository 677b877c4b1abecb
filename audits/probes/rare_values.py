"""Values, and pairs of values, that few rows have, and which of them go with one decision more than the rest of their rows explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from connectors.model_columns import text_of

if TYPE_CHECKING:
    import pyarrow as pa

Flags = NDArray[np.bool_]
FEWEST = 10
"""Rows with a value, at least, on each half."""
RARE = 0.02
"""Share of rows that have it, at most: what more rows have, the surrogate that it is held against could have learned."""
NEARLY = 0.9
"""Share of its rows with the one decision, at least, to be worth a test."""
ALIKE = 2
"""Candidates with the same value in them, at most: one strong honest effect should not fill all places with its pairs."""
PAIRED = 60
"""Columns whose values are looked at in pairs."""
CELLS = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Coded:
    """One column with the values that `FEWEST` rows have: their values, and [row] the position of each row's, -1 for any other."""

    name: str
    values: tuple[Any, ...]
    code: Integers


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Values that together might decide: column -> value (None for missing), the decision that they go with, and how far beyond chance."""

    values: tuple[tuple[str, Any], ...]
    target: int
    towards: int
    z: float

    def __str__(self) -> str:
        return " and ".join(f"{name} is missing" if value is None else f"{name} = {text_of(value)}" for name, value in self.values)


def coded(rows: pa.Table, some: Flags) -> list[Coded]:
    """The columns whose values some rows share, with the values that `FEWEST` of `some` have at least."""
    found = []
    for name in rows.column_names:
        encoded = rows.column(name).combine_chunks().dictionary_encode(null_encoding="encode")
        place = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        n = np.bincount(place[some], minlength=len(encoded.dictionary))
        kept = np.flatnonzero(n >= FEWEST)
        order = np.full(len(n), -1, dtype=np.int64)
        order[kept] = np.arange(len(kept))
        if len(kept) and len(n) > 1:
            found.append(Coded(name=name, values=tuple(encoded.dictionary.take(kept).to_pylist()), code=order[place]))
    return found


def holding(rows: pa.Table, values: Sequence[tuple[str, Any]]) -> Flags:
    """[row] whether a row has all of these values."""
    import pyarrow.compute as pc

    held = np.ones(rows.num_rows, dtype=np.bool_)
    for name, value in values:
        if name not in rows.column_names:
            return np.zeros(rows.num_rows, dtype=np.bool_)
        column = rows.column(name)
        same = pc.is_null(column) if value is None else pc.fill_null(pc.equal(column, value), False)
        held &= np.asarray(same.to_numpy(), dtype=np.bool_)
    return held


def candidates(
    columns: Sequence[Coded], values: Sequence[Floats], both: Sequence[bool], expected: Sequence[Floats], some: Flags, *, most: int
) -> tuple[list[Candidate], int]:
    """The rare values and pairs whose rows have nearly one decision, furthest beyond what the rest of the rows says first; and how many
    were looked at.

    Parameters
    ----------
    values, both
        For each target, by row whether the decision is 1 or 0; and whether 0 is a decision of its own.
    expected
        For each target, by row the chance of 1 as the rest of the row has it.
    some
        The rows to search: the others are for the test.

    z = (rows with the decision - Σ p) / √(1 + Σ p (1 - p)). What shares seven tenths of its rows with a surer one is left out, and
    so is what has a value in it that `ALIKE` surer ones have.
    """
    rows = np.flatnonzero(some)
    groups: list[tuple[tuple[Coded, ...], Integers]] = [((one,), one.code[rows]) for one in columns]
    for one, other in combinations(columns[:PAIRED], 2):
        if len(one.values) * len(other.values) <= CELLS:
            filled = (one.code[rows] >= 0) & (other.code[rows] >= 0)
            groups.append(((one, other), np.where(filled, one.code[rows] * len(other.values) + other.code[rows], -1)))
    found: list[tuple[Candidate, Integers]] = []
    searched = 0
    for parts, code in groups:
        inside = np.flatnonzero(code >= 0)
        cells, place = np.unique(code[inside], return_inverse=True)
        n = np.bincount(place, minlength=len(cells))
        fitting = (n >= FEWEST) & (n <= RARE * len(rows))
        searched += int(fitting.sum())
        if not fitting.any():
            continue
        for number, (value, chance) in enumerate(zip(values, expected, strict=True)):
            for cell, towards, z in _beyond(value[rows[inside]], chance[rows[inside]], place, fitting, both[number]):
                chosen = Candidate(values=_values(parts, int(cells[cell])), target=number, towards=towards, z=z)
                found.append((chosen, inside[place == cell]))
    found.sort(key=lambda pair: (-round(pair[0].z, 6), len(pair[0].values), str(pair[0])))
    kept: list[tuple[Candidate, Integers]] = []
    for candidate, held in found:
        if len(kept) == most:
            break
        if any(sum(value in before.values for before, _ in kept) >= ALIKE for value in candidate.values):
            continue
        if all(len(np.intersect1d(held, before)) <= 0.7 * min(len(held), len(before)) for _, before in kept):
            kept.append((candidate, held))
    return [candidate for candidate, _ in kept], searched


def _beyond(value: Floats, chance: Floats, place: Integers, fitting: Flags, both: bool) -> list[tuple[int, int, float]]:
    """(cell, decision, z) of the cells whose rows have nearly one decision, and more of it than expected."""
    known = np.isfinite(value) & np.isfinite(chance)
    n, ones, mean, variance = (
        np.bincount(place[known], weights=x[known], minlength=len(fitting))
        for x in (np.ones(len(value)), value, chance, chance * (1 - chance))
    )  # fmt: skip
    found = []
    for towards in (1, 0) if both else (1,):
        seen, usual = (ones, mean) if towards else (n - ones, n - mean)
        z = (seen - usual) / np.sqrt(1 + variance)
        told = np.flatnonzero(fitting & (n >= FEWEST) & (seen >= NEARLY * n) & (z > 2))
        found += [(int(cell), towards, float(z[cell])) for cell in told]
    return found


def _values(parts: Sequence[Coded], cell: int) -> tuple[tuple[str, Any], ...]:
    if len(parts) == 1:
        return ((parts[0].name, parts[0].values[cell]),)
    first, second = divmod(cell, len(parts[1].values))
    return ((parts[0].name, parts[0].values[first]), (parts[1].name, parts[1].values[second]))
