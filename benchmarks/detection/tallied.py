"""A simulated log's rows counted in NumPy, as `audits.count` counts them: bins of the reference, and tallies by version and day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.bins import Bins, CategoricalBins, NumericBins, numeric_bins
from audits.histograms import COARSE
from audits.slices import Slice
from audits.tally import Tally
from benchmarks.detection.world import CATEGORICAL, NUMERIC, Log
from connectors.partitions import Partition

COLUMNS = (*NUMERIC, *CATEGORICAL, "score", "latency_ms")
SEXES = ("F", "M")
SLICES = (*(Slice.of({"sex": sex}) for sex in SEXES), Slice.all())
Table = Mapping[str, NDArray[Any]]


def freeze(log: Log) -> Bins:
    """The bins that the reference asks for, as `audits.freeze` chooses them."""
    columns: list[NumericBins | CategoricalBins] = []
    for name in COLUMNS:
        if name in CATEGORICAL:
            code, levels = coded(log[name])
            n = np.bincount(code[code >= 0], minlength=len(levels)).tolist()
            ranked = sorted(zip(levels, n, strict=True), key=lambda pair: (-pair[1], pair[0]))
            columns.append(CategoricalBins(name=name, levels=tuple(level for level, _ in ranked), complete=True))
            continue
        x = log[name].astype(np.float64)
        x = x[np.isfinite(x)]
        columns.append(
            numeric_bins(
                name, low=float(x.min()), high=float(x.max()), mean=float(x.mean()), deviation=float(x.std()),
                integers=bool((x == np.floor(x)).all()), quantiles=np.quantile(x, np.linspace(0, 1, 401)).tolist(),
            )
        )  # fmt: skip
    return Bins(columns=tuple(columns), score="score")


@dataclass(frozen=True)
class Part:
    """Accepted rows of one side, the reference's or the analysed ones, with the partition of each."""

    log: Log
    bins: Bins
    partitions: tuple[Partition, ...]
    place: NDArray[np.int64]

    @cached_property
    def codes(self) -> dict[str, NDArray[Any]]:
        """By row: slice, decision, score, bin of the score, outcome and when it became known."""
        grid = self.bins.score_bins
        assert grid is not None
        sex, sexes = coded(self.log["sex"])
        score = self.log["score"].astype(np.float64)
        outcome, decision = self.log["outcome"].astype(np.float64), self.log["decision"].astype(np.float64)
        return {
            "slice": np.asarray([SEXES.index(sex) for sex in sexes], dtype=np.int64)[sex], "score": score, "bin": grid.bin_of(score),
            "decision": np.where(np.isnan(decision), -1, decision).astype(np.int64),
            "outcome": np.where(np.isnan(outcome), -1, outcome).astype(np.int64), "known": self.log["outcome_time"],
            "lag": (self.log["outcome_time"] - self.log["time"]).astype("timedelta64[D]").astype(np.int64),
            "latency_ms": self.log["latency_ms"].astype(np.float64),
        }  # fmt: skip

    @cached_property
    def prediction_side(self) -> dict[str, Table]:
        """Bins and moments."""
        return {"bins": count_bins(self), "moments": count_moments(self)}

    def tally(self, now: np.datetime64) -> Tally:
        """The tally of all rows, outcomes as far as they are known."""
        sides: Any = {**self.prediction_side, **outcome_side(self, now)}
        return Tally(
            partitions=self.partitions, slices=SLICES, columns=tuple(column.name for column in self.bins.columns),
            fingerprint=self.bins.fingerprint, **sides,
        )  # fmt: skip


