"""Tools compared at equal rates of false alarms: from margins of every series to alarms, rates and detections, with intervals.

A series rings in a window where its margin is above a threshold; its alert stays open until it has been quiet for `HOLD` windows, and only
an alert that opens is an alarm. Several that open in one window are one alarm: they reach people together. A fault is noticed by the first
alert that opens from its first window on and that the same log without the fault does not open in that window: chance that rings anyway is
no detection. Thresholds are raised until the quiet logs ring no more often than a rate allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats

HOLD = 2
LOWEST = -12.0
THRESHOLDS = np.concatenate([[-9.5], np.linspace(-7.0, 9.05, 643)])
"""Where margins are cut; above 9 nothing rings."""

Figures = Mapping[str, Mapping[int, float]]


@dataclass(frozen=True, kw_only=True)
class Margins:
    """One log's margins by [series, window]; windows are analysed windows in order, without gaps."""

    keys: tuple[str, ...]
    first: int
    values: Floats


def laid_out(figures: Figures, windows: range) -> Margins:
    """Margins as an array; a series that says nothing of a window is quiet there."""
    keys = tuple(sorted(figures))
    values = np.full((len(keys), len(windows)), LOWEST)
    for place, key in enumerate(keys):
        for window, margin in figures[key].items():
            if window in windows and margin is not None:
                values[place, window - windows.start] = margin
    return Margins(keys=keys, first=windows.start, values=values)


def pooled(margins: Margins, least: int) -> Margins:
    """One series that rings where at least so many of the log's series do."""
    if len(margins.keys) < least:
        return Margins(keys=("several",), first=margins.first, values=np.full((1, margins.values.shape[1]), LOWEST))
    ranked = -np.sort(-margins.values, axis=0)
    return Margins(keys=("several",), first=margins.first, values=ranked[least - 1 : least])


def opened(margins: Margins, thresholds: Floats = THRESHOLDS) -> NDArray[np.bool_]:
    """Which alerts open, by [threshold, series, window]."""
    rings = margins.values[None] > thresholds[:, None, None]
    found = np.zeros_like(rings)
    quiet = np.full(rings.shape[:2], HOLD)
    for window in range(rings.shape[2]):
        now = rings[:, :, window]
        found[:, :, window] = now & (quiet >= HOLD)
        quiet = np.where(now, 0, quiet + 1)
    return found


def false_alarms(quiet: Margins, thresholds: Floats = THRESHOLDS) -> Floats:
    """Alarms of a quiet log by threshold: windows in which alerts open."""
    return np.asarray(opened(quiet, thresholds).any(axis=1).sum(axis=1), dtype=np.float64)


def ringing(quiet: Margins, thresholds: Floats = THRESHOLDS) -> Floats:
    """Windows of a quiet log in which anything rings, by threshold."""
    top = quiet.values.max(axis=0) if len(quiet.keys) else np.full(quiet.values.shape[1], LOWEST)
    return np.asarray((top[None] > thresholds[:, None]).sum(axis=1), dtype=np.float64)


def noticed(faulty: Margins, quiet: Margins, onset: int, thresholds: Floats = THRESHOLDS) -> Floats:
    """Windows until a fault is noticed by threshold, 1 for its first window; NaN where it is not.

    Both logs are cut to the windows of the faulty one, so that an alert which is open when the fault begins is open in both.
    """
    start = faulty.first - quiet.first
    width = faulty.values.shape[1]
    keys = tuple(sorted({*faulty.keys, *quiet.keys}))
    sides = []
    for margins, first in ((faulty, 0), (quiet, start)):
        values = np.full((len(keys), width), LOWEST)
        places = [keys.index(key) for key in margins.keys]
        part = margins.values[:, first : first + width]
        values[np.asarray(places, dtype=np.int64)[:, None], np.arange(part.shape[1])] = part
        sides.append(opened(Margins(keys=keys, first=faulty.first, values=values), thresholds))
    news = (sides[0] & ~sides[1]).any(axis=1)
    news[:, : onset - faulty.first] = False
    return np.where(news.any(axis=1), news.argmax(axis=1) - (onset - faulty.first) + 1.0, np.nan)


