"""Chi-squared test of categories, told as Cramér's V."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.two_samples import Column, Samples, around, delta_variance
from audits.estimate import Floats
from audits.finding import Measurement


@audit(name="chi_squared", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def chi_squared(held: Comparison) -> Iterator[Measurement]:
    """Cramér's V of reference against window over the categories of a column: 0 for equal shares, 1 for disjoint ones.

    Formula
        V = √(χ² / (n + m)), with χ² the two-sample statistic over the vocabulary, other and unseen values, n reference and m window
        rows with a value. The value is V, an effect size, and not the statistic, which grows with the rows; the statistic and its
        degrees of freedom are in the tables and its p-value beside it. Categorical columns only.
    Interval and test
        Two samples of one distribution make χ² about k = categories - 1: centre V² - k / (n + m), variance of the delta method plus
        2 k / (n + m)², cut at 0, and at 0 where the test does not reject, root taken, stretched to hold the value. p from the chi-squared
        distribution, without continuity correction; where a category is expected fewer than five times, from a gamma distribution with the
        statistic's exact mean and variance. n is the window's rows with a value.
    When it misleads
        V shrinks when reference and window differ much in
        size: with m much smaller than n its largest value is reached only by disjoint shares, and moderate changes look small.
    Source
        K. Pearson (1900); H. Cramér (1946), Mathematical Methods of Statistics; J. B. S. Haldane (1940) and R. B. Dawson (1954),
        Biometrika 31 and 41.
    """
    for samples in held.categorical:
        squared, bias, variance = cramers_v_squared(samples)
        low, high = around(squared, bias, variance, most=1.0, p_value=samples.p_value)
        statistic, free = samples.chi_squared.tolist(), samples.free.astype(np.int64).tolist()

        def table(
            column: Column, place: int, window: int, statistic: list[list[float]] = statistic, free: list[list[int]] = free
        ) -> dict[str, Any]:
            return {"statistic": statistic[place][window], "degrees_of_freedom": free[place][window]}

        yield per_column(
            held, "chi_squared", samples, np.sqrt(squared), np.sqrt(low), np.sqrt(high), method="delta", p_value=samples.p_value,
            tables=table,
        )  # fmt: skip


def cramers_v_squared(samples: Samples) -> tuple[Floats, Floats, Floats]:
    """V², its bias and its variance, by [column, window]."""
    p, q = samples.p, samples.q
    size = np.maximum(samples.n + samples.m, 1)
    a, b = (samples.n / size)[..., None], (samples.m / size)[..., None]
    both = a * p + b * q
    off = np.divide(p - q, both, out=np.zeros_like(both), where=both > 0)
    value = np.clip(samples.chi_squared / size, 0.0, 1.0)
    by_p, by_q = a * b * off * (2 - a * off), -a * b * off * (2 + b * off)
    free = np.maximum(samples.free, 1)
    return value, free / size, delta_variance(samples, by_p, by_q) + 2 * free / size**2
