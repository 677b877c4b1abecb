"""Evidence in which every window is a sample of its own, so that an audit measures all samples in one call, by its own code.

Counts are added up from drawn arrays instead of read from a warehouse; from there on nothing is special: audits ask this evidence what
they ask any other. The whole period (window 0) is all samples together, and of no interest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from audits.bins import Bins, NumericBins, numeric_bins
from audits.estimate import Floats
from audits.evidence import UNITS, ColumnCounts, Counts, Evidence
from audits.finding import Coverage, Reference
from audits.histograms import COARSE
from audits.slices import Slice
from audits.window import EPOCH, Window
from benchmarks.worlds import Drawn, World
from connectors.config import Columns, ModelConfig, Protected

FIRST = "g0"


@dataclass(frozen=True, kw_only=True)
class Replicates(Evidence):
    """Evidence of many samples at once. Without several groups a second slice, an intersection that holds everybody, has 20 score bins."""

    drawn: Drawn | None = None
    places: Any = None
    """The score bin of every row, where histograms are wanted."""
    latency: Floats | None = None

    def margin(self, slices: Sequence[int], *, version: int = 0, whole: bool = False) -> tuple[Floats, Floats]:
        """Score histograms by [window, slice, outcome, bin]; sums of scores beside them.

        Without a group of units they lose what 20 bins say, bin by bin, as those of a log do.
        """
        grid = self.bins.score_bins
        assert grid is not None
        places = np.arange(grid.size) * COARSE // grid.size
        n, score = self._fine
        left = self._left[..., places] if self.without is not None else 1.0
        return (n * left)[:, list(slices)], (score * left)[:, list(slices)]

    def coarse(self, slices: Sequence[int], *, version: int = 0, whole: bool = False) -> tuple[Floats, Floats]:
        """The same in 20 bins."""
        grid = self.bins.score_bins
        assert grid is not None
        n, score = (self._counted(self.places * COARSE // grid.size, COARSE, weights) for weights in (None, self._rows.score))
        return n[:, list(slices)], score[:, list(slices)]

    @property
    def _rows(self) -> Drawn:
        assert self.drawn is not None
        return self.drawn

    @cached_property
    def _fine(self) -> tuple[Floats, Floats]:
        grid = self.bins.score_bins
        assert grid is not None
        return self._counted(self.places, grid.size, None), self._counted(self.places, grid.size, self._rows.score)

    def _counted(self, places: Any, size: int, weights: Floats | None) -> Floats:
        """Weights by [window, slice, outcome, bin]: the sum of all windows first, everybody before the groups."""
        shape = (len(self.windows) - 1, self._rows.groups)
        cell = np.arange(shape[0] * shape[1]).reshape(*shape, 1)
        outcome = self._rows.outcome.reshape(*shape, -1).astype(np.int64)
        flat = ((cell * 2 + outcome) * size + places.reshape(outcome.shape)).ravel()
        counted = np.bincount(flat, weights=None if weights is None else weights.ravel(), minlength=cell.size * 2 * size)
        counted = counted.reshape(*shape, 2, size)
        values = np.zeros((shape[0] + 1, shape[1] + 1, 3, size))
        values[1:, 0, :2], values[1:, 1:, :2] = counted.sum(axis=1), counted
        values[0] = values[1:].sum(axis=0)
        return values

    @cached_property
    def _shares(self) -> Floats:
        """What is left of each of 20 bins without each group of units: [unit group, window, slice, outcome, bin]."""
        grid = self.bins.score_bins
        assert grid is not None
        assert self._rows.unit is not None
        coarse = self.places * COARSE // grid.size
        by_unit = self._counted(coarse * UNITS + self._rows.unit.reshape(coarse.shape), COARSE * UNITS, None)
        by_unit = np.moveaxis(by_unit.reshape(*by_unit.shape[:-1], COARSE, UNITS), -1, 0)
        every = by_unit.sum(axis=0)
        return np.divide(every - by_unit, every, out=np.ones_like(by_unit), where=every > 0)

    @property
    def _left(self) -> Floats:
        return np.asarray(self._shares[self.without or 0])

    def column(self, name: str) -> ColumnCounts:
        """Bin counts of the latency."""
        grid = self.bins.by_name[name]
        assert self.latency is not None
        assert isinstance(grid, NumericBins)
        places = grid.bin_of(self.latency) + np.arange(len(self.latency))[:, None] * grid.size
        counts = np.zeros((len(self.latency) + 1, grid.size))
        counts[1:] = np.bincount(places.ravel(), minlength=len(self.latency) * grid.size).reshape(-1, grid.size)
        none: Mapping[str, Any] = {}
        return ColumnCounts(
            reference=counts[0], windows=counts, reference_total=counts[0], total=counts, reference_special=none, special=none,
            unseen_levels=none,
        )  # fmt: skip

    @property
    def units(self) -> int:
        """Unit groups: 32 where rows belong to persons."""
        return UNITS if self.drawn is not None and self.drawn.unit is not None else 0

    def without_unit(self, group: int) -> Replicates:
        """The same evidence without the persons of one unit group."""
        found = replace(self, without=group)
        found.__dict__["counts"] = _less(self.counts, self._by_unit, group)
        if self.places is not None:
            found.__dict__.update(_fine=self._fine, _shares=self._shares)
        return found

    @cached_property
    def _by_unit(self) -> Counts:
        """Counts of each unit group, the last axis before decisions and outcomes being the unit group."""
        return _counts(self._rows, by_unit=True)


def _less(every: Counts, by_unit: Counts, group: int) -> Counts:
    sums = {name: values - by_unit.sums[name][:, :, :, group] for name, values in every.sums.items()}
    return Counts(table=every.table - by_unit.table[:, :, :, group], sums=sums, same=every.same)


def evidence_of(world: World, drawn: Drawn, *, scored: bool = True) -> Replicates:
    """Evidence of drawn replicates; without `scored`, no score histogram is ever asked for."""
    q = world.quantiles
    grid = numeric_bins("score", low=float(q[0]), high=float(q[-1]), mean=0.5, deviation=1.0, integers=False, quantiles=q.tolist())
    names = [f"g{i}" for i in range(drawn.groups)]
    several = drawn.groups > 1
    slices = (Slice.all(), *(Slice.of({"group": name}) for name in names)) if several else (Slice.all(), Slice.of({"a": "1", "b": "1"}))
    counts = _counts(drawn)
    above, medians = _above(drawn) if several else ({}, {})
    found = empty(
        len(drawn.score), slices=slices, attributes=("group",) if several else (), bins=Bins(columns=(grid,), score="score"),
        drawn=drawn, places=grid.bin_of(drawn.score) if scored else None, above=above, medians=medians,
    )  # fmt: skip
    found.__dict__["counts"] = counts
    return found


def evidence_of_counts(table: Floats) -> Replicates:
    """Evidence of nothing but confusion counts, by [replicate, group, decision, outcome]."""
    replicates, groups = table.shape[:2]
    slices = (Slice.all(), *(Slice.of({"group": f"g{i}"}) for i in range(groups)))
    found = empty(replicates, slices=slices, attributes=("group",), bins=Bins(columns=()))
    whole = np.zeros((1, replicates + 1, groups + 1, 3, 3))
    whole[0, 1:, 1:, :2, :2] = table
    whole[0, 1:, 0, :2, :2] = table.sum(axis=1)
    whole[0, 0] = whole[0, 1:].sum(axis=0)
    found.__dict__["counts"] = Counts(table=whole, sums={}, same=True)
    return found


def evidence_of_latency(latency: Floats, quantiles: Floats) -> Replicates:
    """Evidence of replicates of a latency column, by [replicate, row]; `quantiles` are 401 even ones of its reference."""
    grid = numeric_bins(
        "latency_ms", low=float(quantiles[0]), high=float(quantiles[-1]), mean=0.0, deviation=1.0, integers=False,
        quantiles=quantiles.tolist(),
    )  # fmt: skip
    found = empty(len(latency), slices=(Slice.all(),), attributes=(), bins=Bins(columns=(grid,)), latency=latency)
    table = np.zeros((1, len(latency) + 1, 1, 3, 3))
    table[0, 1:, 0, 2, 2] = latency.shape[1]
    found.__dict__["counts"] = Counts(table=table, sums={}, same=True)
    found.tally.moments.update(column=np.zeros(1, dtype=np.int64), min=latency.min(keepdims=True)[0], max=latency.max(keepdims=True)[0])  # type: ignore[attr-defined]
    return found


def empty(replicates: int, *, references: Mapping[str, str | None] | None = None, **given: Any) -> Replicates:
    """Evidence without counts: everything but what is given is as short as it can be.

    `references` names each protected column's group that others are compared with; by default it is the first of `attributes`.
    """
    named = dict.fromkeys(given["attributes"], FIRST) if references is None else references
    windows = tuple(Window(start=EPOCH + dt.timedelta(days=i), end=EPOCH + dt.timedelta(days=i + 1)) for i in range(replicates + 1))
    roles = {role: role for role in ("score", "decision", "outcome", "latency_ms")}
    model = ModelConfig(
        name="simulated", title="Simulated", columns=Columns(**roles, unit="person"),
        protected=tuple(Protected(column=name, reference=level) for name, level in named.items()),
    )  # fmt: skip
    nothing = cast("Any", SimpleNamespace(partitions=(), slices=(), columns=("latency_ms",), moments={}, bins={}, outcome={}))
    fixed = {
        "model": model, "bins": Bins(columns=()), "tally": nothing, "reference_tally": nothing, "reference": Reference(kind="first window"),
        "coverage": Coverage(available=0, used=0, analysed=0, quarantined=0, duplicate=0, labelled=0), "windows": windows,
        "spans": tuple((i, i + 1) for i in range(replicates + 1)), "versions": (None,), "columns": (), "clock": EPOCH, "freshness": None,
        "seed": 1, "medians": {}, "above": {},
    }  # fmt: skip
    return Replicates(**(fixed | given))


def _counts(drawn: Drawn, *, by_unit: bool = False) -> Counts:
    """Counts of drawn rows by [version, window, slice], and with `by_unit` by unit group behind these."""
    shape = (len(drawn.score), drawn.groups)
    cell = np.repeat(np.arange(shape[0] * shape[1]), drawn.score.shape[1] // drawn.groups)
    extra: tuple[int, ...] = ()
    if by_unit:
        assert drawn.unit is not None
        cell, extra = cell * UNITS + drawn.unit.ravel(), (UNITS,)
    score, outcome = drawn.score.ravel(), drawn.outcome.ravel()

    def added(place: Any, size: int, weights: Floats | None) -> Floats:
        """Weights as [1, window, slice, ..., `size`]: the sum of all windows first, everybody before the groups."""
        found = np.bincount(cell * size + place, weights=weights, minlength=int(np.prod((*shape, *extra))) * size)
        found = found.reshape(*shape, *extra, size)
        values = np.zeros((1, shape[0] + 1, shape[1] + 1, *extra, size))
        values[0, 1:, 0], values[0, 1:, 1:] = found.sum(axis=1), found
        values[0, 0] = values[0, 1:].sum(axis=0)
        return values

    yes = outcome.astype(np.int64)
    confusion = added(2 * drawn.decision.ravel().astype(np.int64) + yes, 4, None)
    table = np.zeros((*confusion.shape[:-1], 3, 3))
    table[..., :2, :2] = confusion.reshape(*confusion.shape[:-1], 2, 2)
    error = (score - outcome) ** 2
    loss = -np.log(np.maximum(1 - np.abs(score - outcome), np.finfo(float).eps))
    rows = {
        "scored": None, "score": score, "score_squared": score**2, "error_2": error, "error_4": error**2, "log_loss": loss,
        "log_loss_squared": loss**2,
    }  # fmt: skip
    nobody = np.zeros((*confusion.shape[:-1], 1))
    sums = {name: np.concatenate([added(yes, 2, values), nobody], axis=-1) for name, values in rows.items()}
    return Counts(table=table, sums=sums, same=True)


def _above(drawn: Drawn) -> tuple[dict[tuple[int, int], tuple[int, int]], dict[int, float]]:
    """Rows scored above the median of each replicate, by (window, slice)."""
    medians = np.median(drawn.score, axis=1)
    higher = (drawn.score > medians[:, None]).reshape(len(medians), drawn.groups, -1)
    counted, rows = higher.sum(axis=-1).tolist(), higher.shape[-1]
    found = {
        (i + 1, j + 1): (rows, counted[i][j]) for i in range(len(medians)) for j in range(drawn.groups)
    } | {(i + 1, 0): (rows * drawn.groups, sum(counted[i])) for i in range(len(medians))}  # fmt: skip
    return found, {i + 1: float(m) for i, m in enumerate(medians)}
