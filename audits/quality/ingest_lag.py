"""Ingest lag: how long predictions took to arrive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.arrived import Placed, by_window, placed, whole

BULK = 1
IN_BULK = "most of these rows came together with much younger ones, as a log's past does"
PAUSE = dt.timedelta(minutes=10)


@audit(name="ingest_lag", unit="hours", needs=("clock", "arrivals"), tasks=EVERY_TASK, units="own")
def ingest_lag(evidence: Evidence) -> Iterator[Measurement]:
    """Mean hours from the time of a prediction to its arrival.

    Formula
        Σ (time of ingest - time of the row) / rows, per window. No figure for windows most of whose rows came together with rows more than
        one window younger, without a pause of ten minutes: that is a log's past being read, and says nothing of its present. Over the
        whole period: the mean over the windows that have a figure.
    Interval
        None needed: it is a fact about the rows. n is the rows.
    When it misleads
        It ends when Candor reads, not when the file was there: a schedule that looks once a day adds up to a day. A clock that runs
        ahead makes it smaller; see `clock_skew`.
    Source
        T. Akidau et al. (2015), The Dataflow Model, VLDB 8, on event time and processing time.
    """
    arrivals, found = evidence.ledger.arrivals, placed(evidence)
    rows, waited = (by_window(evidence, np.nan_to_num(values)) for values in (arrivals.rows, arrivals.waited))
    if not rows[1:].sum():
        return
    past = _past(found)
    kept = np.where(past, 0.0, 1.0)
    n = whole(rows * kept)
    hours = np.divide(whole(waited * kept), n, out=np.full(len(n), np.nan), where=n > 0) / 3600
    windows = np.concatenate([[0], np.flatnonzero(rows[1:] > 0) + 1])
    yield measurement(
        "ingest_lag", "hours", value=hours[windows], low=hours[windows], high=hours[windows], n=np.rint(n[windows]), method="exact",
        window=windows, slice=0, reason=np.where(np.isnan(hours[windows]), IN_BULK, "").astype(object),
    )  # fmt: skip


def _past(found: Placed) -> NDArray[np.bool_]:
    """Windows most of whose rows came together with much younger ones."""
    order = sorted(range(len(found.batches)), key=lambda i: found.batches[i].committed or dt.datetime.min)  # noqa: DTZ901  naive UTC
    runs: list[list[int]] = []
    for i in order:
        came, before = found.batches[i].committed, found.batches[runs[-1][-1]].committed if runs else None
        if came is not None and before is not None and came - before <= PAUSE:
            runs[-1].append(i)
        else:
            runs.append([i])
    old = np.zeros(found.rows.shape[1])
    for run in runs:
        rows = found.rows[run].sum(axis=0)
        filled = np.flatnonzero(rows > 0)
        if len(filled):
            old[: max(int(filled[-1]) - BULK, 0)] += rows[: max(int(filled[-1]) - BULK, 0)]
    return np.asarray(old > found.rows.sum(axis=0) / 2)
