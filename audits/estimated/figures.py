"""From expected outcome rates to figures: each a smooth function of how many outcomes are positive, with the interval it is to fall in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.estimated.pieces import Pieces
from audits.estimated.ranking import FEWEST, precise, ranked
from audits.estimated.reweighting import Shift, shift
from audits.histograms import COARSE
from audits.interval import share, z_of

SKEWED = 2.0
"""Skewness up to which the interval follows it: the expansion breaks down beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure by [window, slice]: value, 95 % prediction interval, the rows it is about, standard error, and the measure's range."""

    value: Floats
    low: Floats
    high: Floats
    n: Floats
    deviation: Floats
    range: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is expected of some rows.

    Parameters
    ----------
    n
        Rows by [window, decision, piece].
    rate
        Their expected outcome rate.
    shift
        What weighting to the window's mix changed.
    """

    n: Floats
    rate: Floats
    shift: Shift

    @cached_property
    def positives(self) -> Floats:
        """Expected positive outcomes by [window, decision, piece]."""
        return self.n * self.rate

    @cached_property
    def chance(self) -> Floats:
        """The variance of their number."""
        return self.positives * (1 - self.rate)

    @cached_property
    def third(self) -> Floats:
        """The third moment of their number."""
        return self.chance * (1 - 2 * self.rate)


def expect(pieces: Pieces, n: Floats, *, used: NDArray[np.bool_] | None = None) -> Expected:
    """Expected outcome rates of rows, weighted to their own mix where that matters, or where `used` says, by [window, fine slice]."""
    first = int(pieces.starts[pieces.fine]) if pieces.fine < len(pieces.parts) else n.shape[-1]
    cells = np.moveaxis(n[..., first:].reshape(*n.shape[:2], -1, COARSE), 2, 1)
    found = shift(pieces.weighting, cells, pieces.fine)
    if used is not None:
        found = Shift(outcomes=found.outcomes, variance=found.variance, used=used)
    rate = np.broadcast_to(pieces.rate, n.shape)
    if found.used.any():
        owner, coarse = pieces.owner[:first], np.concatenate([part.coarse for part in pieces.parts[: pieces.fine]])
        group = owner * COARSE + coarse
        starts = np.flatnonzero(np.append(True, np.diff(group) > 0))
        rows = np.add.reduceat(n[..., :first], starts, axis=-1)
        moved = np.moveaxis(found.outcomes * found.used[..., None, None], 1, 2).reshape(*n.shape[:2], -1)[..., group[starts]]
        added = np.repeat(np.where(rows > 0, moved / np.maximum(rows, 1.0), 0.0), np.diff(np.append(starts, first)), axis=-1)
        rate = np.concatenate([np.clip(rate[..., :first] + added, 0.0, 1.0), rate[..., first:]], axis=-1)
    return Expected(n=n, rate=np.asarray(rate), shift=found)


def figures(pieces: Pieces, expected: Expected, *, same: bool) -> dict[str, Figure]:
    """All figures of these rows, by name; `same` says whether the positive outcome is the favorable one, which the base rate is about."""
    sides = _Sides.of(pieces, expected)
    found = _rates(sides, same=same)
    n, chance, third = (values.sum(axis=1) for values in (expected.n, expected.chance, expected.third))
    rows = pieces.by_slice(n)
    for name, (value, slope, low, high) in _of_scores(pieces, expected).items():
        variance = pieces.by_slice(chance * slope**2) + _of_curve(pieces, expected.shift, n, slope)
        fair = np.clip(value - pieces.optimism.get(name, 0.0), low, high)
        found[name] = _figure(fair, variance, pieces.by_slice(third * slope**3), rows, low=low, high=high)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """Rows and expected positives by [window, slice] of each decision, with the variance and third moment of their number.

    `curve[i][j]` is the covariance that the sampling of the reference gives to decisions i and j.
    """

    n: Floats
    positives: Floats
    chance: Floats
    third: Floats
    curve: Floats

    @classmethod
    def of(cls, pieces: Pieces, expected: Expected) -> _Sides:
        n, positives, chance, third = (
            np.moveaxis(pieces.by_slice(values), 1, 0) for values in (expected.n, expected.positives, expected.chance, expected.third)
        )
        blocks = np.moveaxis(pieces.by_block(expected.n), 1, 0)
        weighted = blocks * pieces.variance
        curve = np.stack(
            [np.stack([np.add.reduceat(weighted[i] * blocks[j], pieces.block_starts, axis=-1) for j in range(3)]) for i in range(3)]
        )
        used = expected.shift.used
        if used.any():
            own = np.moveaxis(expected.shift.variance.sum(axis=-1), 2, 0)
            for i in range(3):
                for j in range(3):
                    curve[i, j][:, : pieces.fine] = np.where(used, own[i] if i == j else 0.0, curve[i, j][:, : pieces.fine])
        return cls(n=n, positives=positives, chance=chance, third=third, curve=curve)

    def figure(self, value: Floats, of_positive: Floats, of_negative: Floats, n: Floats) -> Figure:
        """A figure from its slopes in the positives decided positive and decided negative."""
        variance = of_negative**2 * (self.chance[0] + self.curve[0, 0]) + of_positive**2 * (self.chance[1] + self.curve[1, 1])
        variance = variance + 2 * of_positive * of_negative * self.curve[0, 1]
        return _figure(value, variance, of_negative**3 * self.third[0] + of_positive**3 * self.third[1], n, low=0.0, high=1.0)


def _rates(sides: _Sides, *, same: bool) -> dict[str, Figure]:
    tables = rates(sides.n[0], sides.n[1], sides.positives[0], sides.positives[1])
    found = {name: sides.figure(value, *slopes, n) for name, (value, slopes, n) in tables.items()}
    n, positives = sides.n.sum(axis=0), sides.positives.sum(axis=0)
    variance = (sides.chance.sum(axis=0) + sides.curve.sum(axis=(0, 1))) / np.maximum(n, 1.0) ** 2
    third = (1.0 if same else -1.0) * sides.third.sum(axis=0) / np.maximum(n, 1.0) ** 3
    return found | {"base_rate": _figure(share(positives if same else n - positives, n), variance, third, n, low=0.0, high=1.0)}


def rates(negative: Floats, positive: Floats, fn: Floats, tp: Floats) -> dict[str, tuple[Floats, tuple[Floats, Floats], Floats]]:
    """Every rate of a confusion table: value, slopes in TP and in FN, and the rows it is about.

    `negative` and `positive` are rows by decision, which stay what they are; `fn` and `tp` those of them whose outcome is positive.
    """
    fp, tn, none = positive - tp, negative - fn, np.zeros_like(tp)
    hits = np.where(tp + fn >= FEWEST, tp + fn, np.nan)
    misses = np.where(fp + tn >= FEWEST, fp + tn, np.nan)
    recall, fallout = tp / hits, fp / misses
    of_recall, of_fallout = (fn / hits**2, -tp / hits**2), (-tn / misses**2, fp / misses**2)
    decided, both = negative + positive, positive + tp + fn
    each = share(1.0, decided)
    return {
        "accuracy": (share(tp + tn, decided), (each, -each), decided),
        "true_positive_rate": (recall, of_recall, hits),
        "false_negative_rate": (1 - recall, (-of_recall[0], -of_recall[1]), hits),
        "false_positive_rate": (fallout, of_fallout, misses),
        "true_negative_rate": (1 - fallout, (-of_fallout[0], -of_fallout[1]), misses),
        "balanced_accuracy": (
            (recall + 1 - fallout) / 2, ((of_recall[0] - of_fallout[0]) / 2, (of_recall[1] - of_fallout[1]) / 2), decided
        ),
        "positive_predictive_value": (share(tp, positive), (share(1.0, positive), none), positive),
        "negative_predictive_value": (share(tn, negative), (none, -share(1.0, negative)), negative),
        "f1": (share(2 * tp, both), (share(2 * (both - tp), both**2), share(-2 * tp, both**2)), both - tp),
    }  # fmt: skip


def _of_scores(pieces: Pieces, expected: Expected) -> dict[str, tuple[Floats, Floats, float, float]]:
    """Figures that need the score: value by [window, slice], slope in the outcome of a row by [window, piece], and their range."""
    n, positives, spread = (values.sum(axis=1) for values in (expected.n, expected.positives, expected.chance))
    rows = pieces.by_slice(n)
    each = np.repeat(1 / np.maximum(rows, 1.0), pieces.lengths, axis=-1)
    found = {
        "roc_auc": (*ranked(pieces.runs, n, positives, spread), 0.0, 1.0),
        "average_precision": (*precise(pieces.runs, n, positives, spread), 0.0, 1.0),
    }
    for place, name in ((0, "log_loss"), (2, "brier_score")):
        yes, no = pieces.losses[place], pieces.losses[place + 1]
        value = share(pieces.by_slice(positives * yes + (n - positives) * no), rows)
        found[name] = (value, (yes - no) * each, 0.0, np.inf if place == 0 else 1.0)
    return found


def _of_curve(pieces: Pieces, shifted: Shift, n: Floats, slope: Floats) -> Floats:
    """The variance that the sampling of the reference gives to a figure, by [window, slice], from its slope in the outcome of a row."""
    blocks = pieces.by_block(n * slope)
    curve = np.asarray(np.add.reduceat(blocks**2 * pieces.variance, pieces.block_starts, axis=-1))
    used = shifted.used
    if used.any():
        first = int(pieces.starts[pieces.fine])
        group = pieces.owner[:first] * COARSE + np.concatenate([part.coarse for part in pieces.parts[: pieces.fine]])
        starts = np.flatnonzero(np.append(True, np.diff(group) > 0))
        rows, weighted = (np.add.reduceat(values[..., :first], starts, axis=-1) for values in (n, n * slope))
        mean = np.zeros((len(n), pieces.fine * COARSE))
        mean[:, group[starts]] = np.where(rows > 0, weighted / np.maximum(rows, 1.0), 0.0)
        own = (shifted.variance.sum(axis=2) * mean.reshape(len(n), pieces.fine, COARSE) ** 2).sum(axis=-1)
        curve[:, : pieces.fine] = np.where(used, own, curve[:, : pieces.fine])
    return curve


def _figure(value: Floats, variance: Floats, third: Floats, n: Floats, *, low: float, high: float) -> Figure:
    """Value ± 1.96 standard errors, moved to the longer tail (Cornish and Fisher, 1938), within the range of the measure."""
    deviation = np.sqrt(np.maximum(variance, 0.0))
    skewness = np.divide(third, deviation**3, out=np.zeros_like(deviation), where=deviation > 1e-12)
    z = z_of()
    move = np.clip(skewness, -SKEWED, SKEWED) * (z**2 - 1) / 6
    ends = np.minimum(value, value + deviation * (move - z)), np.maximum(value, value + deviation * (move + z))
    return Figure(
        value=value, low=np.clip(ends[0], low, high), high=np.clip(ends[1], low, high), n=np.nan_to_num(n), deviation=deviation,
        range=(low, high),
    )  # fmt: skip
