"""The exact split of a rate's change into a change of who is in it and a change of how they fare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Rows that a rate is a mean over, by [..., level]: how many, Σx and Σx² (of a share of rows x is 0 or 1, and both are its hits)."""

    n: Floats
    total: Floats
    squared: Floats

    @property
    def size(self) -> Floats:
        """Rows of all levels."""
        return np.asarray(self.n.sum(axis=-1))

    @property
    def value(self) -> Floats:
        """The rate over all levels; NaN without rows."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.total.sum(axis=-1) / self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Parts by [..., level], which add up to the change; sums and standard errors by [...]; NaN where a period has no rows.

    `mix_parts` are reckoned against the mean rate of both periods, so that a level that gained rows has a positive part where its rate is
    above that mean. Their sum is the same without.
    """

    mix_parts: Floats
    rate_parts: Floats
    change: Floats
    mix: Floats
    rate_effect: Floats
    mix_error: Floats
    rate_error: Floats


def split(before: Period, now: Period, *, proportion: bool = True) -> Split:
    """Kitagawa's two components of `now.value - before.value`, the interaction shared equally between them.

    With shares w and rates r of level k, before, and w', r' now:

        mix = Σ (w'_k - w_k) (r_k + r'_k) / 2,    rate = Σ (r'_k - r_k) (w_k + w'_k) / 2,    mix + rate = r' - r

    A level that only one period has takes the rate that it has there for both: all of its part is mix. Standard errors are by the delta
    method, the two periods independent and the rows of each a random sample; `proportion` smooths the variance of a level's rate, which
    would be 0 where all of its rows agree.

    Source: E. M. Kitagawa (1955), JASA 50, 1168-1194; R. Oaxaca (1973), International Economic Review 14; A. S. Blinder (1973), Journal of
    Human Resources 8. Delta method: A. Agresti, Categorical Data Analysis (2013), section 16.1.

    >>> before = Period(n=np.array([80.0, 20]), total=np.array([64.0, 6]), squared=np.array([64.0, 6]))
    >>> now = Period(n=np.array([50.0, 50]), total=np.array([40.0, 10]), squared=np.array([40.0, 10]))
    >>> found = split(before, now)
    >>> round(float(found.change), 9), round(float(found.mix), 9), round(float(found.rate_effect), 9)
    (-0.2, -0.165, -0.035)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share_before, share = before.n / before.size[..., None], now.n / now.size[..., None]
        own_before, own = before.total / before.n, now.total / now.n
    rate_before, rate = np.where(before.n > 0, own_before, own), np.where(now.n > 0, own, own_before)
    held = (before.n > 0) | (now.n > 0)
    rate_before, rate = np.where(held, rate_before, 0.0), np.where(held, rate, 0.0)
    middle, moved = (rate_before + rate) / 2, share - share_before
    gained, weight = rate - rate_before, (share + share_before) / 2
    overall = (before.value + now.value)[..., None] / 2
    mix_parts, rate_parts = moved * np.where(held, middle - overall, 0.0), gained * weight
    both = (before.n > 0) & (now.n > 0)

    def error(slope: Floats, pull: Floats) -> Floats:
        """From the derivatives of a sum by the shares and by the rates of a level."""
        parts = [_influence(period, w, slope, pull, proportion=proportion) for period, w in ((before, share_before), (now, share))]
        return np.asarray(np.sqrt(parts[0] + parts[1]))

    return Split(
        mix_parts=mix_parts, rate_parts=rate_parts, change=now.value - before.value, mix=np.asarray(mix_parts.sum(axis=-1)),
        rate_effect=np.asarray(rate_parts.sum(axis=-1)), mix_error=error(middle, np.where(both, moved / 2, moved)),
        rate_error=error(gained / 2, np.where(both, weight, 0.0)),
    )  # fmt: skip


def _influence(period: Period, w: Floats, slope: Floats, pull: Floats, *, proportion: bool) -> Floats:
    """The variance that one period's rows bring, by [...]."""
    centre = (w * slope).sum(axis=-1, keepdims=True)
    within = np.divide(pull**2 * _variance(period, proportion=proportion), w, out=np.zeros(pull.shape), where=w > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(((w * (slope - centre) ** 2).sum(axis=-1) + within.sum(axis=-1)) / period.size)


def _variance(period: Period, *, proportion: bool) -> Floats:
    """Variance of one row's value by [..., level]; of a level with a single row that of all rows together."""
    n = np.maximum(period.n, 1.0)
    if proportion:
        smoothed = (period.total + 0.5) / (period.n + 1)
        return np.where(period.n > 0, smoothed * (1 - smoothed), 0.0)
    size = np.maximum(period.size, 1.0)[..., None]
    squared, total = period.squared.sum(axis=-1, keepdims=True), period.total.sum(axis=-1, keepdims=True)
    pooled = np.maximum(squared - total**2 / size, 0.0) / np.maximum(size - 1, 1.0)
    own = np.maximum(period.squared - period.total**2 / n, 0.0) / np.maximum(period.n - 1, 1.0)
    return np.where(period.n > 1, own, np.where(period.n > 0, pooled, 0.0))
