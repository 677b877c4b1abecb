"""Missing rate: share of rows in which a column has no value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.evidence import UNKNOWN, Evidence
from audits.finding import Measurement
from audits.quality.layout import absent, binned, column_shares, valued


@audit(name="missing_rate", unit="proportion", needs=("columns",), tasks=EVERY_TASK)
def missing_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of rows in which a column is empty or not a number.

    Formula
        (missing + not-a-number) / rows, per column and window. Not-a-number includes infinities; tables count the two apart. For the
        decision it is the share of rows without one; for outcomes see `label_coverage`.
    Interval
        Wilson. n is the rows of the window.
    When it misleads
        A source that writes 0, -1 or "unknown" for a missing value looks complete. A column may be missing by design for some people.
    Source
        E. B. Wilson (1927), JASA 22, for the interval.
    """
    for column, _, counts in binned(evidence):
        lost = absent(counts)
        rows = valued(counts) + lost
        parts = {name: counts.special[name].astype(np.int64).tolist() for name in ("missing", "not_a_number")}
        tables = {window: {name: parts[name][window] for name in parts} for window in np.flatnonzero(lost > 0).tolist()}
        yield column_shares("missing_rate", column, lost, rows, rows, tables=tables)
    decision = evidence.model.columns.decision
    if decision is not None and decision in evidence.columns:
        table, rows = evidence.counts.table[0, :, 0], evidence.counts.rows[0, :, 0]
        yield column_shares("missing_rate", evidence.columns.index(decision), table[:, UNKNOWN].sum(axis=-1), rows, rows)
