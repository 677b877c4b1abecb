"""Freshness: how long ago the newest prediction was made."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.layout import single


@audit(name="freshness", unit="hours", needs=("clock",), tasks=EVERY_TASK)
def freshness(evidence: Evidence) -> Iterator[Measurement]:
    """Hours from the newest prediction of the log to the time of the audit.

    Formula
        (clock - latest prediction time) / 1 hour, both in UTC. A prediction dated after the clock gives a negative figure, with a
        reason. Only for the whole period.
    Interval
        None needed: it is a fact about the log. n is the rows of the period.
    When it misleads
        One row with a wrong date in the future hides a source that stopped. It says when rows were made, not when they arrived.
    Source
        D. Sculley et al. (2015), Hidden Technical Debt in Machine Learning Systems, on monitoring upstream producers.
    """
    n = round(float(evidence.counts.rows[0, 0, 0]))
    if evidence.freshness is None:
        yield single("freshness", "hours", value=None, low=None, high=None, n=n, method="exact", reason="no prediction carries a time")
        return
    hours = (evidence.clock - evidence.freshness).total_seconds() / 3600
    reason = "the newest prediction is dated after the time of the audit" if hours < 0 else ""
    yield single("freshness", "hours", value=hours, low=hours, high=hours, n=n, method="exact", reason=reason)