@dataclass(kw_only=True)
class Trials:
    """All logs of one tool and size.

    Parameters
    ----------
    alarms, rings
        False alarms, and windows in which anything rings, of each quiet log by threshold.
    windows
        Of each quiet log.
    delays
        Of each fault, by log: windows until it is noticed, by threshold.
    """

    alarms: list[Floats] = field(default_factory=list)
    rings: list[Floats] = field(default_factory=list)
    windows: list[int] = field(default_factory=list)
    delays: dict[str, list[Floats]] = field(default_factory=dict)

    def share(self, counts: list[Floats], which: NDArray[np.int64] | None = None) -> Floats:
        """Counts a window, by threshold, over all quiet logs or some."""
        held, windows = np.stack(counts), np.asarray(self.windows)
        rows = np.arange(len(windows)) if which is None else which
        return np.asarray(held[rows].sum(axis=0) / windows[rows].sum())

    def rate(self, which: NDArray[np.int64] | None = None) -> Floats:
        """False alarms a window, by threshold."""
        return self.share(self.alarms, which)

    def lowest(self, allowed: float, which: NDArray[np.int64] | None = None) -> int:
        """The place of the lowest threshold at which quiet logs ring no more often than allowed, nor in more than `MOST_RINGING`."""
        places = threshold_at(self.rate(which), allowed), threshold_at(self.share(self.rings, which), MOST_RINGING)
        return min(max(places), len(THRESHOLDS) - 1)


Z2 = 1.959964**2
MOST_RINGING = 0.2
"""Part of quiet windows that may ring: an alert that hardly ever closes opens seldom, and is of no use."""


def threshold_at(rate: Floats, allowed: float) -> int:
    """The place of the lowest threshold from which on no higher one rings more often than allowed; at the highest nothing rings.

    >>> threshold_at(np.array([0.0, 0.5, 0.2, 0.3, 0.1, 0.0]), 0.25)
    4
    """
    over = np.flatnonzero(rate > allowed)
    return int(over[-1]) + 1 if len(over) else 0


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share with its 95 % interval over logs drawn again, and the median delay in windows of what was noticed."""

    value: float
    low: float
    high: float
    delay: float
    rate: float
    ringing: float
    place: int


def at_rate(trials: Trials, allowed: float | None, *, default: float = 0.0, draws: int = 400, seed: int = 1) -> Share:
    """The share of faults noticed where quiet logs ring as often as allowed; at the tool's own threshold where nothing is said.

    Quiet logs and seeds of faulty ones are drawn again with replacement, and the threshold is set anew for each draw, so the interval holds
    the noise of both; where every fault of every log is noticed, or none, it is Wilson's of as many trials as there are logs.
    """
    rng = np.random.default_rng(seed)
    delays = np.stack([np.stack(found) for found in trials.delays.values()])  # fault, log, threshold
    fixed = int(np.searchsorted(THRESHOLDS, default))

    found = np.isfinite(delays)

    def place(quiet: NDArray[np.int64] | None) -> int:
        if allowed is None:
            return fixed
        return trials.lowest(allowed, quiet)

    own = place(None)
    shares = []
    for _ in range(draws):
        quiet = rng.integers(0, len(trials.windows), len(trials.windows))
        logs = rng.integers(0, delays.shape[1], delays.shape[1])
        shares.append(float(found[:, logs, place(quiet)].mean()))
    low, high = np.quantile(shares, [0.025, 0.975])
    value, many = float(found[:, :, own].mean()), delays.shape[1]
    if value in (0.0, 1.0):  # logs drawn again are all alike then: Wilson's interval, each log counted once
        low, high = (0.0, Z2 / (many + Z2)) if value == 0.0 else (many / (many + Z2), 1.0)
    seen = delays[:, :, own][found[:, :, own]]
    return Share(
        value=value, low=float(low), high=float(high), delay=float(np.median(seen)) if len(seen) else np.nan,
        rate=float(trials.rate()[own]), ringing=float(trials.share(trials.rings)[own]), place=own,
    )  # fmt: skip


def by_fault(trials: Trials, place: int) -> dict[str, tuple[float, float]]:
    """For each fault the share of logs in which it is noticed and the median delay, at one threshold."""
    found = {}
    for name, delays in trials.delays.items():
        at = np.stack(delays)[:, place]
        found[name] = (float(np.isfinite(at).mean()), float(np.nanmedian(at)) if np.isfinite(at).any() else np.nan)
    return found


def gathered(quiet: Mapping[str, Margins], faulty: Mapping[tuple[str, str], Margins], onset: int, least: int = 1) -> Trials:
    """Trials of one tool from its margins by log, and by (log, fault); `least` series have to ring together."""
    trials = Trials()
    shape = {name: margins if least == 1 else pooled(margins, least) for name, margins in quiet.items()}
    for margins in shape.values():
        trials.alarms.append(false_alarms(margins))
        trials.rings.append(ringing(margins))
        trials.windows.append(margins.values.shape[1])
    for (log, fault), found in faulty.items():
        one = found if least == 1 else pooled(found, least)
        trials.delays.setdefault(fault, []).append(noticed(one, shape[log], onset))
    return trials
