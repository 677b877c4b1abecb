"""Evidence: all that an audit may know about one model, laid out as arrays over version x window x slice."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.bins import Bins
from audits.estimate import Floats, Integers
from audits.finding import Coverage, Reference
from audits.slices import Slice
from audits.tally import Tally, merge_levels
from audits.window import Window
from connectors.config import ModelConfig

DECISION, OUTCOME = 3, 4
NO, YES, UNKNOWN = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Confusion counts and sums over version x window x slice.

    Parameters
    ----------
    table
        Rows by [version, window, slice, decision, outcome]; on the last two axes 0 is unfavorable, 1 favorable, 2 unknown.
    sums
        Other sums by the same axes, decisions added up: by [version, window, slice, outcome]. `scored`, `score`,
        `score_squared`, `error_2` (sum of squared errors of the score), `error_4`, `log_loss`, `log_loss_squared`,
        and `latency_ms_n`, `latency_ms`, `latency_ms_squared` and so on for cost and energy.
    same
        Whether the positive outcome, which the score predicts, is the favorable one.
    """

    table: Floats
    sums: Mapping[str, Floats]
    same: bool

    @cached_property
    def rows(self) -> Floats:
        """All rows, by [version, window, slice]."""
        return np.asarray(self.table.sum(axis=(DECISION, OUTCOME)))

    @cached_property
    def decided(self) -> Floats:
        """Rows with a decision."""
        return np.asarray(self.table[..., :2, :].sum(axis=(DECISION, OUTCOME)))

    @cached_property
    def selected(self) -> Floats:
        """Rows with the favorable decision."""
        return np.asarray(self.table[..., YES, :].sum(axis=-1))

    @cached_property
    def labelled(self) -> Floats:
        """Rows with a known outcome."""
        return np.asarray(self.table[..., :2].sum(axis=(DECISION, OUTCOME)))

    @cached_property
    def favored(self) -> Floats:
        """Rows with a known, favorable outcome."""
        return np.asarray(self.table[..., YES].sum(axis=-1))

    def _confusion(self, decision_positive: bool, outcome_positive: bool) -> Floats:
        decision = YES if decision_positive == self.same else NO
        outcome = YES if outcome_positive == self.same else NO
        return self.table[..., decision, outcome]

    @cached_property
    def true_positives(self) -> Floats:
        """Rows decided positive whose outcome is positive."""
        return self._confusion(True, True)

    @cached_property
    def false_positives(self) -> Floats:
        """Rows decided positive whose outcome is negative."""
        return self._confusion(True, False)

    @cached_property
    def false_negatives(self) -> Floats:
        """Rows decided negative whose outcome is positive."""
        return self._confusion(False, True)

    @cached_property
    def true_negatives(self) -> Floats:
        """Rows decided negative whose outcome is negative."""
        return self._confusion(False, False)

    @cached_property
    def positives(self) -> Floats:
        """Scored rows by whether the known outcome is positive: sums of `scored` over positive outcomes."""
        return self.sums["scored"][..., YES if self.same else NO]

    def total(self, name: str, *, labelled: bool = False) -> Floats:
        """A sum by [version, window, slice], over all rows or only those with a known outcome."""
        values = self.sums[name]
        return np.asarray(values[..., :2].sum(axis=-1) if labelled else values.sum(axis=-1))


