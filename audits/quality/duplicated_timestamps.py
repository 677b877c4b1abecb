"""Duplicated time stamps: rows that share their exact time with another, beyond what the reference's clock does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import newcombe, share
from audits.quality.arrived import NOTHING, by_window, placed, whole

COARSE = 0.5
TOO_COARSE = "the reference's clock ticks so coarsely that most rows share their time"


@audit(name="duplicated_timestamps", unit="difference", needs=("clock", "arrivals"), tasks=EVERY_TASK, compared=True, units="own")
def duplicated_timestamps(evidence: Evidence) -> Iterator[Measurement]:
    """How much larger the share of rows whose exact time another row has too is than in the reference.

    Formula
        s = 1 - distinct times / rows, counted by hour of each batch; s(window) - s(reference). Without a reference that ingest remembers,
        the first window with rows is compared with. No figure where the reference's own share is above one half.
    Interval
        Newcombe. n is the window's rows.
    When it misleads
        More traffic under a clock of whole seconds makes more rows share one; batches of predictions carry one time by design.
    Source
        R. G. Newcombe (1998), Statistics in Medicine 17, for the interval.
    """
    arrivals = evidence.ledger.arrivals
    rows, times = (by_window(evidence, np.nan_to_num(values)) for values in (arrivals.rows, arrivals.times))
    base = placed(evidence).base
    shared, n = whole(rows - times), whole(rows)
    windows = np.flatnonzero(n > 0)
    if not len(windows):
        return
    before, size = float(rows[base] - times[base]), float(rows[base])
    coarse = before > COARSE * size
    value = share(shared, n)[windows] - before / max(size, 1.0)
    low, high = newcombe(shared[windows], n[windows], np.full(len(windows), before), np.full(len(windows), size))
    nothing = np.full(len(windows), np.nan)
    told = size > 0 and not coarse
    tables = {
        i: {"share": round(float(shared[w] / n[w]), 6), "reference": round(before / max(size, 1.0), 6)} for i, w in enumerate(windows)
    }
    yield measurement(
        "duplicated_timestamps", "difference", value=value if told else nothing, low=np.minimum(low, value) if told else nothing,
        high=np.maximum(high, value) if told else nothing, n=np.rint(n[windows]), method="newcombe", window=windows, slice=0,
        tables=tables if told else {}, reason="" if told else TOO_COARSE if coarse else NOTHING,
    )  # fmt: skip
