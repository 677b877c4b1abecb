"""Quiet logs that are not still: counts by window, column and bin, drawn without rows, for simulations of alarms.

A numeric column is a normal value cut at the reference's deciles, a categorical one the same cut into eight levels that are not in order. A
day's values lie a little higher or lower than the next day's, and spread a little more or less.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from audits.alarms.shares import Counted, Shares, stacked
from audits.estimate import Floats

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
START = dt.datetime(2026, 1, 5)  # noqa: DTZ001  a Monday, UTC without a zone as everywhere
EDGES = {True: ndtri(np.arange(1, 10) / 10), False: ndtri(np.cumsum([0.32, 0.22, 0.16, 0.12, 0.08, 0.05, 0.03]))}


@dataclass(frozen=True, kw_only=True)
class World:
    """What a quiet log does.

    Parameters
    ----------
    wobble
        Standard deviation of the window's mean, in standard deviations of a row, of a column in the middle; columns differ by half of it
        (log-normal), and a column's spread wobbles by half as much as its mean.
    lasting
        Correlation of the wobble of neighbouring windows.
    season
        Standard deviation of the mean over the hours of a day and the days of a week.
    clusters
        Rows that come together, on average: they make shares vary more by a factor of so many.
    traffic
        Standard deviation of the logarithm of a window's rows.
    together
        The part of the wobble that all columns share.
    missing
        Share of values that are missing.
    """

    words: str
    wobble: float = 0.0
    lasting: float = 0.0
    season: float = 0.0
    clusters: float = 1.0
    traffic: float = 0.3
    together: float = 0.0
    missing: float = 0.01


WORLDS: tuple[World, ...] = (
    World(words="every row by itself"),
    World(words="rows in clusters of three", clusters=3.0),
    World(words="days that differ", wobble=0.04),
    World(words="days that differ together", wobble=0.04, together=0.7),
    World(words="hours and weekdays that differ", wobble=0.02, season=0.12),
    World(words="a wobble that lasts", wobble=0.04, lasting=0.6),
    World(words="a wobble that lasts for a week", wobble=0.04, lasting=0.8),
    World(words="all of it", wobble=0.03, lasting=0.4, season=0.1, clusters=2.0, together=0.3),
)
"""0.04 standard deviations of a row are 1.6 points of the rows below the median."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """How much is logged, and what happens to it.

    Parameters
    ----------
    rows
        Rows of a window, in the middle.
    shift
        For some columns, by how many standard deviations of a row they move from window `at` on, for `lasts` windows.
    gone
        For some columns, the share of values that go missing then.
    """

    rows: int
    reference: int = 30
    windows: int = 60
    columns: int = 30
    length: dt.timedelta = DAY
    shift: Mapping[int, float] = field(default_factory=dict)
    gone: Mapping[int, float] = field(default_factory=dict)
    at: int = 0
    lasts: int = 10_000


def drawn(world: World, log: Log, rng: np.random.Generator) -> Shares:
    """One model's log: odd columns are categories."""
    many = log.reference + log.windows
    starts = [START + i * log.length for i in range(many)]
    shared = _wobble(world, many, rng)
    rows = np.maximum(log.rows * np.exp(rng.normal(0, world.traffic, many)), 40).astype(np.int64)
    after = np.zeros(many, dtype=bool)
    after[log.reference + log.at : log.reference + log.at + log.lasts] = True
    columns = []
    for k in range(log.columns):
        own = world.together**0.5 * shared + (1 - world.together) ** 0.5 * _wobble(world, many, rng)
        size = world.wobble * float(np.exp(rng.normal(0, 0.5)))
        mean = size * own + _season(world, log.length, starts, rng) + log.shift.get(k, 0.0) * after
        spread = np.exp(rng.normal(0, size / 2, many))
        ordered = k % 2 == 0
        below = ndtr((EDGES[ordered] - mean[:, None]) / spread[:, None])
        p = np.diff(np.column_stack([np.zeros(many), below, np.ones(many)]), axis=1)
        gone = world.missing + (1 - world.missing) * log.gone.get(k, 0.0) * after
        p = np.column_stack([p * (1 - gone)[:, None], gone])
        if world.clusters > 1:
            p = _clustered(p, rows, world.clusters, rng)
        counts = rng.multinomial(rows, p).astype(np.float64)
        held, seen = counts[: log.reference], counts[log.reference :]
        columns.append(Counted(name=f"c{k}", ordered=ordered, reference=held, windows=seen))
    return stacked(columns, starts=(tuple(starts[: log.reference]), tuple(starts[log.reference :])), length=log.length)


def _wobble(world: World, many: int, rng: np.random.Generator) -> Floats:
    steps = rng.normal(size=many)
    if not world.lasting:
        return np.asarray(steps)
    found = np.empty(many)
    found[0] = steps[0]
    for i in range(1, many):
        found[i] = world.lasting * found[i - 1] + (1 - world.lasting**2) ** 0.5 * steps[i]
    return found


def _season(world: World, length: dt.timedelta, starts: list[dt.datetime], rng: np.random.Generator) -> Floats:
    if not world.season:
        return np.zeros(len(starts))
    size = world.season * float(rng.random())
    if length == DAY:
        return np.asarray(rng.normal(0, size, 7)[[at.weekday() for at in starts]])
    hours, weekend = rng.normal(0, size, 24), float(rng.normal(0, size))
    return np.asarray([hours[at.hour] + weekend * (at.weekday() >= 5) for at in starts])


def _clustered(p: Floats, rows: NDArray[np.int64], clusters: float, rng: np.random.Generator) -> Floats:
    """Shares of windows whose rows come in clusters: gamma deviates over their sum are a Dirichlet's."""
    strength = (rows / (clusters - 1))[:, None]
    found = rng.gamma(np.maximum(p * strength, 1e-6))
    return np.asarray(found / found.sum(axis=1, keepdims=True))
