"""Figures that are checked against a threshold every window: evidence that the true value lies outside.

One look at a 95 % interval is right in 95 of 100 cases; a look every hour is wrong every day. Here the figure of the newest 1, 2, 4, ... 32
windows, weighted by their rows, is held against its threshold; H0 says that the true value of each window is inside. The excess over
its standard error, read off the figure's own interval on the side of the threshold, becomes an e-value as in `audits.alarms.detector`,
with the tail of a t of as many degrees of freedom as the window has rows, at most `FREEDOM`: intervals of few rows are not normal far out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.alarms.detector import KAPPA, RECENT, SPAN_WEIGHTS, SPANS, log_e_value, looks_of, running, span_of
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.interval import z_of

if TYPE_CHECKING:
    import pyarrow as pa

KEY = ("name", "version", "slice", "reference_slice", "attribute", "column")
FREEDOM = 100.0
JUDGED = ("pass", "warn", "fail")


@dataclass(frozen=True, kw_only=True)
class Rechecked:
    """Series of judged figures by [series, window]; the first window is 0, and the whole period is none of them.

    Parameters
    ----------
    row
        The row of the findings table, -1 where the series has no figure.
    evidence
        Logarithm to base 10 of the e-value; low where there is no figure.
    span
        The newest windows, together, that show most.
    """

    row: Integers
    evidence: Floats
    span: Integers


def series_of(evidence: Evidence, findings: pa.Table, chosen: NDArray[np.bool_]) -> Integers:
    """The rows of chosen findings by [series, window], -1 where a series has no figure; findings over the whole period are left out."""
    place = positions(evidence, findings)
    rows = np.flatnonzero(chosen & (place > 0))
    series = np.zeros(len(rows), dtype=np.int64)
    for name in KEY:
        values, code = codes_of(findings.column(name))
        series = np.unique(series * (len(values) + 1) + code[rows], return_inverse=True)[1]
    found = np.full((int(series.max(initial=-1)) + 1, len(evidence.windows) - 1), -1, dtype=np.int64)
    found[series, place[rows] - 1] = rows
    return found


def positions(evidence: Evidence, findings: pa.Table) -> Integers:
    """The window of each finding, 0 for the whole period."""
    timed = evidence.windows[-1].start is not None
    column = findings.column("window_start" if timed else "first_row")
    known = {(window.start if timed else window.first_row): i for i, window in enumerate(evidence.windows) if i}
    encoded = column.combine_chunks().dictionary_encode()
    place = np.asarray([known.get(value, 0) for value in encoded.dictionary.to_pylist()] or [0], dtype=np.int64)
    found = place[encoded.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)]
    return np.where(findings.column("whole").to_numpy(), 0, found)


def codes_of(column: Any) -> tuple[list[Any], Integers]:
    """The distinct values of a column, and each row's place among them; -1 for null."""
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)


def among(column: Any, values: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows of a column have one of some values."""
    found, code = codes_of(column)
    return np.asarray([*(value in values for value in found), False], dtype=np.bool_)[code]


def rechecked(evidence: Evidence, findings: pa.Table, chosen: NDArray[np.bool_]) -> Rechecked:
    """The evidence of every chosen series; a window whose figure is not judged adds nothing."""
    row = series_of(evidence, findings, chosen)
    there = row >= 0
    low, value, high, least, most, n = (
        np.where(there, numbers(findings, name)[row], np.nan) for name in ("low", "value", "high", "threshold_min", "threshold_max", "n")
    )
    judged = there & among(findings.column("verdict"), JUDGED)[row]
    weight = np.where(judged & np.isfinite(value), np.maximum(n, 1.0), 0.0)
    low, high = np.where(np.isnan(low), 2 * value - high, low), np.where(np.isnan(high), 2 * value - low, high)
    wide = np.maximum(high - low, 1e-12) / (8 * z_of())  # where an estimate sits at the end of its interval, that side is no error of zero
    log_looks = np.zeros(row.shape[1])
    log_looks[-1:] = math.log(looks_of(evidence).times)
    total = np.full(row.shape, -np.inf)
    best, span = np.full(row.shape, -np.inf), np.ones(row.shape, dtype=np.int64)
    excess = np.stack([value - most, least - value])
    error = np.maximum(np.stack([value - low, high - value]) / z_of(), wide)
    used = np.isfinite(excess) & np.isfinite(error) & (weight > 0)
    w = np.where(used, weight, 0.0)
    sums = [running(w), running(w * np.where(used, excess, 0.0)), running((w * np.where(used, error, 0.0)) ** 2)]
    means: dict[int, Floats] = {}
    for length, recent, part in zip(SPANS, RECENT, SPAN_WEIGHTS, strict=True):
        rows, moved, square = (span_of(each, length) for each in sums)
        means[length] = moved / np.maximum(rows, 1e-12)
        t = np.where(rows > 0, moved / np.sqrt(np.maximum(square, 1e-300)), -np.inf)
        which = np.where(means[recent] > 0, t, -40.0).max(axis=0)
        freedom = np.clip(rows.max(axis=0) - 1, 5.0, FREEDOM)
        log_e = np.where((weight > 0) & (which > 0), log_e_value(np.maximum(which, 0), freedom, log_looks), math.log(KAPPA)) + math.log(
            part
        )
        total = np.logaddexp(total, log_e)
        span, best = np.where(log_e > best, length, span), np.maximum(log_e, best)
    return Rechecked(row=row, evidence=total / math.log(10), span=span)


def numbers(findings: pa.Table, name: str) -> Floats:
    """A column of a findings table as floats, NaN where it is null."""
    import pyarrow as pa

    return np.asarray(findings.column(name).cast(pa.float64()).to_numpy(), dtype=np.float64)
