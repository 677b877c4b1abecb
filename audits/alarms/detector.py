"""Evidence that a column has moved: for each column and window an e-value, whose expectation is at most 1 while nothing matters.

For the newest 1, 2, 4, ... 32 windows together, each watched share is held against its baseline. H0 is composite: less than `zone` of the
rows have moved, so that no share has changed by more than the zone. What goes beyond it, over its standard error with the reference's own
uncertainty in it, is a t; its p-value p becomes the e-value p^(-0.9)/10 (Vovk and Wang 2021), and the e-values of all shares and spans are
averaged, which is an e-value again, however they depend on each other. By Markov's inequality, a line at A is passed by chance in at most
one window of A: no other argument is needed for the rate of false alarms, and none about optional stopping is made. The spans make it
what Shin, Ramdas and Rinaldo (2023) call an e-detector: a change that began some windows ago is seen by the span that began then.

A span only speaks while its newest windows, about the square root of it, show the same: a fault that is over stops ringing.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.alarms.calibration import Calibration, calibrate, lasts
from audits.alarms.found import NOT_MOVED, Detected, joined
from audits.alarms.shares import LEAST, TOTAL_VARIATION, Shares, shares_of
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.once import once

ZONE = 0.02
"""The largest part of rows that may move without mattering, unless the configuration says otherwise."""

SPANS, RECENT, SPAN_WEIGHTS = (1, 2, 4, 8, 16, 32), (1, 1, 2, 2, 4, 4), (0.4, 0.2, 0.1, 0.1, 0.1, 0.1)
"""Windows looked at together; how many of their newest ones must show the same; their parts of the evidence."""

KAPPA = 0.1
MOST_LOOKS = 60.0
HOURS = 0.1


@dataclass(frozen=True, kw_only=True)
class Looks:
    """A newest window that is still filling.

    Parameters
    ----------
    times
        How often it may be looked at: its p-values are multiplied by this.
    widened
        What the zone is widened by, because hours that are still to come may differ from those that are there.
    """

    times: float = 1.0
    widened: float = 0.0


def detect(shares: Shares, *, zone: float = ZONE, newest: Looks | None = None, calibration: Calibration | None = None) -> Detected:
    """The evidence for every column and window; each window's rests on what was known by then only."""
    known = calibration or calibrate(shares)
    rows = shares.windows.sum(axis=-1)
    judged = (rows >= LEAST) & known.known
    sums = _Sums(shares, known, judged, newest or Looks())
    log_looks = np.zeros(rows.shape[1])
    log_looks[-1] = math.log((newest or Looks()).times)
    columns, windows = rows.shape
    shapes = (len(SPANS), columns, windows)
    total, best = np.full((columns, windows), -np.inf), np.full((columns, windows), -np.inf)
    span, shares_of_span = np.ones((columns, windows), dtype=np.int64), np.zeros(shapes, dtype=np.int64)
    effects = {name: np.zeros(shapes) for name in ("effect", "low", "high", "shift")}
    done: dict[int, tuple[Floats, Floats]] = {}
    log_weights = np.log(np.maximum(np.concatenate([shares.weights, np.full((columns, 1), TOTAL_VARIATION)], axis=1), 1e-300))
    for place, (length, recent, weight) in enumerate(zip(SPANS, RECENT, SPAN_WEIGHTS, strict=True)):
        moved, error, distance, noise, spread, slack = sums.over(length, zone)
        done[length] = moved, distance - noise
        limit = zone + slack
        z = np.concatenate([np.abs(moved) - limit[:, None], (distance - noise - limit)[:, None]], axis=1)
        z /= np.concatenate([error, spread[:, None]], axis=1)
        lately, apart = done[recent]
        with_it = np.concatenate([lately * np.sign(moved) > limit[:, None], (apart > limit)[:, None]], axis=1)
        telling = np.nonzero(with_it & judged[:, None])
        log_e = np.full(z.shape, math.log(KAPPA))
        log_e[telling] = log_e_value(z[telling], known.freedom[telling[0]], log_looks[telling[2]])
        log_e += log_weights[:, :, None]
        top = log_e.max(axis=1)
        here = top + np.log(np.exp(log_e - top[:, None]).sum(axis=1)) + math.log(weight)
        total = np.logaddexp(total, here)
        better = here > best
        which = log_e.argmax(axis=1)
        shares_of_span[place] = np.where(which == moved.shape[1], NOT_MOVED, which)
        best, span = np.where(better, here, best), np.where(better, length, span)
        effects["shift"][place] = np.take_along_axis(moved, np.minimum(which, moved.shape[1] - 1)[:, None], axis=1)[:, 0]
        for name, values in zip(("effect", "low", "high"), _interval(moved, error, distance, noise, spread, known.freedom), strict=True):
            effects[name][place] = values
    evidence = np.where(judged, total / math.log(10), math.log10(KAPPA))
    short = effects["high"][:4].argmin(axis=0)  # among the spans of up to eight windows, the one that tells most
    rests = np.where(evidence > 0, effects["low"].argmax(axis=0), short)  # of a change, the one that holds least of what was before
    found = {name: np.take_along_axis(values, rests[None], axis=0)[0] for name, values in effects.items()}
    share, shift = np.take_along_axis(shares_of_span, rests[None], axis=0)[0], found.pop("shift")
    before = np.take_along_axis(sums.expected, np.maximum(share, 0)[:, None], axis=1)[:, 0]
    return Detected(
        shares=shares, calibration=known, zone=zone, evidence=evidence, span=span, share=share, rests=np.asarray(SPANS)[rests],
        before=before, now=before + shift, judged=judged, **found,
    )  # fmt: skip