def part_of(log: Log, bins: Bins, *, reference: bool) -> Part:
    """Rows cut into partitions of version and day."""
    day = log["time"].astype("datetime64[D]").astype(np.int64)
    code, versions = coded(log["version"])
    key, place, rows = np.unique(day * 10 + code, return_inverse=True, return_counts=True)
    found = tuple(
        Partition(
            number=i, version=str(versions[k % 10]), bucket=int(k // 10), reference=reference, rows=int(n), prediction_dirty=False,
            outcome_dirty=False, prediction_tally=2 * i, outcome_tally=2 * i + 1,
        )
        for i, (k, n) in enumerate(zip(key.tolist(), rows.tolist(), strict=True))
    )  # fmt: skip
    return Part(log=log, bins=bins, partitions=found, place=place.astype(np.int64))


def count_bins(part: Part) -> Table:
    """Each column's values by partition and bin."""
    bins, size, rows = part.bins, len(part.partitions), []
    width = max(column.size for column in bins.columns)
    for position, column in enumerate(bins.columns):
        values = part.log[column.name]
        n, total = np.zeros((size, width), dtype=np.int64), np.zeros((size, width))
        special = {name: np.zeros(size, dtype=np.int64) for name in ("missing", "not_a_number", "other", "unseen")}
        texts: list[Any] = [None] * size
        if isinstance(column, NumericBins):
            x = values.astype(np.float64)
            known = np.isfinite(x)
            flat = part.place[known] * column.size + column.bin_of(x[known])
            n[:, : column.size] = np.bincount(flat, minlength=size * column.size).reshape(size, -1)
            total[:, : column.size] = np.bincount(flat, weights=x[known], minlength=size * column.size).reshape(size, -1)
            special["missing"] = np.bincount(part.place[~known], minlength=size)
        else:
            code = levels_of(column, values)
            seen = code >= 0
            n[:, : column.size] = np.bincount(part.place[seen] * column.size + code[seen], minlength=size * column.size).reshape(size, -1)
            special["missing"] = np.bincount(part.place[code == -1], minlength=size)
            special["unseen"] = np.bincount(part.place[code == -3], minlength=size)
            texts = unseen_levels(part.place[code == -3], values[code == -3], size)
        table = {"partition": np.arange(size), "column": np.full(size, position), "n": n, "total": total, **special}
        rows.append({**table, "unseen_levels": np.asarray(texts, dtype=object)})
    return {name: np.concatenate([table[name] for table in rows]) for name in rows[0]}


def coded(values: NDArray[Any]) -> tuple[NDArray[np.int64], list[str]]:
    """Texts as places in a list of levels, -1 where they are missing."""
    import pandas as pd

    code, levels = pd.factorize(values)
    return np.asarray(code, dtype=np.int64), [str(level) for level in levels]


def levels_of(column: CategoricalBins, values: NDArray[Any]) -> NDArray[np.int64]:
    """The bin of each level: -1 where it is missing, -3 where it is not in the vocabulary."""
    code, levels = coded(values)
    return np.asarray([*(column.index.get(level, -3) for level in levels), -1], dtype=np.int64)[code]


def unseen_levels(place: NDArray[np.int64], values: NDArray[Any], size: int) -> list[str | None]:
    """Levels that are not in the vocabulary with their counts, the hundred most frequent of each partition, as JSON."""
    found: list[str | None] = []
    for number in range(size):
        levels, counts = np.unique(values[place == number].astype(str), return_counts=True)
        first = np.argsort(-counts, kind="stable")[:100]
        held = dict(zip(levels[first].tolist(), counts[first].tolist(), strict=True))
        found.append(json.dumps(held) if held else None)
    return found


def count_moments(part: Part) -> Table:
    """Count, ends, mean and sum of squares of each numeric column by partition."""
    size, rows = len(part.partitions), []
    for position, column in enumerate(part.bins.columns):
        if not isinstance(column, NumericBins):
            continue
        x = part.log[column.name].astype(np.float64)
        known = np.isfinite(x)
        place, x = part.place[known], x[known]
        n = np.bincount(place, minlength=size)
        mean = np.bincount(place, weights=x, minlength=size) / np.maximum(n, 1)
        low, high = np.full(size, np.nan), np.full(size, np.nan)
        np.fmin.at(low, place, x)
        np.fmax.at(high, place, x)
        m2 = np.bincount(place, weights=(x - mean[place]) ** 2, minlength=size)
        rows.append(
            {"partition": np.arange(size), "column": np.full(size, position), "n": n, "min": low, "max": high, "mean": mean, "m2": m2}
        )
    return {name: np.concatenate([table[name] for table in rows]) for name in rows[0]}


def outcome_side(part: Part, now: np.datetime64) -> dict[str, Table]:
    """Groups by decision, outcome and score, with sums, and how long outcomes took."""
    codes = part.codes
    known = (codes["outcome"] >= 0) & (codes["known"] <= now)
    outcome = np.where(known, codes["outcome"], -1)
    p, s, d = part.place, codes["slice"], codes["decision"]
    score, x, grid = codes["score"], codes["latency_ms"], part.bins.score_bins
    assert grid is not None
    error = np.where(known, np.abs(score - np.maximum(outcome, 0)), 0.0)
    loss = np.where(known, -np.log(np.clip(1 - error, np.finfo(float).eps, None)), 0.0)
    shape = (len(part.partitions), 2, 3, 3)
    flat = np.ravel_multi_index((p, s, d + 1, outcome + 1), shape)
    size = int(np.prod(shape))
    n = np.bincount(flat, minlength=size)
    cell = np.flatnonzero(n)
    partition, slices, decision, result = np.unravel_index(cell, shape)
    keys = {"partition": partition, "slice": slices, "decision": decision - 1, "outcome": result - 1}
    sums = {
        "score": score, "score_squared": score**2, "error_2": error**2, "error_4": error**4, "log_loss": loss, "log_loss_squared": loss**2,
        "latency_ms": x, "latency_ms_squared": x**2,
    }  # fmt: skip
    table: dict[str, Any] = {**keys, "family": np.zeros(len(cell), dtype=np.int64), "unit": np.full(len(cell), -1), "n": n[cell]}
    table |= {"scored": n[cell], "latency_ms_n": n[cell]}
    table |= {name: np.bincount(flat, weights=values, minlength=size)[cell] for name, values in sums.items()}
    for name in ("cost", "energy_wh"):
        table |= {key: np.zeros(len(cell)) for key in (f"{name}_n", name, f"{name}_squared")}
    lag = codes["lag"][known]
    maturity, lags = np.unique(p[known] * 1_000 + lag, return_counts=True)
    nothing = {name: np.zeros(0, dtype=np.int64) for name in ("partition", "slice", "decision", "outcome", "n")}
    return {
        "outcome": table, **_histograms(part, flat, shape, grid),
        "weighted": {**nothing, "weight": np.zeros(0), "weight_squared": np.zeros(0)},
        "maturity": {"partition": maturity // 1_000, "lag_days": maturity % 1_000, "n": lags},
    }  # fmt: skip


def _histograms(part: Part, flat: NDArray[np.int64], shape: tuple[int, ...], grid: NumericBins) -> dict[str, Table]:
    """Scores on the fine grid by single group, and in twenty bins by the cross of groups (here: of one attribute)."""
    size, score = int(np.prod(shape)), part.codes["score"]
    counted = []
    for weights in (None, score):
        fine = np.bincount(flat * grid.size + part.codes["bin"], weights=weights, minlength=size * grid.size)
        fine = fine.reshape(*shape, grid.size)
        counted.append(np.concatenate([fine, fine.sum(axis=1, keepdims=True)], axis=1).reshape(-1, grid.size))
    wide = (shape[0], len(SLICES), *shape[2:])
    cell = np.flatnonzero(counted[0].any(axis=1))
    partition, slices, decision, outcome = np.unravel_index(cell, wide)
    none = np.zeros(len(cell), dtype=np.int64)
    keys = {"partition": partition, "slice": slices, "curve": none, "decision": decision - 1, "outcome": outcome - 1}
    margin = {**keys, "n": counted[0][cell].astype(np.int64), "score": counted[1][cell]}
    place = np.arange(grid.size) * COARSE // grid.size
    starts = np.searchsorted(place, np.arange(COARSE))
    rows = np.flatnonzero(slices < len(SEXES))
    few = [np.add.reduceat(counts[cell[rows]], starts, axis=1) for counts in counted]
    at, score_bin = np.nonzero(few[0])
    held = {name: values[rows][at] for name, values in keys.items()}
    coarse = {**held, "unit": np.full(len(at), -1), "score_bin": score_bin, "n": few[0][at, score_bin].astype(np.int64)}
    return {"margin": margin, "coarse": {**coarse, "score": few[1][at, score_bin]}}
