"""Missing rate change: how much more often a column is empty than in the reference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.drift.comparison import compared_windows, noted
from audits.drift.two_samples import two_samples
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import newcombe, share, two_proportion_p


@audit(name="missing_rate_change", unit="difference", needs=("columns",), tasks=EVERY_TASK, compared=True)
def missing_rate_change(evidence: Evidence) -> Iterator[Measurement]:
    """Share of a window's rows in which a column is empty or not a number, minus that of the reference.

    Formula
        a / m - b / n, with a of the window's m rows and b of the reference's n rows without a value; above 0 more is missing now. For
        every column but the outcome, whose absence is `label_coverage`.
    Interval and test
        Newcombe's interval of a difference of proportions; pooled z test, Fisher's exact test where a count below five is expected. n is
        the window's rows.
    Tables
        `window` and `reference`: the two rates, where they differ.
    When it misleads
        A column may be missing by design for some people, and then moves with the mix of people. Values such as 0, -1 or "unknown" that
        stand for a missing one count as values: the distances see those.
    Source
        R. G. Newcombe (1998), Statistics in Medicine 17, 873-890, for the interval.
    """
    outcome = evidence.model.columns.outcome
    columns = [c for samples in two_samples(evidence) for c in samples.columns if evidence.columns[c.position] != outcome]
    if not columns:
        return
    lost = np.stack([column.missing for column in columns])
    rows = lost + np.stack([column.windows.sum(axis=-1) for column in columns])
    before = np.asarray([[column.reference_missing] for column in columns])
    held = before + np.asarray([[column.reference.sum()] for column in columns])
    now, then = share(lost, rows), share(before, held)
    place, window = np.nonzero((rows > 0) & compared_windows(evidence))
    low, high = newcombe(lost, rows, before, held)
    value = (now - then)[place, window]
    p_value = two_proportion_p(lost[place, window], rows[place, window], before[place, 0], held[place, 0])
    moved = np.flatnonzero(np.nan_to_num(value) != 0)
    rates = now[place, window][moved].tolist(), then[place, 0][moved].tolist()
    yield measurement(
        "missing_rate_change", "difference", value=value, low=low[place, window], high=high[place, window],
        n=np.rint(rows[place, window]), method="newcombe", window=window, slice=0, p_value=p_value,
        column=np.asarray([column.position for column in columns], dtype=np.int64)[place],
        reason=noted(evidence, np.where(np.isfinite(value), "", "the reference holds no row").astype(object)),
        tables={i: {"window": a, "reference": b} for i, a, b in zip(moved.tolist(), *rates, strict=True)},
    )  # fmt: skip
