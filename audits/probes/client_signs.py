"""What tells a client that copies the model from one that uses it: six signs, each held against the log's own ordinary clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers

SIGNS = ("volume", "coverage", "unseen", "off_distribution", "sweeps", "regular_timing")
LEAST_ROWS = 20
"""Rows of a client, in all or in one bucket, from which on it is looked at."""
LEAST_CLIENTS = 8
"""Clients that it takes to call something ordinary."""
LEAST_STEPS = 10
ALPHA = 0.01
"""The chance that any ordinary client of the whole log passes the fence in any sign, if ordinary clients are as Student's t has them."""
COUNTED = 3
"""Signs that a score is the mean of: the largest."""
MAD = 1.4826


@dataclass(frozen=True, kw_only=True)
class Profiles:
    """Groups of a client's rows: sums by group, as `audits.scan.clients.profiles` counts them.

    `rate` is the rows that the volume is judged by. Columns that the log has nothing for are NaN.
    """

    client: NDArray[np.object_]
    n: Floats
    rate: Floats
    cells: Floats
    vectors: Floats
    rarity: Floats
    single: Floats
    pairs: Floats
    irregular: Floats
    gaps: Floats

    def __len__(self) -> int:
        return len(self.n)

    def where(self, kept: NDArray[Any]) -> Profiles:
        """Some of the groups."""
        return Profiles(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Population:
    """What the reference holds: rows of each coarse cell (size -> cells), and the deviation of how rare its inputs are."""

    sizes: Floats
    cells: Floats
    deviation: float

    def expected_cells(self, n: Floats) -> Floats:
        """How many different cells so many rows of the reference would fall into, on average (rarefaction)."""
        rows = float((self.sizes * self.cells).sum())
        if not rows:
            return np.full(len(n), np.nan)
        empty = np.exp(np.outer(n, np.log1p(-np.minimum(self.sizes / rows, 1 - 1e-12))))
        return np.asarray((1 - empty) @ self.cells)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """By group: the score with what the client's own sampling leaves open, and its signs [sign, group]; NaN for a sign that has none."""

    score: Floats
    low: Floats
    high: Floats
    signs: Floats
    fence: float


def figures(found: Profiles, population: Population) -> tuple[Floats, Floats]:
    """The six figures [sign, group] on scales where chance is about even, and the standard error of each."""
    with np.errstate(divide="ignore", invalid="ignore"):
        root, usual = np.sqrt(found.n), population.expected_cells(found.n)
        seen, single = found.vectors / found.n, found.single / found.pairs
        variation = np.maximum(found.irregular / found.gaps, 0.01)
        value = np.stack(
            [
                np.log(found.rate),
                np.log(found.cells) - np.log(usual),
                seen,
                found.rarity / found.n,
                np.where(found.pairs >= LEAST_STEPS, single, np.nan),
                np.where(found.gaps >= LEAST_STEPS, -np.log(variation), np.nan),
            ]
        )
        error = np.stack(
            [
                1 / np.sqrt(found.rate),
                1 / np.sqrt(usual),
                np.sqrt(np.maximum(seen * (1 - seen), 1 / found.n)) / root,
                population.deviation / root,
                np.sqrt(np.maximum(single * (1 - single), 1 / found.pairs) / found.pairs),
                1 / np.sqrt(found.gaps),
            ]
        )
    return value, error


def scored(found: Profiles, ordinary: Profiles, own: Integers, population: Population, *, tests: int) -> Scores:
    """Scores of groups.

    Parameters
    ----------
    ordinary
        One group a client, of the reference: what is usual.
    own
        For each group the position of its client in `ordinary`, or -1: who always did so is held against what it did too.
    tests
        Groups that are looked at in all: the more, the farther the fence.
    """
    from scipy.stats import t

    value, error = figures(found, population)
    usual, doubt = figures(ordinary, population)
    centre = _middle(usual)
    spread = MAD * _middle(np.abs(usual - centre))
    scale = np.sqrt(spread**2 + error**2)
    z = _sided((value - centre) / scale)
    if (own >= 0).any():
        before = usual[:, own]
        since = _sided((value - before) / np.sqrt(spread**2 + error**2 + doubt[:, own] ** 2))
        z = np.where((own >= 0) & np.isfinite(before), np.minimum(z, since), z)
    fence = float(t.isf(ALPHA / (max(tests, 1) * len(SIGNS)), len(ordinary) - 1))
    loose = 1.96 * error / scale
    at, low, high = (_score(z + shift * loose, fence) for shift in (0.0, -1.0, 1.0))
    return Scores(score=at, low=low, high=high, signs=sign(z, fence), fence=fence)


def _middle(values: Floats) -> Floats:
    """The median of each line, of what is known of it; NaN where nothing is."""
    known = [line[np.isfinite(line)] for line in values]
    return np.asarray([[np.median(line)] if len(line) else [np.nan] for line in known])


def _sided(z: Floats) -> Floats:
    """Coverage is a sign either way, the space spread over or one corner combed through; the others are where they are high."""
    return np.where((np.arange(len(SIGNS)) == SIGNS.index("coverage"))[:, None], np.abs(z), z)


def sign(z: Floats, fence: float) -> Floats:
    """0 up to the fence, 1 from twice the fence on.

    >>> sign(np.asarray([1.0, 6.0, 9.0]), 4.0)
    array([0. , 0.5, 1. ])
    """
    return np.where(np.isnan(z), np.nan, np.clip(z / fence - 1.0, 0.0, 1.0))


def _score(z: Floats, fence: float) -> Floats:
    """The mean of the largest signs; one that cannot be told counts as none."""
    told = np.sort(np.nan_to_num(sign(z, fence)), axis=0)
    return np.asarray(told[-COUNTED:].sum(axis=0) / COUNTED)


def profiles_of(table: Any, *, rate: Floats | None = None) -> Profiles:
    """Profiles from the engine's table; by default the volume is judged by the rows in a bucket with any."""
    size, held = table.num_rows, table.column_names

    def floats(name: str) -> Floats:
        if name not in held:
            return np.full(size, np.nan)
        return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)

    named: Mapping[str, Floats] = {
        name: floats(name) for name in ("n", "cells", "vectors", "rarity", "single", "pairs", "irregular", "gaps")
    }
    client = np.asarray([*table.column("client").to_pylist(), None], dtype=object)[:-1]
    return Profiles(client=client, rate=named["n"] / floats("buckets") if rate is None else rate, **named)


def positions(client: NDArray[np.object_], among: NDArray[np.object_]) -> Integers:
    """Where each client is among others; -1 where it is not."""
    order = {name: place for place, name in enumerate(among.tolist())}
    return np.asarray([order.get(name, -1) for name in client.tolist()], dtype=np.int64)
