"""Quarantine rate: share of received rows that were set aside as unusable."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.layout import single_share


@audit(name="quarantine_rate", unit="proportion", tasks=EVERY_TASK)
def quarantine_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of available rows that were set aside with a reason and are in no figure.

    Formula
        quarantined / available, from the ledger; only for the whole period, since a row set aside may have no time to place it by.
    Interval
        Wilson. n is the available rows.
    When it misleads
        Bad rows come in batches, not one by one, so the interval is too narrow for telling what the next delivery will bring. A fault
        that leaves rows readable, such as a changed unit, is not quarantined.
    Source
        E. B. Wilson (1927), JASA 22, for the interval.
    """
    coverage = evidence.coverage
    yield single_share("quarantine_rate", coverage.quarantined, coverage.available, reason="no row has been received")
