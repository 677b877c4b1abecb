"""Mixed types: values of another kind than their column's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import proportion
from audits.ledger import Batch
from audits.quality.arrived import placed

MIXED_BEFORE = "the reference mixes numbers and words too"
PURE = 0.01


@audit(name="mixed_types", unit="proportion", needs=("arrivals",), tasks=EVERY_TASK, units="own")
def mixed_types(evidence: Evidence) -> Iterator[Measurement]:
    """Share of a column's values that are of another kind than the rest: numbers among words, or what is no number among numbers.

    Formula
        Per batch: in a column of text min(numbers, words) / values, in a column of numbers, times or booleans the rows quarantined because
        of it / rows received; then the mean over the window's rows. Columns without any such value have no figure; the figure without a
        column is the largest of all over the whole period. Where already the reference mixes more than 1 % there is no figure.
    Interval
        Wilson. n is the window's rows.
    When it misleads
        Typed sources (Parquet, databases) hold one kind a column, so only files of text are looked into; codes such as "12" and "A1" are
        mixed by design. Values of one batch are spread evenly over the windows that it has rows in.
    Source
        E. Breck et al. (2019), Data Validation for Machine Learning, MLSys; E. B. Wilson (1927), JASA 22, for the interval.
    """
    found = placed(evidence)
    if not any(batch.columns is not None for batch in found.batches):
        return
    n = found.rows.sum(axis=0)
    shown = np.flatnonzero(n[1:] > 0) + 1
    windows = np.concatenate([[0], shown])
    rows = np.concatenate([[n[1:].sum()], n[shown]])
    largest = 0.0
    for name in sorted({name for batch in found.batches for name in (*batch.mixed, *batch.refused)}):
        share = np.asarray([_share(batch, name) for batch in found.batches])
        hits = (share[:, None] * found.rows).sum(axis=0)
        pure = found.base != 0 or not n[0] or hits[0] <= PURE * n[0]
        per_window = np.concatenate([[hits[1:].sum()], hits[shown]])
        value = proportion(np.minimum(per_window, rows), rows if pure else np.zeros_like(rows))
        if pure:
            largest = max(largest, float(value.value[0]))
        if name in evidence.columns:
            yield measurement(
                "mixed_types", "proportion", value=value.value, low=value.low, high=value.high, n=np.rint(rows), method=value.method,
                window=windows, slice=0, column=evidence.columns.index(name), reason="" if pure else MIXED_BEFORE,
            )  # fmt: skip
    every = np.asarray([largest])
    yield measurement("mixed_types", "proportion", value=every, low=every, high=every, n=np.rint(rows[:1]), method="exact", slice=0)


def _share(batch: Batch, name: str) -> float:
    """The rarer kind's share of a batch's values."""
    values, numbers = batch.mixed.get(name, (0, 0))
    of_text = min(numbers, values - numbers) / values if values else 0.0
    return min(of_text + batch.refused.get(name, 0) / max(batch.received, 1), 1.0)
