"""Duplicate rate: share of received rows that had been received before."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.layout import single_share


@audit(name="duplicate_rate", unit="proportion", tasks=EVERY_TASK)
def duplicate_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of available rows whose id (with model and version) had been taken in before.

    Formula
        duplicate / available, from the ledger; only for the whole period, since a row left out has no place in a window.
    Interval
        Wilson. n is the available rows.
    When it misleads
        A source that is delivered again on purpose raises it without any fault. Logs without an id cannot have duplicates.
    Source
        E. B. Wilson (1927), JASA 22, for the interval.
    """
    coverage = evidence.coverage
    yield single_share("duplicate_rate", coverage.duplicate, coverage.available, reason="no row has been received")
