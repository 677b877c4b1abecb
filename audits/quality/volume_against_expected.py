"""Volume against expectation: rows of a window over what this hour or weekday usually brings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.arrived import length_of
from audits.window import DAY, EPOCH, HOUR, WindowLength

LEAST = 3
"""Earlier windows of a season that an expectation is made of, at least."""

MAD, EFFICIENCY = 1.4826, 0.37
"""What makes a median of absolute errors a standard deviation, and how many of its observations are worth one of a variance's."""

MOST_GAPS = 20_000
TOO_FEW = f"fewer than {LEAST} earlier windows to expect from"
PARTIAL = "the window is partial"

SEASONS: dict[str, tuple[Callable[[dt.datetime], object], ...]] = {
    "1h": (lambda t: (t.weekday(), t.hour), lambda t: (t.weekday() > 4, t.hour), lambda t: t.hour, lambda _: 0),
    "1d": (lambda t: t.weekday(), lambda t: t.weekday() > 4, lambda _: 0),
}
"""What windows have in common, closest first: hour of the week, hour of workdays and weekends, hour of the day, nothing."""


@audit(name="volume_against_expected", unit="ratio", needs=("clock",), tasks=EVERY_TASK, units="own")
def volume_against_expected(evidence: Evidence) -> Iterator[Measurement]:
    """Rows of a window over the rows to be expected of its hour and weekday.

    Formula
        n / e, with e the median of the earlier complete windows of the same season, the reference's among them: the same hour and weekday,
        or where fewer than three of those went before, the same hour of workdays or of weekends, the same hour, or any. The first window
        of the log is left out, and partial windows have no figure.
    Interval
        Score interval of a count with the usual variance φ e, prediction of e included: (n - λ)² = t² φ (1 + π / 2m) λ for m earlier
        windows. φ, at least 1, is the dispersion of complete windows around what was expected of them, from the median of their errors, so
        that windows with a fault do not widen it; t has 0.37 degrees of freedom a window. n is the rows.
    When it misleads
        Holidays look like a fault. Growth makes every new window look large, since what is expected lags behind. A fault that lasts longer
        than what went before becomes what is expected.
    Source
        P. McCullagh and J. A. Nelder (1989), Generalized Linear Models, section 6.2, for overdispersed counts; P. J. Rousseeuw and
        C. Croux (1993), JASA 88, for the efficiency of the median absolute deviation.
    """
    length = length_of(evidence)
    if length.rows is not None:
        return
    rows, starts, first = _history(evidence, length)
    partial = {window.start for window in evidence.windows[1:] if window.partial}
    complete = np.asarray([start not in partial for start in starts], dtype=bool)
    complete[0] = False
    expected, counted = _expected(rows, starts, complete, SEASONS.get(length.text, (lambda _: 0,)))
    usable = complete & (counted >= LEAST) & (expected > 0)
    dispersion, free = _dispersion(rows, expected, counted, usable)
    usable &= free > 0
    low, high = _interval(rows, np.where(usable, expected, 1.0), np.maximum(counted, 1.0), dispersion, max(free, 1.0))
    told = usable[first:]
    value = np.where(told, rows[first:] / np.where(usable, expected, 1.0)[first:], np.nan)
    tables = {
        i: {"rows": int(rows[first + i]), "expected": round(float(expected[first + i]), 1), "of": int(counted[first + i])}
        for i in np.flatnonzero(told).tolist()
    }
    yield measurement(
        "volume_against_expected", "ratio", value=value, low=np.where(told, low[first:], np.nan), high=np.where(told, high[first:], np.nan),
        n=np.rint(rows[first:]), method="overdispersed-score", window=np.arange(1, len(evidence.windows)), slice=0, tables=tables,
        reason=np.where(told, "", np.where(np.asarray([start in partial for start in starts[first:]]), PARTIAL, TOO_FEW)).astype(object),
    )  # fmt: skip


def _history(evidence: Evidence, length: WindowLength) -> tuple[Floats, list[dt.datetime], int]:
    """Rows by window from the beginning of the reference on, the starts of the windows, and the place of the first analysed one."""
    unit = HOUR if length.text == "1h" else DAY
    counted: dict[int, float] = {}
    if evidence.reference.kind != "first window":
        for partition in evidence.reference_tally.partitions:
            start = length.start_of(partition.bucket)
            counted[start] = counted.get(start, 0.0) + partition.rows
    analysed = [span[0] for span in evidence.spans[1:]]
    before = sorted(start for start in counted if start < analysed[0])
    filled: list[int] = before[:1]
    while filled and length.next(filled[-1]) < analysed[0] and len(filled) < MOST_GAPS:
        filled.append(length.next(filled[-1]))
    shared = counted if evidence.reference.kind == "until" else {}
    own = [float(n) + shared.get(start, 0.0) for start, n in zip(analysed, evidence.counts.rows[0, 1:, 0].tolist(), strict=True)]
    rows = np.asarray([*(counted.get(start, 0.0) for start in filled), *own])
    return rows, [EPOCH + dt.timedelta(seconds=start * unit) for start in (*filled, *analysed)], len(filled)


def _expected(
    rows: Floats,
    starts: list[dt.datetime],
    complete: NDArray[np.bool_],
    seasons: tuple[Callable[..., object], ...],
) -> tuple[Floats, Floats]:
    """The median of the earlier windows of each window's closest season with enough of them, and how many those are."""
    expected, counted = np.zeros(len(rows)), np.zeros(len(rows))
    for season in seasons:
        held: dict[object, list[float]] = {}
        for i, start in enumerate(starts):
            past = held.setdefault(season(start), [])
            if counted[i] < LEAST and len(past) >= LEAST:
                expected[i], counted[i] = float(np.median(past)), len(past)
            if complete[i]:
                past.append(float(rows[i]))
    return expected, counted


def _dispersion(rows: Floats, expected: Floats, counted: Floats, usable: NDArray[np.bool_]) -> tuple[float, float]:
    """How much more complete windows vary around what was expected of them than counts do by chance, and its degrees of freedom.

    The median of the squared errors, so that windows with a fault, up to half of them, do not widen what is usual.
    """
    count = int(usable.sum())
    if count < LEAST:
        return 1.0, 0.0
    scale = expected[usable] * (1 + np.pi / (2 * counted[usable]))
    deviation = float(np.median(np.abs(rows - expected)[usable] / np.sqrt(scale))) * MAD
    return max(deviation**2, 1.0), max(EFFICIENCY * count, 1.0)


def _interval(rows: Floats, expected: Floats, counted: Floats, dispersion: float, free: float) -> tuple[Floats, Floats]:
    """The rates λ that a count agrees with, over what was expected."""
    from scipy.special import stdtrit

    reach = float(stdtrit(free, 0.975)) ** 2 * dispersion * (1 + np.pi / (2 * counted))
    half = np.sqrt(rows * reach + reach**2 / 4)
    return np.maximum(rows + reach / 2 - half, 0.0) / expected, (rows + reach / 2 + half) / expected