@once
def detected(evidence: Evidence) -> Detected | None:
    """`detect` for the log of one model: its zone, its newest window still filling or not; None where it has no column."""
    shares = shares_of(evidence)
    if shares is None:
        return None
    zone = evidence.model.alerts.zone
    return joined(detect(shares, zone=ZONE if zone is None else zone, newest=looks_of(evidence)))


def looks_of(evidence: Evidence) -> Looks:
    """How often the newest window is looked at while it fills, at most `MOST_LOOKS` times, for looks at the same rows hardly differ.

    A day's hours differ from each other, and the reference tells of whole days only: while a window of a day or longer fills, the zone is
    wider by `HOURS` of the part that is still to come.
    """
    window = evidence.windows[-1]
    if not window.partial:
        return Looks()
    if window.start is None or window.end is None:
        return Looks(times=MOST_LOOKS)
    length, every = window.end - window.start, evidence.model.alerts.every
    times = min(max(length / every, 1.0), MOST_LOOKS) if every else MOST_LOOKS
    if length < dt.timedelta(days=1):
        return Looks(times=times)
    there = (min(evidence.freshness or window.end, window.end) - window.start) / length
    return Looks(times=times, widened=HOURS * (1 - there))


def log_e_value(t: Floats, freedom: Floats, log_times: Floats) -> Floats:
    """The logarithm of the e-value of a t with some degrees of freedom, both sides counted, its p-value multiplied by some times."""
    from scipy.special import log_ndtr

    log_p = np.minimum(log_ndtr(-normal_of(t, freedom)) + math.log(2) + log_times, 0.0)
    return np.asarray(math.log(KAPPA) + (KAPPA - 1) * log_p)


def normal_of(t: Floats, freedom: Floats) -> Floats:
    """The normal deviate with the tail of a t: Wallace (1959), to a hundredth or so, from small tails to tiny ones.

    >>> normal_of(np.array([2.228139]), np.array([10.0])).round(2).tolist()
    [1.96]
    """
    return np.asarray(np.sign(t) * (8 * freedom + 1) / (8 * freedom + 3) * np.sqrt(freedom * np.log1p(t * t / freedom)))


def _interval(
    moved: Floats, error: Floats, distance: Floats, noise: Floats, spread: Floats, freedom: Floats
) -> tuple[Floats, Floats, Floats]:
    """The total variation without what chance adds to it, and its 95 % interval, by [column, window].

    No share moves more than the total variation, which bounds it from below; above, chance only ever adds to it, and it varies by no more
    than the share that varies most.
    """
    from scipy.special import stdtrit

    one, each = (stdtrit(freedom, 1 - 0.025 / many)[:, None] for many in (1, moved.shape[1]))
    low = np.maximum((np.abs(moved) - each[:, None] * error).max(axis=1), distance - noise - one * spread)
    value = noise * math.sqrt(math.pi / 2) * np.interp(distance / np.maximum(noise, 1e-12), _FOLDED, _SHIFTS, right=np.inf)
    value = np.minimum(np.where(np.isfinite(value), value, distance), distance)
    low = np.clip(low, 0.0, 1.0)
    return np.maximum(value, low), low, np.clip(distance + one * spread, low, 1.0)


_SHIFTS = np.linspace(0.0, 6.0, 121)
_FOLDED = np.exp(-(_SHIFTS**2) / 2) + _SHIFTS * math.sqrt(math.pi / 2) * np.asarray([math.erf(x / math.sqrt(2)) for x in _SHIFTS])
"""How much larger, on average, |x + a normal deviate| is than |a normal deviate|, for some x: how chance adds to a distance."""


