"""Slices: the parts of a population that a figure is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN = "Unknown"
OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class Slice:
    """A conjunction of (attribute, level) pairs, sorted by attribute; empty for the whole population.

    >>> Slice.of({"sex": "Female", "race": "Black"}).attributes
    ('race', 'sex')
    """

    levels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def all(cls) -> Slice:
        """The whole population."""
        return cls()

    @classmethod
    def of(cls, levels: dict[str, str] | Iterable[tuple[str, str]]) -> Slice:
        """A slice from attribute and level, in any order."""
        return cls(tuple(sorted(dict(levels).items())))

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes it fixes, sorted."""
        return tuple(name for name, _ in self.levels)

    @property
    def known(self) -> bool:
        """False where any level is unknown, or a pool of rare ones: counted and shown, but left out of comparisons between groups."""
        return all(level not in (UNKNOWN, OTHER) for _, level in self.levels)

    def only(self, attributes: Iterable[str]) -> Slice:
        """The same slice with all other attributes left open."""
        wanted = set(attributes)
        return Slice(tuple(pair for pair in self.levels if pair[0] in wanted))

    def to_json(self) -> str:
        """A JSON object, keys sorted."""
        return json.dumps(dict(self.levels), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Slice:
        """The inverse of `to_json`."""
        return cls.of(json.loads(text))


def slices_of(levels: Sequence[tuple[str, pa.ChunkedArray]], rows: int) -> tuple[NDArray[np.int64], list[Slice]]:
    """The distinct slices that rows of levels make, and the place of each row's slice among them.

    `levels` gives each attribute's column of levels; without any, all rows are in the slice of everybody.
    """
    code, parts = np.zeros(rows, dtype=np.int64), []
    for name, column in levels:
        encoded = column.combine_chunks().dictionary_encode()
        values = encoded.dictionary.to_pylist()
        code = code * max(len(values), 1) + encoded.indices.to_numpy(zero_copy_only=False)
        parts.append((name, values))
    unique, place = np.unique(code, return_inverse=True)
    found = []
    for number in unique.tolist():
        pairs, rest = [], number
        for name, values in reversed(parts):
            rest, level = divmod(rest, len(values))
            pairs.append((name, values[level]))
        found.append(Slice.of(pairs))
    return place.astype(np.int64), found
