"""What probes counted, as additive cells: quantity x column x side x version x bucket x slice, laid out as evidence is.

A probe asks rows or a model; what it found of each row is summed here, so that the measures on it are pure, and trends, groups and
alerts work as for any other measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from audits.audit import measurement
from audits.counts import summed
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import mean_t, wilson
from audits.scatter import roll_up

CODES = ("quantity", "column", "side", "version", "bucket", "slice")
SUMS = ("n", "total", "squares")
ANALYSED, REFERENCE = 0, 1


@dataclass(frozen=True, kw_only=True)
class ProbeTally:
    """Additive cells as parallel arrays: six codes, and n, the sum and the sum of squares of what was found of each row.

    Parameters
    ----------
    quantities, columns, versions, slices
        What the codes stand for; slices as their JSON. A side is 0 (analysed) or 1 (reference), a bucket is itself.
    rows
        Each code and sum by its name in `CODES` and `SUMS`.
    """

    quantities: tuple[str, ...]
    columns: tuple[str, ...]
    versions: tuple[str | None, ...]
    slices: tuple[str, ...]
    rows: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.rows["n"])

    def records(self) -> dict[str, Sequence[Any]]:
        """The cells as columns of plain values, codes spelt out."""
        spelt: dict[str, Sequence[Any]] = {"side": self.rows["side"], "bucket": self.rows["bucket"]}
        for name, words in (("quantity", self.quantities), ("column", self.columns), ("version", self.versions), ("slice", self.slices)):
            spelt[name] = [words[code] for code in self.rows[name].tolist()]
        return spelt | {name: self.rows[name] for name in SUMS}

    @classmethod
    def of_records(cls, records: Mapping[str, Sequence[Any]]) -> ProbeTally:
        """The inverse of `records`, cells of one address added up."""
        words: dict[str, tuple[Any, ...]] = {}
        codes: dict[str, Integers] = {name: np.asarray(records[name], dtype=np.int64) for name in ("side", "bucket")}
        for name in ("quantity", "column", "version", "slice"):
            words[name] = tuple(dict.fromkeys(records[name]))
            order = {word: code for code, word in enumerate(words[name])}
            codes[name] = np.asarray([order[word] for word in records[name]], dtype=np.int64)
        address = np.stack([codes[name] for name in CODES], axis=1).reshape(-1, len(CODES))
        unique, place = np.unique(address, axis=0, return_inverse=True)
        rows: dict[str, Any] = {name: unique[:, position] for position, name in enumerate(CODES)}
        for name in SUMS:
            rows[name] = summed(place.reshape(-1), np.asarray(records[name], dtype=np.float64), len(unique))
        return cls(
            quantities=words["quantity"], columns=words["column"], versions=words["version"], slices=words["slice"], rows=rows
        )  # fmt: skip

    def __add__(self, other: ProbeTally) -> ProbeTally:
        mine, theirs = self.records(), other.records()
        return ProbeTally.of_records({name: [*mine[name], *theirs[name]] for name in mine})


@dataclass(frozen=True, kw_only=True)
class Cells:
    """A probe's cells laid out over version x window x slice of the evidence."""

    evidence: Evidence
    tally: ProbeTally

    @classmethod
    def of(cls, evidence: Evidence, probe: str) -> Cells | None:
        """The cells of a probe; None where it was not run or counted nothing."""
        found = evidence.probes.get(probe, {}).get("cells")
        return cls(evidence=evidence, tally=found) if isinstance(found, ProbeTally) and len(found) else None

    def columns(self, quantity: str) -> tuple[str, ...]:
        """The columns that a quantity was counted for, in the order in which the probe gave them."""
        if quantity not in self.tally.quantities:
            return ()
        held = np.unique(self.tally.rows["column"][self.tally.rows["quantity"] == self.tally.quantities.index(quantity)])
        return tuple(self.tally.columns[code] for code in held.tolist())

    def sums(self, quantity: str, column: str, *, side: int = ANALYSED) -> tuple[Floats, Floats, Floats]:
        """n, sum and sum of squares, shaped like `evidence.shape`; of the reference [1, 1, slices]."""
        shape = self.evidence.shape if side == ANALYSED else (1, 1, self.evidence.shape[2])
        if quantity not in self.tally.quantities or column not in self.tally.columns:
            return np.zeros(shape), np.zeros(shape), np.zeros(shape)
        rows = self.tally.rows
        chosen = np.flatnonzero(
            (rows["quantity"] == self.tally.quantities.index(quantity)) & (rows["column"] == self.tally.columns.index(column))
            & (rows["side"] == side) & (self._slice >= 0) & ((side == REFERENCE) | (self._window >= 0))
        )  # fmt: skip
        if side == REFERENCE:
            flat = self._slice[chosen]
        else:
            flat = np.ravel_multi_index((self._version[chosen], self._window[chosen], self._slice[chosen]), shape)
        found = [summed(flat, rows[name][chosen], int(np.prod(shape))).reshape(shape) for name in SUMS]
        return tuple(found) if side == REFERENCE else tuple(roll_up(one) for one in found)  # type: ignore[return-value]

    def means(self, quantity: str, column: str, *, side: int = ANALYSED) -> tuple[Floats, Floats, Floats]:
        """n, mean and sample variance by the same axes; NaN where n is too small for either."""
        n, total, squares = self.sums(quantity, column, side=side)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(n > 0, total / n, np.nan)
            variance = np.where(n > 1, np.maximum(squares - n * mean**2, 0.0) / (n - 1), np.nan)
        return n, mean, variance

    @cached_property
    def _slice(self) -> Integers:
        order = {found.to_json(): place for place, found in enumerate(self.evidence.slices)}
        places: Integers = np.asarray([*(order.get(text, -1) for text in self.tally.slices), -1], dtype=np.int64)
        codes: Integers = self.tally.rows["slice"]
        return places[codes]

    @cached_property
    def _version(self) -> Integers:
        order = {version: place for place, version in enumerate(self.evidence.versions)}
        places: Integers = np.asarray([*(order.get(version, 0) for version in self.tally.versions), 0], dtype=np.int64)
        codes: Integers = self.tally.rows["version"]
        return places[codes]

    @cached_property
    def _window(self) -> Integers:
        """Positions of windows; -1 for buckets that the log no longer has."""
        spans = np.asarray(self.evidence.spans[1:], dtype=np.int64).reshape(-1, 2)
        bucket: Integers = self.tally.rows["bucket"]
        place = np.searchsorted(spans[:, 0], bucket, side="right") - 1
        inside = (place >= 0) & (bucket < spans[np.maximum(place, 0), 1])
        return np.where(inside, place + 1, -1)


