"""Evidence in which every window is a sample of its own, so that an audit measures all samples in one call, by its own code.

Counts are added up from drawn arrays instead of read from a warehouse; from there on nothing is special: audits ask this evidence what
they ask any other. The whole period (window 0) is left empty, for it would be all samples together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from audits.bins import Bins, NumericBins, numeric_bins
from audits.estimate import Floats
from audits.evidence import NO, YES, ColumnCounts, Counts, Evidence
from audits.finding import Coverage, Reference
from audits.slices import Slice
from audits.window import EPOCH, Window
from benchmarks.worlds import Drawn, World
from connectors.config import Columns, ModelConfig, Protected

FIRST = "g0"
UNITS = 32


@dataclass(frozen=True, kw_only=True)
class Replicates(Evidence):
    """Evidence of many samples at once. Without several groups a second slice, an intersection that holds everybody, has 20 score bins."""

    drawn: Drawn | None = None
    places: Any = None
    """The score bin of every row, where histograms are wanted."""
    latency: Floats | None = None
    left_out: int | None = None

    def margin(self, slices: Sequence[int], *, version: int = 0) -> tuple[Floats, Floats]:
        """Score histograms by [window, slice, outcome, bin]; sums of scores beside them."""
        grid = self.bins.score_bins
        assert grid is not None
        return self._histograms(slices, self.places, grid.size)

    def coarse(self, slices: Sequence[int], *, version: int = 0) -> tuple[Floats, Floats]:
        """The same in 20 bins."""
        grid = self.bins.score_bins
        assert grid is not None
        return self._histograms(slices, self.places * 20 // grid.size, 20)

    def _histograms(self, slices: Sequence[int], places: Any, size: int) -> tuple[Floats, Floats]:
        assert self.drawn is not None
        shape = (len(self.windows) - 1, self.drawn.groups)
        cell = np.arange(shape[0] * shape[1]).reshape(*shape, 1)
        outcome = self.drawn.outcome.reshape(*shape, -1).astype(np.int64)
        flat = ((cell * 2 + outcome) * size + places.reshape(outcome.shape)).ravel()
        score = self.drawn.score.ravel()
        if self.left_out is not None:
            assert self.drawn.unit is not None
            kept = np.flatnonzero(self.drawn.unit.ravel() != self.left_out)
            flat, score = flat[kept], score[kept]
        found = []
        for weights in (None, score):
            counted = np.bincount(flat, weights=weights, minlength=cell.size * 2 * size).reshape(*shape, 2, size)
            several = np.concatenate([counted.sum(axis=1, keepdims=True), counted], axis=1)[:, list(slices)]
            values = np.zeros((shape[0] + 1, len(slices), 3, size))
            values[1:, :, :2] = several
            found.append(values)
        return found[0], found[1]

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

    def without_unit(self, g: int) -> Replicates:
        """The same evidence without the persons of one unit group."""
        assert self.drawn is not None
        given = {field.name: getattr(self, field.name) for field in fields(self)} | {"left_out": g}
        found = Replicates(**given)
        found.__dict__["counts"] = _counts(self.drawn, left_out=g)
        return found


def evidence_of(world: World, drawn: Drawn, *, scored: bool = True) -> Replicates:
    """Evidence of drawn replicates; without `scored`, no score histogram is ever asked for."""
    q = world.quantiles
    grid = numeric_bins("score", low=float(q[0]), high=float(q[-1]), mean=0.5, deviation=1.0, integers=False, quantiles=q.tolist())
    names = [f"g{i}" for i in range(drawn.groups)]
    several = drawn.groups > 1
    slices = (Slice.all(), *(Slice.of({"group": name}) for name in names)) if several else (Slice.all(), Slice.of({"a": "1", "b": "1"}))
    counts = _counts(drawn)
    above, medians = _above(drawn) if several else ({}, {})
    found = _empty(
        len(drawn.score), slices=slices, attributes=("group",) if several else (), bins=Bins(columns=(grid,), score="score"),
        drawn=drawn, places=grid.bin_of(drawn.score) if scored else None, above=above, medians=medians,
    )  # fmt: skip
    found.__dict__["counts"] = counts
    return found


def evidence_of_counts(table: Floats) -> Replicates:
    """Evidence of nothing but confusion counts, by [replicate, group, decision, outcome]."""
    replicates, groups = table.shape[:2]
    slices = (Slice.all(), *(Slice.of({"group": f"g{i}"}) for i in range(groups)))
    found = _empty(replicates, slices=slices, attributes=("group",), bins=Bins(columns=()))
    whole = np.zeros((1, replicates + 1, groups + 1, 3, 3))
    whole[0, 1:, 1:, :2, :2] = table
    whole[0, 1:, 0, :2, :2] = table.sum(axis=1)
    found.__dict__["counts"] = Counts(table=whole, sums={}, same=True)
    return found


def evidence_of_latency(latency: Floats, quantiles: Floats) -> Replicates:
    """Evidence of replicates of a latency column, by [replicate, row]; `quantiles` are 401 even ones of its reference."""
    grid = numeric_bins(
        "latency_ms", low=float(quantiles[0]), high=float(quantiles[-1]), mean=0.0, deviation=1.0, integers=False,
        quantiles=quantiles.tolist(),
    )  # fmt: skip
    found = _empty(len(latency), slices=(Slice.all(),), attributes=(), bins=Bins(columns=(grid,)), latency=latency)
    table = np.zeros((1, len(latency) + 1, 1, 3, 3))
    table[0, 1:, 0, 2, 2] = latency.shape[1]
    found.__dict__["counts"] = Counts(table=table, sums={}, same=True)
    found.tally.moments.update(column=np.zeros(1, dtype=np.int64), min=latency.min(keepdims=True)[0], max=latency.max(keepdims=True)[0])  # type: ignore[attr-defined]
    return found


def _empty(replicates: int, **given: Any) -> Replicates:
    """Evidence without counts: everything but what is given is as short as it can be."""
    windows = tuple(Window(start=EPOCH + dt.timedelta(days=i), end=EPOCH + dt.timedelta(days=i + 1)) for i in range(replicates + 1))
    roles = {role: role for role in ("score", "decision", "outcome", "latency_ms")}
    model = ModelConfig(
        name="simulated", title="Simulated", columns=Columns(**roles), policy={},
        protected=tuple(_protected(name) for name in given["attributes"]),
    )  # fmt: skip
    nothing = cast("Any", SimpleNamespace(partitions=(), slices=(), columns=("latency_ms",), moments={}, bins={}, outcome={}))
    fixed = {
        "model": model, "tally": nothing, "reference_tally": nothing, "reference": Reference(kind="first window"),
        "coverage": Coverage(available=0, used=0, analysed=0, quarantined=0, duplicate=0, labelled=0), "windows": windows,
        "spans": tuple((i, i + 1) for i in range(replicates + 1)), "versions": (None,), "columns": (), "clock": EPOCH, "freshness": None,
        "seed": 1, "medians": {}, "above": {},
    }  # fmt: skip
    return Replicates(**(fixed | given))


def _protected(name: str) -> Protected:
    """A protected column whose first group is the one that the others are compared with."""
    named = {"reference": FIRST} if "reference" in {field.name for field in fields(Protected)} else {}
    return Protected(column=name, **cast("Any", named))


def _counts(drawn: Drawn, *, left_out: int | None = None) -> Counts:
    shape = (len(drawn.score), drawn.groups, -1)
    decision, outcome, score = (values.reshape(shape) for values in (drawn.decision, drawn.outcome, drawn.score))
    kept = np.ones_like(outcome)
    if left_out is not None:
        assert drawn.unit is not None
        kept = (drawn.unit != left_out).astype(np.float64).reshape(shape)

    def by_slice(values: Floats) -> Floats:
        """Sums over rows as [1, window, slice]: an empty window 0, everybody before the groups."""
        found = (values * kept).sum(axis=-1)
        found = np.concatenate([found.sum(axis=1, keepdims=True), found], axis=1)
        return np.asarray(np.concatenate([np.zeros((1, found.shape[1])), found])[None])

    table = np.zeros((1, shape[0] + 1, shape[1] + 1, 3, 3))
    for d in (NO, YES):
        for y in (NO, YES):
            table[..., d, y] = by_slice((decision == d) * (outcome == y))
    error = (score - outcome) ** 2
    loss = -np.log(np.maximum(1 - np.abs(score - outcome), np.finfo(float).eps))
    rows = {
        "scored": np.ones_like(score), "score": score, "score_squared": score**2, "error_2": error, "error_4": error**2, "log_loss": loss,
        "log_loss_squared": loss**2,
    }  # fmt: skip
    nobody = np.zeros(table.shape[:3])
    sums = {
        name: np.stack([by_slice(values * (1 - outcome)), by_slice(values * outcome), nobody], axis=-1) for name, values in rows.items()
    }
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
