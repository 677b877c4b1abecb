"""Groups known by probabilities only: weighted rates, and how far the truth may lie from them.

A proxy such as surname and address gives each row a probability w of belonging to a group. The weighted count of an event among n rows
is Σ w over the rows with it. Where, among rows that the proxy cannot tell apart, the event is as common inside the group as outside, that
is the expected count; where it is not, the expected count lies between bounds that the proxy leaves open, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.counts import WeightedCounts
from audits.estimate import Floats
from audits.evidence import NO, YES
from audits.finding import Measurement
from audits.interval import share, wilson

Flags = NDArray[np.bool_]

DECIDED = np.zeros((3, 3), dtype=np.bool_)
"""Rows with a decision, by [decision, outcome]."""
DECIDED[:2] = True

LABELLED = np.zeros((3, 3), dtype=np.bool_)
"""Rows with a decision and a known outcome."""
LABELLED[:2, :2] = True

NO_WEIGHT = "no row that may belong to the group has what it takes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """A rate by [version, window, group]: the weighted one, its sampling interval, the bounds that the proxy leaves, and both together."""

    value: Floats
    sampling: tuple[Floats, Floats]
    bounds: tuple[Floats, Floats]
    weight: Floats
    effective: Floats

    @property
    def low(self) -> Floats:
        """The lower bound, less what sampling may take off."""
        return np.maximum(self.bounds[0] - (self.value - self.sampling[0]), 0.0)

    @property
    def high(self) -> Floats:
        """The upper bound, and what sampling may add."""
        return np.minimum(self.bounds[1] + (self.sampling[1] - self.value), 1.0)


def event_bounds(hits: Floats, weight: Floats, weight_squared: Floats, events: Floats, n: Floats) -> tuple[Floats, Floats]:
    """The least and the largest expected number of the group's rows with an event that the proxy leaves possible.

    Parameters
    ----------
    hits, events
        Σ w over the rows with the event, and how many rows those are.
    weight, weight_squared, n
        Σ w and Σ w² over all rows that may belong to the group (w > 0), and how many they are.

    The narrower of two bounds. Fréchet's: at least weight + events - n and 0, at most weight and events. And, since within rows that the
    proxy cannot tell apart the covariance of group and event is at most √(w (1 - w)) √(δ (1 - δ)), δ being the event's share among them,
    hits ± √(Σ w (1 - w)) √(Σ δ (1 - δ)) by Cauchy and Schwarz, where Σ δ (1 - δ) is at most what a straight line in w leaves of the event's
    variance. The better the proxy tells people apart, the narrower the second.

    Source: J. Chen, N. Kallus, X. Mao, G. Svacha and M. Udell (2019), Fairness Under Unawareness, FAT*; N. Kallus, X. Mao and A. Zhou
    (2022), Assessing Algorithmic Fairness with Unobserved Protected Class Using Data Combination, Management Science 68, for the Fréchet
    bounds within the proxy's cells, which the sums here contain.

    >>> import numpy as np
    >>> low, high = event_bounds(*(np.array([x]) for x in (30.0, 50.0, 50.0, 60.0, 100.0)))  # every w is 0 or 1: nothing is left open
    >>> float(low[0]), float(high[0])
    (30.0, 30.0)
    """
    open_group = np.maximum(weight - weight_squared, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = weight_squared - weight**2 / n
        along = (hits - weight * events / n) ** 2 / spread
        explained = np.where(spread > 1e-12 * weight_squared, along, 0.0)
        open_event = np.maximum(events * (n - events) / n - explained, 0.0)
    reach = np.sqrt(open_group * np.nan_to_num(open_event))
    low = np.maximum(np.maximum(weight + events - n, 0.0), hits - reach)
    return np.minimum(low, hits), np.maximum(np.minimum(np.minimum(weight, events), hits + reach), hits)


def weighted_rate(counts: WeightedCounts, hit: Flags, base: Flags, among: Flags) -> Weighted:
    """Σ w over the rows of `hit` over Σ w over those of `base`: masks over [decision, outcome], `hit` within `base` within `among`.

    `among` are the rows that the proxy's probabilities are about. Where `base` is fewer, belonging to it may itself depend on the group, so
    that both counts of the ratio are bounded.
    """
    hits, weight, squared = _total(counts.weight, hit), _total(counts.weight, base), _total(counts.weight_squared, base)
    value = share(hits, weight)
    effective = np.nan_to_num(share(weight**2, squared))
    every = [_total(values, among) for values in (counts.weight, counts.weight_squared, counts.n)]
    low, high = event_bounds(hits, every[0], every[1], _total(counts.n, hit), every[2])
    if (base == among).all():
        bounds = share(low, weight), share(high, weight)
    else:
        rest = event_bounds(weight - hits, every[0], every[1], _total(counts.n, base & ~hit), every[2])
        bounds = share(low, low + rest[1]), share(high, high + rest[0])
    bounds = np.where(np.isfinite(bounds[0]), bounds[0], value), np.where(np.isfinite(bounds[1]), bounds[1], value)
    return Weighted(value=value, sampling=wilson(value * effective, effective), bounds=bounds, weight=weight, effective=effective)


def positive_decisions_among(counts: WeightedCounts, outcome: int, *, same: bool) -> Weighted:
    """The share of positive decisions among the rows with this outcome, NO or YES; `same` as in `Counts`."""
    base = LABELLED.copy()
    base[:, YES if outcome == NO else NO] = False
    hit = base.copy()
    hit[NO if same else YES] = False
    return weighted_rate(counts, hit, base, LABELLED)


def _total(values: Floats, mask: Flags) -> Floats:
    return np.asarray(values[..., mask].sum(axis=-1))


def report(counts: WeightedCounts, name: str, found: Weighted) -> Iterator[Measurement]:
    """The rate of each group, by version and window."""
    rows = counts.n.sum(axis=(-2, -1))
    version, window, place = np.nonzero(rows > 0)
    cell = (version, window, place)
    value = found.value[cell]
    tables = {i: _table(found, cell, i) for i in np.flatnonzero((version == 0) & np.isfinite(value)).tolist()}
    yield measurement(
        name, "proportion", value=value, low=found.low[cell], high=found.high[cell], n=np.rint(found.effective[cell]),
        method="wilson-effective-n, bounds", version=version, window=window, slice=counts.slices[place],
        reason=np.where(np.isfinite(value), "", NO_WEIGHT).astype(object), tables=tables,
    )  # fmt: skip


def _table(found: Weighted, cell: tuple[Any, ...], i: int) -> dict[str, Any]:
    at = tuple(int(axis[i]) for axis in cell)
    pair = {name: [float(end[at]) for end in getattr(found, name)] for name in ("sampling", "bounds")}
    ends = {name: {"low": low, "high": high} for name, (low, high) in pair.items()}
    return {"weight": float(found.weight[at]), "effective_n": float(found.effective[at]), **ends}
