"""Rows as numbers for detectors of strange rows: each feature on the scale on which the reference's values are normal.

A number becomes the normal score of its place among the reference's values, so that long tails count no more than short ones, and a number
beyond all of them lies further out by its distance in standard deviations, 20 at most. A missing value is 0 with a second number that says
so. A text becomes one number a level, 0 or 1, for the most frequent levels; all others share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from connectors.model_columns import numbers, texts

if TYPE_CHECKING:
    import pyarrow as pa

LEVELS = 20
FURTHEST = 20.0


@dataclass(frozen=True, kw_only=True)
class Column:
    """One feature as the reference has it: sorted values of a number, or the levels of a text, most frequent first."""

    name: str
    values: Floats | None
    levels: tuple[str, ...] = ()
    deviation: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Features of the reference, and rows of any table laid out by them as [row, number]; `owner` is each number's position in `names`."""

    columns: tuple[Column, ...]
    kept: tuple[Integers, ...]
    """For each column, which of its numbers vary in the reference."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features that vary."""
        return tuple(column.name for column, kept in zip(self.columns, self.kept, strict=True) if len(kept))

    @property
    def owner(self) -> Integers:
        """[number] -> position in `names`."""
        return np.repeat(np.arange(len(self.names)), [len(kept) for kept in self.kept if len(kept)])

    @property
    def measured(self) -> NDArray[np.bool_]:
        """[number] whether it is the normal score of a number, and no 0 or 1."""
        parts = [(kept == 0) & (column.values is not None) for column, kept in zip(self.columns, self.kept, strict=True)]
        return np.concatenate([np.zeros(0, dtype=np.bool_), *parts])

    def __call__(self, rows: pa.Table) -> Floats:
        parts = [_laid_out(column, rows)[:, kept] for column, kept in zip(self.columns, self.kept, strict=True) if len(kept)]
        return np.concatenate(parts, axis=1) if parts else np.zeros((rows.num_rows, 0))


def scale_of(rows: pa.Table) -> Scale:
    """The scale that rows of the reference make."""
    columns = tuple(_column(rows, name) for name in rows.column_names)
    kept = tuple(np.flatnonzero(np.ptp(_laid_out(column, rows), axis=0) > 0) if rows.num_rows else np.zeros(0, int) for column in columns)
    return Scale(columns=columns, kept=kept)


def _column(rows: pa.Table, name: str) -> Column:
    import pyarrow as pa

    held = rows.column(name)
    if pa.types.is_integer(held.type) or pa.types.is_floating(held.type):
        x = numbers(held, name)
        known = np.sort(x[np.isfinite(x)])
        return Column(name=name, values=known, deviation=float(known.std()) or 1.0 if len(known) else 1.0)
    levels, code = texts(held)
    n = np.bincount(code, minlength=len(levels))
    order = sorted((place for place, level in enumerate(levels) if level is not None and n[place]), key=lambda i: (-n[i], levels[i]))
    return Column(name=name, values=None, levels=tuple(str(levels[place]) for place in order[:LEVELS]))


def _laid_out(column: Column, rows: pa.Table) -> Floats:
    """[row, number] of one feature."""
    held = rows.column(column.name)
    if column.values is None:
        levels, code = texts(held)
        order = {level: place for place, level in enumerate(column.levels)}
        other, missing = len(order), len(order) + 1
        place = np.asarray([*(missing if level is None else order.get(level, other) for level in levels), missing], dtype=np.int64)[code]
        return np.asarray(place[:, None] == np.arange(missing + 1), dtype=np.float64)
    x = numbers(held, column.name)
    missing_x = ~np.isfinite(x)
    return np.stack([normal_scores(np.where(missing_x, np.nan, x), column), missing_x.astype(np.float64)], axis=1)


def normal_scores(x: Floats, column: Column) -> Floats:
    """The normal quantile of each value's middle rank among the reference's, further out beyond its ends; 0 where missing.

    >>> column = Column(name="x", values=np.asarray([1.0, 2.0, 3.0]), deviation=0.8)
    >>> normal_scores(np.asarray([2.0, np.nan, 3.0, 3.8]), column).round(2).tolist()  # 3 has rank 2.5 of 3; 3.8 is 1 deviation beyond
    [0.0, 0.0, 0.97, 2.38]
    """
    from scipy.special import ndtri

    values = column.values if column.values is not None else np.zeros(0)
    n = len(values)
    if not n:
        return np.zeros(len(x))
    known = np.where(np.isfinite(x), x, values[n // 2])
    rank = (np.searchsorted(values, known, side="left") + np.searchsorted(values, known, side="right")) / 2
    score = ndtri(np.clip(rank, 0.25, n - 0.25) / n)
    beyond = np.maximum(known - values[-1], 0) - np.maximum(values[0] - known, 0)
    return np.where(np.isfinite(x), np.clip(score + beyond / column.deviation, -FURTHEST, FURTHEST), 0.0)
