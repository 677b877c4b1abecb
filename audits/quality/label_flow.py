"""What the reference promises of outcomes: how many of a window's predictions should have one by now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.once import once
from audits.performance.maturity import bucket_seconds, curve_of, present
from audits.window import DAY, EPOCH

YOUNG = 0.5
"""Windows younger than it takes half of the outcomes that ever come are too young to tell which kind of outcome is missing."""

NO_PROMISE = "the reference has no outcomes to expect any from"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Of outcomes, by window, the whole period first.

    Parameters
    ----------
    known, promised
        Outcomes known, and those that the reference had at the same age.
    rows
        Predictions.
    ripe
        Promised, over what the reference promises in the long run.
    unfavorable
        Share of the reference's outcomes that are not favorable; NaN for a task without favorable outcomes.
    n
        Predictions of the reference that the promise rests on.
    """

    known: Floats
    promised: Floats
    rows: Floats
    ripe: Floats
    unfavorable: float
    n: float


@once
def promise(evidence: Evidence) -> Promise | None:
    """The promise of the reference's lag curve, or where no times of outcomes are logged, of its share of known outcomes once due.

    None where the reference has no outcome, or the log no clock.
    """
    now = present(evidence)
    reference = evidence.reference_counts
    size, labelled = float(reference.rows[0, 0, 0]), float(reference.labelled[0, 0, 0])
    if now is None or not labelled or evidence.windows[0].start is None:
        return None
    curve = curve_of(evidence, [evidence.reference_tally])
    unit = bucket_seconds(evidence)
    buckets = np.asarray([p.bucket for p in evidence.tally.partitions], dtype=np.float64)
    rows = np.asarray([p.rows for p in evidence.tally.partitions], dtype=np.float64)
    since = (now - EPOCH).total_seconds() - buckets * unit
    if curve is not None:
        share, last = curve.within((since - unit / 2) / DAY), float(curve.share[-1])
    else:
        delay = (evidence.model.label_delay or dt.timedelta()).total_seconds()
        last = labelled / size
        share = last * np.clip((since - delay) / unit, 0.0, 1.0) if delay else np.full(len(since), last)
    starts = np.asarray([first for first, _ in evidence.spans[1:]], dtype=np.float64)
    window = np.searchsorted(starts, buckets, side="right")
    promised = np.zeros(len(evidence.windows))
    np.add.at(promised, window, rows * share)
    promised[0] = promised[1:].sum()
    counts = evidence.counts
    every = counts.rows[0, :, 0]
    return Promise(
        known=counts.labelled[0, :, 0], promised=promised, rows=every, n=size,
        ripe=np.divide(promised, every * last, out=np.zeros(len(every)), where=every * last > 0),
        unfavorable=1 - float(reference.favored[0, 0, 0]) / labelled if evidence.task == "binary" else float("nan"),
    )  # fmt: skip
