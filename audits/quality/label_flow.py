"""What the reference promises of outcomes: how many of a window's predictions should have one by now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats, Integers
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
        Outcomes known after so many days as all rows have had, and those that the reference had at the same age.
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
    counts = evidence.counts
    known = counts.labelled[0, :, 0]
    since = (now - EPOCH).total_seconds() - (buckets + 1) * unit  # the age of the youngest row
    if curve is not None:
        # Only lags that all rows have had time for count, on both sides: nothing within a day is known.
        age = np.floor(since / DAY).astype(np.int64) - 1
        shares = np.concatenate([[0.0], curve.share])
        share, last = shares[np.clip(age + 1, 0, len(shares) - 1)], float(curve.share[-1])
        known = _known_within(evidence, age)
    else:
        delay = (evidence.model.label_delay or dt.timedelta()).total_seconds()
        last = labelled / size
        share = last * (since >= delay) if delay else np.full(len(since), last)
    starts = np.asarray([first for first, _ in evidence.spans[1:]], dtype=np.float64)
    window = np.searchsorted(starts, buckets, side="right")
    promised = np.zeros(len(evidence.windows))
    np.add.at(promised, window, rows * share)
    promised[0] = promised[1:].sum()
    every = counts.rows[0, :, 0]
    return Promise(
        known=known, promised=promised, rows=every, n=size,
        ripe=np.divide(promised, every * last, out=np.zeros(len(every)), where=every * last > 0),
        unfavorable=1 - float(reference.favored[0, 0, 0]) / labelled if evidence.task == "binary" else float("nan"),
    )  # fmt: skip


def _known_within(evidence: Evidence, age: Integers) -> Floats:
    """Outcomes that took no longer than the age of their partition, by window."""
    table = evidence.tally.maturity
    held = np.maximum(table["lag_days"].astype(np.int64), 0) <= age[table["partition"]]
    starts = np.asarray([first for first, _ in evidence.spans[1:]], dtype=np.int64)
    buckets = np.asarray([p.bucket for p in evidence.tally.partitions], dtype=np.int64)
    found = np.zeros(len(evidence.windows))
    np.add.at(found, np.searchsorted(starts, buckets[table["partition"][held]], side="right"), table["n"][held].astype(np.float64))
    found[0] = found[1:].sum()
    return found
