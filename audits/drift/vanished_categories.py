"""Vanished categories: what the reference has and a window no longer shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import EVERY_TASK, audit
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.two_samples import OTHER, UNSEEN, Column, Samples
from audits.estimate import Floats
from audits.finding import Measurement

EXPECTED = 5
"""A category has vanished where at least this many of its rows were to be expected and none came."""

LISTED = 20


@audit(name="vanished_categories", unit="count", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def vanished_categories(held: Comparison) -> Iterator[Measurement]:
    """Number of categories of the reference of which at least five rows were to be expected in a window and none came.

    Formula
        Categories j with p_j m >= 5 and no row, p_j being the share in the reference and m the window's rows with a value. Categorical
        columns, decisions and outcomes; the rare values beyond the 100 most frequent ones are not kept one by one and not counted.
    Interval and test
        From the categories whose absence is beyond chance, at 5 % for all k categories together (Bonferroni), to all categories that have
        no row, expected or not. The chance that none of the x rows of a category falls among the window's m, of n + m in all, is
        C(n + m - x, m) / C(n + m, m); p is the smallest of these times k. n is the window's rows with a value.
    Tables
        `categories`: up to 20 names, the most frequent first, and `expected`, how many rows of each were to be expected.
    When it misleads
        A renamed category vanishes here and is unseen in `unseen_category_rate`. Short windows cannot show that a rare category is gone.
    Source
        R. A. Fisher (1922), J. R. Stat. Soc. 85, for the chance of an empty cell.
    """
    for samples in held.categorical:
        named = np.zeros(samples.reference.shape, dtype=np.bool_)
        for place, column in enumerate(samples.columns):
            named[place, 0, : len(column.labels)] = [label not in (OTHER, UNSEEN) for label in column.labels]
        there = named & (samples.reference > 0)
        absent: NDArray[np.bool_] = there & (samples.windows == 0) & samples.usable[..., None]
        expected = samples.p * samples.m[..., None]
        gone = absent & (expected >= EXPECTED)
        value = np.where(samples.usable, gone.sum(axis=-1), np.nan)
        chance = np.minimum(_chance(samples, absent) * there.sum(axis=-1, keepdims=True), 1.0)
        low, high = (chance < 0.05).sum(axis=-1), absent.sum(axis=-1)
        where: dict[tuple[int, int], list[tuple[int, float]]] = {}
        for place, window, level in zip(*(axis.tolist() for axis in np.nonzero(gone)), strict=True):
            where.setdefault((place, window), []).append((level, float(expected[place, window, level])))

        def table(
            column: Column, place: int, window: int, where: dict[tuple[int, int], list[tuple[int, float]]] = where
        ) -> dict[str, Any]:
            found = sorted(where.get((place, window), ()), key=lambda pair: -pair[1])[:LISTED]
            return {"categories": [column.labels[level] for level, _ in found], "expected": [round(n, 1) for _, n in found]}

        yield per_column(
            held, "vanished_categories", samples, value, np.minimum(low, value), np.maximum(high, value), method="exact, hypergeometric",
            p_value=chance.min(axis=-1, initial=1.0), tables=table, unit="count",
        )  # fmt: skip


def _chance(samples: Samples, absent: NDArray[np.bool_]) -> Floats:
    """That an absent category is absent by chance, by [column, window, bin]; 1 where it is not absent."""
    from scipy.special import gammaln

    place, window, level = np.nonzero(absent)
    n, m, x = samples.n[place, 0], samples.m[place, window], samples.reference[place, 0, level]
    found = np.ones(absent.shape)
    found[place, window, level] = np.exp(gammaln(n + m - x + 1) - gammaln(n - x + 1) - gammaln(n + m + 1) + gammaln(n + 1))
    return found
