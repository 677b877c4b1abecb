"""Which window the rows of a batch and of an hour belong to: where facts of the ledger stand."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.ledger import NO_CLOCK, Batch
from audits.once import once
from audits.window import DAY, EPOCH, HOUR, WindowLength

REFERENCE = 0
"""The place of what came before the analysed period, and of sources that are the reference: the reference."""

NOTHING = "ingest remembered nothing of the batches that these rows came with"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Rows of the ledger's batches of predictions by [batch, window]; window 0 is the reference, and the whole is their sum."""

    batches: tuple[Batch, ...]
    rows: Floats

    @cached_property
    def held(self) -> Floats:
        """The share of each batch that stands in each window; one of which every row was refused stands where the log then ended."""
        found = np.zeros(self.rows.shape)
        last = min(1, self.rows.shape[1] - 1)
        for i, rows in enumerate(self.rows):
            filled = np.flatnonzero(rows > 0)
            last = max(int(filled[-1]), last) if len(filled) else last
            found[i] = rows / rows.sum() if len(filled) else np.eye(len(rows))[last]
        return found

    @property
    def base(self) -> int:
        """The place that the rest is compared with: the reference, or the first window with rows where no batch brought a reference."""
        filled = np.flatnonzero(self.rows.sum(axis=0) > 0)
        return int(filled[0]) if len(filled) else REFERENCE


def window_of(evidence: Evidence, hours: Integers) -> Integers:
    """The window of each hour: 0 before the first, which is the reference, and -1 without a clock."""
    if evidence.windows[0].start is None:
        return np.full(len(hours), -1, dtype=np.int64)
    starts = np.asarray([hour_of(window.start) for window in evidence.windows[1:]], dtype=np.int64)
    return np.where(hours == NO_CLOCK, -1, np.searchsorted(starts, hours, side="right")).astype(np.int64)


def hour_of(moment: dt.datetime | None) -> int:
    """Whole hours since 1970.

    >>> hour_of(dt.datetime(1970, 1, 2, 3, 30))
    27
    """
    assert moment is not None
    return int((moment - EPOCH).total_seconds() // HOUR)


@once
def placed(evidence: Evidence) -> Placed:
    """The batches that brought predictions, and how many of their rows fall into each window; without a clock, all into window 1."""
    arrivals = evidence.ledger.arrivals
    batches = tuple(batch for batch in evidence.ledger.batches if batch.kind != "outcomes")
    number = {batch.number: place for place, batch in enumerate(batches)}
    place = np.asarray([number.get(int(each), -1) for each in arrivals.batch], dtype=np.int64)
    window = np.where(window_of(evidence, arrivals.hour) < 0, 1, window_of(evidence, arrivals.hour))
    aside = np.asarray([batch.kind == "reference" for batch in batches] + [False], dtype=bool)
    window = np.where(aside[place], REFERENCE, window)
    rows = np.zeros((len(batches), len(evidence.windows)))
    known = place >= 0
    np.add.at(rows, (place[known], window[known]), arrivals.rows[known])
    return Placed(batches=batches, rows=rows)


def by_window(evidence: Evidence, values: Floats) -> Floats:
    """Sums of arrivals by window; window 0 is the reference, with all of its own sources. Of a log without a clock there is nothing."""
    arrivals = evidence.ledger.arrivals
    aside = {batch.number for batch in evidence.ledger.batches if batch.kind == "reference"}
    window = window_of(evidence, arrivals.hour)
    window = np.where([int(number) in aside for number in arrivals.batch], REFERENCE, window) if len(window) else window
    found = np.zeros(len(evidence.windows))
    np.add.at(found, window[window >= 0], values[window >= 0])
    return found


def whole(values: Floats) -> Floats:
    """The same with the whole analysed period, all windows together, in place of the reference."""
    return np.concatenate([[values[1:].sum()], values[1:]])


def length_of(evidence: Evidence) -> WindowLength:
    """How long windows are, read off the evidence's spans."""
    if evidence.windows[0].start is None:
        window = evidence.windows[1]
        return WindowLength(f"{(window.last_row or 0) - (window.first_row or 0) + 1} rows")
    first, end = evidence.spans[1]
    if EPOCH + dt.timedelta(seconds=first * HOUR) == evidence.windows[1].start and first * HOUR % DAY + (end - first) <= DAY:
        hourly = evidence.windows[1].end == EPOCH + dt.timedelta(seconds=end * HOUR)
        if hourly and end - first == 1:
            return WindowLength("1h")
    return WindowLength("1d" if end - first == 1 else "1w" if end - first == 7 else "1mo")
