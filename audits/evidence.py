"""Evidence: all that an audit may know about one model, laid out as arrays over version x window x slice."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import ABSOLUTE_ERROR, Bins, NumericBins
from audits.bins import OUTCOME as NUMERIC_OUTCOME
from audits.counts import (
    DECISION,
    NO,
    OUTCOME,
    UNITS,
    UNKNOWN,
    YES,
    ColumnCounts,
    Counts,
    WeightedCounts,
    agreement,
    one_against_rest,
    summed,
)
from audits.estimate import Floats, Integers
from audits.finding import Coverage, Reference
from audits.histograms import Histograms
from audits.ledger import Ledger
from audits.scatter import column_rows, crossed_rows, roll_up
from audits.slices import Slice
from audits.tally import Tally, merge_levels
from audits.window import Window
from connectors.config import ModelConfig

if TYPE_CHECKING:
    from audits.proxies import ProxyCounts

__all__ = ["DECISION", "NO", "OUTCOME", "UNITS", "UNKNOWN", "YES", "ColumnCounts", "Counts", "Evidence", "WeightedCounts"]
_ERRORS = ("n", "error", "error_abs", "error_2")


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
    probes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What probes that read rows have found, by name; each says how many rows it used."""
    proxies: ProxyCounts | None = None
    """Features against protected attributes, counted once on the reference."""
    view: int | None = None
    """Of a multiclass task: the class that is positive here, or `len(classes)` for the largest probability being right."""
    without: int | None = None
    """The group of units that is left out."""
    ledger: Ledger = field(default_factory=Ledger)
    """What ingest remembers of batches, columns and arrivals, and what the configuration says of the traffic."""
    shared: dict[Any, Any] = field(default_factory=dict, compare=False)
    """Histograms of all units, which the evidence without each group in turn starts from."""

    @property
    def task(self) -> str:
        """The model's task; a view of one class is binary."""
        return "binary" if self.view is not None else self.model.task

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of a multiclass task, most frequent first; empty for other tasks."""
        return self.bins.classes

    @property
    def topics(self) -> tuple[str, ...]:
        """What `Measurement.column` is a position in: the columns, the classes, the segments, then what probes counted by."""
        return tuple(dict.fromkeys((*self.columns, *self.bins.classes, *self.model.segments, *self._probed)))

    @cached_property
    def _probed(self) -> tuple[str, ...]:
        """Columns of probes' cells, and the names under which they say that they report figures ("topics")."""
        held = [(*getattr(body.get("cells"), "columns", ()), *body.get("topics", ())) for body in self.probes.values()]
        return tuple(name for names in held for name in names if name)

    @cached_property
    def units(self) -> int:
        """How many groups the units are dealt into; 0 where the log names no unit."""
        return UNITS if bool((self.tally.outcome["unit"] >= 0).any()) else 0

    def without_unit(self, group: int) -> Evidence:
        """The same evidence without one group of units; histograms on the fine grid lose what the coarse one says, bin by bin."""
        return replace(self, without=group)

    def of_class(self, place: int) -> Evidence:
        """One class against the rest: positive and favorable are this class, the score is its probability.

        `len(classes)` gives the largest probability instead, and whether the decision was right.
        """
        name = self.bins.curves[place] if place < len(self.bins.curves) else ""
        return replace(self, view=place, bins=replace(self.bins, score=name or None))

    def of_reference(self) -> Evidence:
        """Evidence whose analysed period is the reference, as one window, so that any audit can be asked about it."""
        buckets = [partition.bucket for partition in self.reference_tally.partitions] or [0]
        span, held = (min(buckets), max(buckets) + 1), self.reference
        window = Window(start=held.start, end=held.end, first_row=held.first_row, last_row=held.last_row)
        return replace(
            self, tally=self.reference_tally, windows=(window, window), spans=(span, span), versions=(None,), medians={}, above={}
        )

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
    def attribute_places(self) -> Integers:
        """`attribute_of` every slice."""
        return np.asarray([self.attribute_of(position) for position in range(len(self.slices))], dtype=np.int64)

    @cached_property
    def window_of(self) -> NDArray[np.int64]:
        """For each partition of the analysed tally, the position of its window."""
        starts = np.asarray([first for first, _ in self.spans[1:]], dtype=np.int64)
        buckets = np.asarray([p.bucket for p in self.tally.partitions], dtype=np.int64)
        return np.searchsorted(starts, buckets, side="right")

    @cached_property
    def version_of(self) -> NDArray[np.int64]:
        """For each partition of the analysed tally, the position of its version; 0 where there is one."""
        order = {version: position for position, version in enumerate(self.versions)}
        return np.asarray([order.get(p.version, 0) for p in self.tally.partitions], dtype=np.int64)

    @cached_property
    def counts(self) -> Counts:
        """Confusion counts and sums of the analysed period."""
        return self._counts(self.tally, self.version_of, self.window_of, self.shape)

    @cached_property
    def reported(self) -> NDArray[np.bool_]:
        """Which cells of version x window x slice figures are listed for: those with rows, and of single versions intersections only over
        the whole period, lest the list doubles with each version for cells of a handful of rows."""
        crossed = np.asarray([len(found.attributes) > 1 for found in self.slices])
        several = np.arange(self.shape[0])[:, None, None] > 0
        single = np.arange(self.shape[1])[None, :, None] > 0
        return np.asarray((self.counts.rows > 0) & ~(several & single & crossed))

    @cached_property
    def reference_counts(self) -> Counts:
        """The same of the reference, with one version and one window."""
        none = np.zeros(len(self.reference_tally.partitions), dtype=np.int64)
        return self._counts(self.reference_tally, none, none, (1, 1, len(self.slices)))

    def _counts(self, tally: Tally, version: Integers, window: Integers, shape: tuple[int, int, int]) -> Counts:
        """Counts as the task has them: of a multiclass task those of the class in view, or of the favorable one."""
        table, sums = self._scattered(tally, version, window, shape)
        if not self.bins.classes:
            same = self.model.task == "regression" or self.model.same
            return Counts(table=table, sums=sums, same=same)
        sums = {name: one_against_rest(values, self._shown, axis=-1) for name, values in sums.items()}
        if self.view is not None:
            sums = {name: values for name, values in sums.items() if not name.startswith(("error", "log_loss", "scored"))}
            sums |= self._scored(tally, version, window, shape)
        return Counts(table=self._in_view(table), sums=sums, same=True)

    @property
    def _shown(self) -> int:
        """The class in view, or the favorable one."""
        favorable = str(self.model.favorable)
        return self.view if self.view is not None else self.classes.index(favorable) if favorable in self.classes else 0

    def _in_view(self, table: Floats) -> Floats:
        """Decisions and outcomes (the last two axes) as no, yes and unknown; of a multiclass task as the class in view has them."""
        if not self.classes:
            return table
        if self._shown == len(self.classes):
            return agreement(table)
        return one_against_rest(one_against_rest(table, self._shown, axis=-1), self._shown, axis=-2)

    @cached_property
    def confusion(self) -> Floats:
        """Rows of a multiclass task by [version, window, slice, decision, outcome]: each class, then any other, then unknown."""
        return self._scattered(self.tally, self.version_of, self.window_of, self.shape)[0]

    def _scattered(
        self, tally: Tally, version: Integers, window: Integers, shape: tuple[int, int, int]
    ) -> tuple[Floats, dict[str, Floats]]:
        """Scatter a tally over version x window x slice, then add up versions into 0, windows into 0 and cells into slices."""
        rows, unknown = tally.outcome, max(len(self.bins.classes) + 1, 2)
        places, source = self._places(tally)
        if self.without is not None:
            kept = rows["unit"][source] != self.without
            places, source = places[kept], source[kept]
        part = rows["partition"][source]
        flat = np.ravel_multi_index((version[part], window[part], places), shape)
        decision, outcome = (np.where(rows[name] < 0, unknown, rows[name])[source].astype(np.int64) for name in ("decision", "outcome"))
        size, codes = int(np.prod(shape)), unknown + 1
        cell = (flat * codes + decision) * codes + outcome
        table = roll_up(summed(cell, rows["n"][source], size * codes * codes).reshape(*shape, codes, codes))
        sums = {}
        for name in rows.keys() - {"partition", "family", "unit", "slice", "decision", "outcome", "n"}:
            values = np.nan_to_num(rows[name].astype(np.float64))[source]
            sums[name] = roll_up(summed(flat * codes + outcome, values, size * codes).reshape(*shape, codes))
        return table, sums

    def _scored(self, tally: Tally, version: Integers, window: Integers, shape: tuple[int, int, int]) -> dict[str, Floats]:
        """Scored rows and sums of scores of the class in view, which the outcome table holds for all classes together only."""
        found = {name: np.zeros((*shape, 3)) for name in ("scored", "score")}
        of_tally = self._histograms(tally, window, shape[1])
        for place in range(shape[0]):
            for name, values in zip(found, of_tally.coarse(range(shape[2]), None if place == 0 else version == place), strict=True):
                found[name][place] = values.sum(axis=(2, 4))
        return found

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

    @cached_property
    def _analysed(self) -> Histograms:
        return self._histograms(self.tally, self.window_of, len(self.windows))

    @cached_property
    def _referred(self) -> Histograms:
        none = np.zeros(len(self.reference_tally.partitions), dtype=np.int64)
        return self._histograms(self.reference_tally, none, 1)

    def _histograms(self, tally: Tally, window: Integers, windows: int) -> Histograms:
        return Histograms(
            tally=tally, bins=self.bins, slices=self.slices, cross=tuple(sorted(self.model.attributes)), segments=self.model.segments,
            window=window, windows=windows, curve=self.view or 0, without=self.without, shared=self.shared,
        )  # fmt: skip

    def _period(self, whole: bool) -> Histograms:
        return self._analysed.whole() if whole else self._analysed

    def margin(self, slices: Sequence[int], *, version: int = 0, whole: bool = False) -> tuple[Floats, Floats]:
        """Score histograms on the frozen grid: counts and sums of scores by [window, slice, outcome (no, yes, unknown), bin].

        `slices` are positions of the whole population, of groups of single attributes or of segment levels; `whole` lays out the whole
        period only, as one window.
        """
        found = self._period(whole).fine(slices, partitions=self._of_version(version))
        return found["n"], found["score"]

    def decided_margin(self, slices: Sequence[int], *, version: int = 0, whole: bool = False) -> tuple[Floats, Floats]:
        """The same by decision too: [window, slice, decision (no, yes, unknown), outcome, bin]."""
        found = self._period(whole).fine(slices, decided=True, partitions=self._of_version(version))
        return found["n"], found["score"]

    def decided_rows(self, slices: Sequence[int], *, version: int = 0, whole: bool = False) -> Floats:
        """The counts of `decided_margin` alone, where nobody asks for sums of scores."""
        return self._period(whole).fine(slices, decided=True, names=("n",), partitions=self._of_version(version))["n"]

    def decided_runs(self, slices: Sequence[int], starts: Sequence[Integers], *, version: int = 0, whole: bool = False) -> Floats:
        """The counts of `decided_margin` by [window, decision, outcome, run of bins]; for slice after slice, runs begin at its `starts`."""
        return self._period(whole).runs(slices, starts, self._of_version(version))

    def reference_margin(self, slices: Sequence[int]) -> tuple[Floats, Floats]:
        """The reference's score histograms: counts and sums of scores by [slice, decision, outcome, bin]."""
        found = self._referred.fine(slices, decided=True)
        return found["n"][0], found["score"][0]

    def error_margin(self, slices: Sequence[int]) -> dict[str, Floats]:
        """Regression: labelled rows `n`, and sums of `error`, `error_abs`, `error_2`, by [window, slice, bin of the score]."""
        return {name: values[:, :, YES] for name, values in self._analysed.fine(slices, names=_ERRORS).items()}

    def reference_error_margin(self, slices: Sequence[int]) -> dict[str, Floats]:
        """The same of the reference, by [slice, bin]."""
        return {name: values[0, :, YES] for name, values in self._referred.fine(slices, names=_ERRORS).items()}

    def absolute_errors(self, slices: Sequence[int]) -> tuple[Floats, NumericBins | None]:
        """Regression: labelled rows by [window, slice, bin of the absolute error], and its grid; None where no outcome was ever known."""
        grid = self.bins.by_name.get(ABSOLUTE_ERROR)
        if not isinstance(grid, NumericBins):
            return np.zeros((len(self.windows), len(slices), 0)), None
        curve = replace(self._analysed, curve=self.bins.curves.index(ABSOLUTE_ERROR))
        return curve.fine(slices, names=("n",))["n"][:, :, YES], grid

    def coarse(self, slices: Sequence[int], *, version: int = 0, whole: bool = False) -> tuple[Floats, Floats]:
        """Score histograms in 20 coarse bins, for intersections too: counts and sums by [window, slice, outcome, coarse bin]."""
        n, score = self.decided_coarse(slices, version=version, whole=whole)
        return n.sum(axis=2), score.sum(axis=2)

    def decided_coarse(self, slices: Sequence[int], *, version: int = 0, whole: bool = False) -> tuple[Floats, Floats]:
        """The same by decision too: [window, slice, decision, outcome, coarse bin]."""
        return self._period(whole).coarse(slices, self._of_version(version))

    def reference_coarse(self, slices: Sequence[int]) -> tuple[Floats, Floats]:
        """The reference's, by [slice, decision, outcome, coarse bin]."""
        n, score = self._referred.coarse(slices)
        return n[0], score[0]

    def _of_version(self, version: int) -> NDArray[np.bool_] | None:
        """Which partitions of the analysed tally are of a version; None for all."""
        return None if version == 0 else self.version_of == version

    def crossed(self, attribute: str, segment: str) -> Floats:
        """Rows by [window, group of the attribute, level of the segment, decision, outcome], groups in the order of `groups`."""
        groups = {self.slices[i].levels[0][1]: place for place, i in enumerate(self.groups(attribute).tolist())}
        levels = [found.levels[0][1] for found in self.slices if found.attributes == (segment,)]
        kept = -2 if self.without is None else self.without
        return crossed_rows(self.tally, (attribute, groups), (segment, levels), self.window_of, len(self.windows), without=kept)

    @cached_property
    def weighted(self) -> WeightedCounts | None:
        """Counts of the groups that are known by probabilities only; None where the configuration declares none."""
        imputed, rows = self.model.imputed, self.tally.weighted
        if imputed is None or not len(rows["partition"]):
            return None
        order = [i for i, found in enumerate(self.slices) if found.attributes == (imputed.column,)]
        groups = {self.slices[i]: place for place, i in enumerate(order)}
        target = np.asarray([groups.get(found, -1) for found in self.tally.slices], dtype=np.int64)[rows["slice"]]
        keep = target >= 0
        part = rows["partition"][keep]
        unknown = max(len(self.classes) + 1, 2)
        codes = (np.where(rows[name] < 0, unknown, rows[name])[keep].astype(np.int64) for name in ("decision", "outcome"))
        shape = (len(self.versions), len(self.windows), len(order), unknown + 1, unknown + 1)
        flat = np.ravel_multi_index((self.version_of[part], self.window_of[part], target[keep], *codes), shape)
        sums = (summed(flat, rows[name][keep], int(np.prod(shape))).reshape(shape) for name in ("n", "weight", "weight_squared"))
        n, weight, squared = (self._in_view(roll_up(values)) for values in sums)
        return WeightedCounts(
            attribute=imputed.column, slices=np.asarray(order, dtype=np.int64), n=n, weight=weight, weight_squared=squared
        )

    def column(self, name: str) -> ColumnCounts:
        """The bin counts of one column, for the reference and for each window; `audits.bins.OUTCOME` is a numeric outcome."""
        if name == NUMERIC_OUTCOME:
            return self._outcomes()
        position = self.tally.columns.index(name)
        size = self.bins.columns[position].size
        analysed = column_rows(self.tally, position, size, self.window_of, len(self.windows))
        none = np.zeros(len(self.reference_tally.partitions), dtype=np.int64)
        held = column_rows(self.reference_tally, position, size, none, 1)
        rows = self.tally.bins
        unseen = json.loads(merge_levels(rows["unseen_levels"][(rows["column"] == position) & (rows["unseen"] > 0)]) or "{}")
        return ColumnCounts(
            reference=held[0][0], windows=analysed[0], reference_total=held[1][0], total=analysed[1],
            reference_special={key: float(values[0]) for key, values in held[2].items()}, special=analysed[2], unseen_levels=unseen,
        )  # fmt: skip

    def _outcomes(self) -> ColumnCounts:
        """Numeric outcomes, which the margins hold."""
        curve = self.bins.curves.index(NUMERIC_OUTCOME)
        held, analysed = (
            {name: values[:, 0, YES] for name, values in replace(side, curve=curve).fine([0]).items()}
            for side in (self._referred, self._analysed)
        )
        nothing = ("missing", "not_a_number", "other", "unseen")
        return ColumnCounts(
            reference=held["n"][0], windows=analysed["n"], reference_total=held["score"][0], total=analysed["score"],
            reference_special=dict.fromkeys(nothing, 0.0), special={name: np.zeros(len(self.windows)) for name in nothing},
            unseen_levels={},
        )  # fmt: skip
