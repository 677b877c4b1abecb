"""Prediction-count mismatch: rows in the log over predictions that the gateway served."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement

PARTIAL = "the window is partial, and counts of it are still coming in"
SILENT = "the gateway has no count for this window"


@audit(name="prediction_count_mismatch", unit="ratio", needs=("clock", "gateway"), tasks=EVERY_TASK, units="own")
def prediction_count_mismatch(evidence: Evidence) -> Iterator[Measurement]:
    """Predictions in the log over predictions that the gateway counted.

    Formula
        rows / served, per window; served adds up the counts of `alerts.gateway` whose time lies in the window. Over the whole period: the
        complete windows that have a count.
    Interval
        None: both are full counts. n is the rows.
    When it misleads
        Rows that were quarantined or dropped as duplicates are not in the log: a ratio below 1 may be their doing. A gateway that counts
        retries, or by its own clock, differs at the edges of windows.
    Source
        D. Sculley et al. (2015), Hidden Technical Debt in Machine Learning Systems, on monitoring upstream producers.
    """
    gateway = evidence.ledger.gateway
    if gateway is None:
        return
    nothing = np.full(1, np.nan)
    if gateway.reason or not len(gateway.time):
        said = gateway.reason or "the gateway's file has no counts"
        yield measurement(
            "prediction_count_mismatch", "ratio", value=nothing, low=nothing, high=nothing, n=np.zeros(1), method="exact", slice=0,
            reason=said,
        )  # fmt: skip
        return
    windows = evidence.windows
    starts = np.asarray([window.start for window in windows[1:]], dtype="datetime64[us]")
    place = np.searchsorted(starts, gateway.time, side="right")
    place = np.where(gateway.time < np.datetime64(windows[-1].end or windows[-1].start, "us"), place, 0)
    served, counted = np.zeros(len(windows)), np.zeros(len(windows), dtype=bool)
    np.add.at(served, place, gateway.count)
    counted[place] = True
    partial = np.asarray([window.partial for window in windows], dtype=bool)
    rows = evidence.counts.rows[0, :, 0].copy()
    told = counted & ~partial & (served > 0)
    told[0] = False
    rows[0], served[0] = rows[told].sum(), served[told].sum()
    told[0] = served[0] > 0
    value = np.divide(rows, served, out=np.full(len(rows), np.nan), where=told)
    reason = np.where(told, "", np.where(partial, PARTIAL, SILENT)).astype(object)
    tables = {i: {"logged": int(rows[i]), "served": int(served[i])} for i in np.flatnonzero(told).tolist()}
    yield measurement(
        "prediction_count_mismatch", "ratio", value=value, low=value, high=value, n=np.rint(rows), method="exact",
        window=np.arange(len(windows)), slice=0, reason=reason, tables=tables,
    )  # fmt: skip