class _Sums:
    """Running sums over windows, from which any span of windows is a difference."""

    def __init__(self, shares: Shares, known: Calibration, judged: NDArray[np.bool_], newest: Looks) -> None:
        rows = shares.windows.sum(axis=-1)
        weight = np.where(judged, np.minimum(rows, known.typical[:, None]), 0.0)
        q = shares.windows / np.maximum(rows, 1)[..., None]
        gap = (q - known.baseline) * weight[..., None]
        widened = np.zeros(rows.shape[1])
        widened[-1] = newest.widened
        self.expected = np.matmul(shares.contrasts, np.swapaxes(known.baseline, 1, 2))
        self.shares, self.known = shares, known
        self.gap = running(np.moveaxis(gap, 1, 2))
        self.weight = running(weight)
        self.square = running(weight**2 / np.maximum(rows, 1))
        self.slack = running(weight * widened)
        self.by_cell = running(weight[:, None] * (known.cells[:, None, :] == np.arange(known.chance.shape[1])[:, None]))
        self.apart = _apart(known.cells)
        self.errors = [(of, running(weight**2 * np.take_along_axis(of, known.cells, axis=1))) for of in (known.chance, known.extra)]
        total = shares.reference.sum(axis=(1, 2))
        bins = (shares.windows.sum(axis=1) + shares.reference.sum(axis=1) > 0).sum(axis=-1)
        unsure = (total + 0.5 * np.maximum(bins, 1))[:, None]
        self.base = (shares.base * total[:, None] + 0.5) / unsure  # a bin without rows is not known to be impossible

    def over(self, length: int, zone: float) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Of the newest windows up to each window: shifts and their errors by [column, share, window]; total variation, what chance
        alone makes it, its error and the widening of the zone by [column, window]."""
        known, contrasts = self.known, self.shares.contrasts
        weight = np.maximum(span_of(self.weight, length), 1e-9)
        gap = span_of(self.gap, length) / weight[:, None]
        moved = np.matmul(contrasts, gap)
        distance = np.abs(gap).sum(axis=1) / 2
        stays, stayed = lasts(known.lasting, length)[:, None], lasts(known.lasting, known.windows)[:, None]
        own = span_of(self.square, length) / weight**2
        if length <= self.apart:
            of_chance, of_extra = (span_of(sums, length) for _, sums in self.errors)
        else:
            cells = span_of(self.by_cell, length) ** 2
            of_chance, of_extra = (np.matmul(of[:, None], cells)[:, 0] for of, _ in self.errors)
        chance = own + of_chance / weight**2
        extra = stays / weight + stayed * of_extra / weight**2
        mean = np.einsum("kjb,kb->kj", contrasts, self.base)
        unit = np.maximum(np.einsum("kjb,kb->kj", contrasts**2, self.base) - mean**2, 0.0)
        indicator = (contrasts == 0) | (contrasts == 1)
        edge = np.where(indicator.all(axis=-1), zone * np.maximum(np.abs(1 - 2 * mean) - zone, 0.0), 0.0)  # at the edge of the zone
        variance = unit[..., None] * (chance[:, None] + (known.dispersion - 1)[..., None] * extra[:, None]) + edge[..., None] * own[:, None]
        error = np.sqrt(np.maximum(variance, 1e-18))
        bins = (self.base * (1 - self.base))[..., None]
        by_bin = bins * (chance[:, None] + (known.bin_dispersion - 1)[..., None] * extra[:, None])
        held = (self.base * self.shares.windows.any(axis=1) + self.shares.reference.any(axis=1) > 0)[..., None]
        noise = np.sqrt(by_bin * held).sum(axis=1) / math.sqrt(2 * math.pi)
        usual = np.sum(known.bin_dispersion * self.base, axis=1)[:, None]
        widest = np.maximum(variance.max(axis=1), (chance + (usual - 1) * extra) / 4)
        return moved, error, distance, noise, np.sqrt(np.maximum(widest, 1e-18)), span_of(self.slack, length) / weight


def running(values: Floats) -> Floats:
    """Sums up to each window, with a zero before the first."""
    found = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=found[..., 1:])
    return found


def span_of(running: Floats, length: int) -> Floats:
    """Sums over the newest windows up to each window."""
    found = running[..., 1:].copy()
    found[..., length:] -= running[..., 1 : max(running.shape[-1] - length, 1)]
    return found


def _apart(cells: Integers) -> int:
    """How many neighbouring windows always belong to different cells of the season; 1 where there is a column without one."""
    order = np.argsort(cells, axis=1, kind="stable")
    same = np.diff(np.take_along_axis(cells, order, axis=1), axis=1) == 0
    return int(np.where(same, np.diff(order, axis=1), cells.shape[1]).min(initial=cells.shape[1]))