@dataclass(frozen=True, kw_only=True)
class ColumnCounts:
    """One binned column: counts per bin for the reference and for each window (row 0 the whole period).

    `special` holds missing, not-a-number, other and unseen counts; `total` sums of values per bin (numeric columns).
    """

    reference: Floats
    windows: Floats
    reference_total: Floats
    total: Floats
    reference_special: Mapping[str, float]
    special: Mapping[str, Floats]
    unseen_levels: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that an audit may know: tallies by window, the reference's, the ledger, the clock and the seed.

    Parameters
    ----------
    windows
        The whole analysed period first, then each window in order.
    spans
        For each window, its first bucket and the bucket after its last.
    versions
        None (all versions together) first, then each version where there are several.
    slices
        The whole population first, then each group of each attribute, each cell of the full intersection, each segment level.
    attributes
        What groups are compared over: each protected attribute, then the full intersection as a comma-joined name.
    columns
        The columns that drift and quality speak of: features, score, latency, then "decision" and "outcome" under the user's names.
    duplicates, quarantined
        Rows of the ledger, for the whole period.
    """

    model: ModelConfig
    bins: Bins
    tally: Tally
    reference_tally: Tally
    reference: Reference
    coverage: Coverage
    windows: tuple[Window, ...]
    spans: tuple[tuple[int, int], ...]
    versions: tuple[str | None, ...]
    slices: tuple[Slice, ...]
    attributes: tuple[str, ...]
    columns: tuple[str, ...]
    clock: dt.datetime
    freshness: dt.datetime | None
    seed: int
    medians: Mapping[int, float]
    """Exact median score by window position, where a second pass over rows found it."""
    above: Mapping[tuple[int, int], tuple[int, int]]
    """Rows scored and rows above the median, by (window, slice) position."""

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Versions, windows, slices."""
        return len(self.versions), len(self.windows), len(self.slices)

    def groups(self, attribute: str) -> Integers:
        """Positions of the slices that are the groups of an attribute (or of the intersection), unknown groups included."""
        return self._groups[attribute][0]

    def known_groups(self, attribute: str) -> Integers:
        """The groups that take part in comparisons: all but the unknown ones."""
        return self._groups[attribute][1]

    @cached_property
    def _groups(self) -> dict[str, tuple[Integers, Integers]]:
        """For each attribute, the positions of all its groups and of the known ones."""
        found = {}
        for attribute in self.attributes:
            names = (attribute,) if attribute in self.model.attributes else tuple(sorted(attribute.split(",")))
            every = [i for i, one in enumerate(self.slices) if one.attributes == names]
            known = [i for i in every if self.slices[i].known]
            found[attribute] = (np.asarray(every, dtype=np.int64), np.asarray(known, dtype=np.int64))
        return found

    def attribute_of(self, position: int) -> int:
        """The position in `attributes` of what a slice is a group of, or -1."""
        name = ",".join(self.slices[position].attributes)
        return self.attributes.index(name) if name in self.attributes else -1

    @cached_property
    def _window_of(self) -> NDArray[np.int64]:
        """For each partition of the analysed tally, the position of its window."""
        starts = np.asarray([first for first, _ in self.spans[1:]], dtype=np.int64)
        buckets = np.asarray([p.bucket for p in self.tally.partitions], dtype=np.int64)
        return np.searchsorted(starts, buckets, side="right")

    @cached_property
    def _version_of(self) -> NDArray[np.int64]:
        order = {version: position for position, version in enumerate(self.versions)}
        return np.asarray([order.get(p.version, 0) for p in self.tally.partitions], dtype=np.int64)

    @cached_property
    def counts(self) -> Counts:
        """Confusion counts and sums of the analysed period."""
        return self._counts(self.tally, self._version_of, self._window_of, self.shape)

    @cached_property
    def reference_counts(self) -> Counts:
        """The same of the reference, with one version and one window."""
        none = np.zeros(len(self.reference_tally.partitions), dtype=np.int64)
        return self._counts(self.reference_tally, none, none, (1, 1, len(self.slices)))

    def _counts(self, tally: Tally, version: Integers, window: Integers, shape: tuple[int, int, int]) -> Counts:
        """Scatter a tally over version x window x slice, then add up versions into 0, windows into 0 and cells into slices."""
        rows = tally.outcome
        places, source = self._places(tally)
        part = rows["partition"][source]
        flat = np.ravel_multi_index((version[part], window[part], places), shape)
        decision = np.where(rows["decision"] < 0, UNKNOWN, rows["decision"])[source]
        outcome = np.where(rows["outcome"] < 0, UNKNOWN, rows["outcome"])[source]
        size = int(np.prod(shape))
        cell = (flat * 3 + decision) * 3 + outcome
        table = summed(cell, rows["n"][source], size * 9).reshape(*shape, 3, 3)
        sums = {}
        for name in rows.keys() - {"partition", "family", "slice", "decision", "outcome", "n"}:
            values = np.nan_to_num(rows[name].astype(np.float64))[source]
            sums[name] = self._roll_up(summed(flat * 3 + outcome, values, size * 3).reshape(*shape, 3))
        same = str(self.model.positive) == str(self.model.favorable)
        return Counts(table=self._roll_up(table), sums=sums, same=same)

    def _places(self, tally: Tally) -> tuple[Integers, Integers]:
        """(slice position, row of the outcome table) pairs: each row counts for every slice that contains its cell."""
        families = tally.families()
        order = {found: position for position, found in enumerate(self.slices)}
        places, source = [], []
        for family, held in families.items():
            chosen = np.flatnonzero(tally.outcome["family"] == family)
            cells = tally.outcome["slice"][chosen]
            for names in self._reported(family, held):
                target = np.asarray([order.get(found.only(names), -1) for found in tally.slices], dtype=np.int64)[cells]
                places.append(target[target >= 0])
                source.append(chosen[target >= 0])
        if not places:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return np.concatenate(places), np.concatenate(source)

    def _reported(self, family: int, held: tuple[str, ...]) -> Sequence[tuple[str, ...]]:
        """The sets of attributes whose slices a family serves."""
        if family > 0:
            segment = [name for name in held if name in self.model.segments]
            return [tuple(segment)] if self._first_of(segment[0]) == family else []
        singles = [(name,) for name in held]
        return [(), *singles, *([held] if len(held) > 1 else [])]

    def _first_of(self, segment: str) -> int:
        return min(family for family, held in self.tally.families().items() if segment in held and family > 0)

    @staticmethod
    def _roll_up(values: Floats) -> Floats:
        """Put all windows together into window 0 and all versions into version 0."""
        if values.shape[1] > 1:
            values[:, 0] = values[:, 1:].sum(axis=1)
        if values.shape[0] > 1:
            values[0] = values.sum(axis=0)
        return values

    def margin(self, slices: Sequence[int], *, version: int = 0) -> tuple[Floats, Floats]:
        """Score histograms on the frozen grid: counts and sums of scores by [window, slice, outcome (no, yes, unknown), bin].

        `slices` are positions of the whole population, of groups of single attributes or of segment levels.
        """
        rows = self.tally.margin
        order = {self.slices[position]: place for place, position in enumerate(slices)}
        target = np.asarray([order.get(found, -1) for found in self.tally.slices] + [-1], dtype=np.int64)[rows["slice"]]
        keep = target >= 0
        if version:
            keep &= self._version_of[rows["partition"]] == version
        outcome = np.where(rows["outcome"] < 0, UNKNOWN, rows["outcome"])
        shape = (len(self.windows), len(slices), 3)
        place = np.ravel_multi_index((self._window_of[rows["partition"][keep]], target[keep], outcome[keep]), shape)
        found = []
        for name in ("n", "score"):
            values = np.zeros((int(np.prod(shape)), rows[name].shape[1]))
            _add_rows(values, place, rows[name][keep])
            values = values.reshape(*shape, -1)
            values[0] = values[1:].sum(axis=0)
            found.append(values)
        return found[0], found[1]

    def coarse(self, slices: Sequence[int]) -> tuple[Floats, Floats]:
        """Score histograms in 20 coarse bins, for intersections: counts and sums by [window, slice, outcome, coarse bin]."""
        rows = self.tally.coarse
        order = {self.slices[position]: place for place, position in enumerate(slices)}
        target = np.asarray([order.get(found, -1) for found in self.tally.slices] + [-1], dtype=np.int64)[rows["slice"]]
        keep = target >= 0
        outcome = np.where(rows["outcome"] < 0, UNKNOWN, rows["outcome"])
        shape = (len(self.windows), len(slices), 3, 20)
        window = self._window_of[rows["partition"][keep]]
        flat = np.ravel_multi_index((window, target[keep], outcome[keep], rows["score_bin"][keep].astype(np.int64)), shape)
        found: list[Floats] = []
        for name in ("n", "score"):
            values = summed(flat, rows[name][keep], int(np.prod(shape))).reshape(shape)
            values[0] = values[1:].sum(axis=0)
            found.append(values)
        return found[0], found[1]

    def column(self, name: str) -> ColumnCounts:
        """The bin counts of one column, for the reference and for each window."""
        position = self.tally.columns.index(name)
        size = self.bins.columns[position].size
        analysed = self._column(self.tally, position, size, self._window_of, len(self.windows))
        none = np.zeros(len(self.reference_tally.partitions), dtype=np.int64)
        held = self._column(self.reference_tally, position, size, none, 1)
        rows = self.tally.bins
        unseen = json.loads(merge_levels(rows["unseen_levels"][(rows["column"] == position) & (rows["unseen"] > 0)]) or "{}")
        return ColumnCounts(
            reference=held[0][0], windows=analysed[0], reference_total=held[1][0], total=analysed[1],
            reference_special={key: float(values[0]) for key, values in held[2].items()}, special=analysed[2], unseen_levels=unseen,
        )  # fmt: skip

    @staticmethod
    def _column(tally: Tally, position: int, size: int, window: Integers, windows: int) -> tuple[Floats, Floats, dict[str, Floats]]:
        rows = tally.bins
        keep = np.flatnonzero(rows["column"] == position)
        place = window[rows["partition"][keep]]
        found = []
        for name in ("n", "total"):
            values = np.zeros((windows, size))
            _add_rows(values, place, rows[name][keep][:, :size])
            found.append(values)
        special = {name: summed(place, rows[name][keep], windows) for name in ("missing", "not_a_number", "other", "unseen")}
        if windows > 1:
            for counted in (*found, *special.values()):
                counted[0] = counted[1:].sum(axis=0)
        return found[0], found[1], special


def summed(place: Integers, weights: NDArray[np.generic], size: int) -> Floats:
    """Weights added up by place, as floats."""
    return np.bincount(place, weights=weights.astype(np.float64), minlength=size).astype(np.float64)


def _add_rows(target: Floats, place: Integers, rows: NDArray[np.generic]) -> None:
    """Add each row of counts to its place, all rows of one place in one sum."""
    if not len(place):
        return
    order = np.argsort(place, kind="stable")
    ranked = place[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    sorted_rows = rows if (order[1:] > order[:-1]).all() else rows[order]
    target[ranked[starts]] += np.add.reduceat(sorted_rows, starts, axis=0)