def over_cells(
    evidence: Evidence, probe: str, name: str, unit: str, *, quantity: str | None = None, columns: Sequence[str] | None = None,
    tables: Callable[[Cells, str], dict[str, Any] | None] | None = None,
) -> Iterator[Measurement]:  # fmt: skip
    """A measurement per column, version, window and slice that the probe has rows of.

    Parameters
    ----------
    quantity
        What was counted; the measure's own name by default.
    unit
        "proportion" has Wilson's interval, what was found of a row being 0 or 1; anything else Student's t on the mean.
    columns
        All that the quantity was counted for, by default. The column "" is none.
    tables
        Given the cells and a column, the tables of the figure for everybody over the whole period.
    """
    cells = Cells.of(evidence, probe)
    if cells is None:
        return
    asked, topics = quantity or name, evidence.topics
    for column in columns if columns is not None else cells.columns(asked):
        n, total, squares = cells.sums(asked, column)
        if unit == "proportion":
            value = np.where(n > 0, total / np.maximum(n, 1), np.nan)
            low, high = wilson(total, n)
            method = "wilson"
        else:
            value, low, high = mean_t(total, squares, n)
            method = "t"
        version, window, place = np.nonzero((n > 0) & evidence.reported)
        at = (version, window, place)
        shown = tables(cells, column) if tables is not None else None
        whole = np.flatnonzero((version == 0) & (window == 0) & (place == 0))
        yield measurement(
            name, unit, value=value[at], low=low[at], high=high[at], n=n[at].astype(np.int64), method=method, window=window,
            version=version, slice=place, attribute=evidence.attribute_places[place], column=topics.index(column) if column else -1,
            tables={int(i): shown for i in whole} if shown else None,
        )  # fmt: skip


def listed(block: Measurement) -> Measurement:
    """Figures of groups over the whole period, and of everybody in each window: in one window a group has too few of the rows asked about,
    and a list by column, window and group is longer than all other findings together."""
    return block.where((block.window == 0) | (block.slice == 0))
