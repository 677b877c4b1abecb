"""The audit `flood_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.robustness.from_log import QUERIES, marked_rate


@audit(name="flood_rate", unit="proportion", needs=("clock",), tasks=EVERY_TASK, compared=True, units="rows", probe=QUERIES)
def flood_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of predictions that came in an hour in which their client sent far more than it ever had, and than ordinary clients do.

    Formula
        A client may send in an hour the larger of two numbers, and always 19. Its own: what a Poisson variable around its busiest hour of
        the reference exceeds in 1 % of logs as long as this one, times how much busier clients became within the reference and since (the
        median). Others': from the logarithms of all clients' busiest hours of the reference, their median plus so many spreads (1.4826
        times the median distance from it) as Student's t exceeds in 1 % of logs. All rows of an hour above it count. All rows are read.
        Without a client the unit stands in; without either, all rows together are one client.
    Interval and test
        Wilson, taking the rows of such hours as floods. n is all predictions.
    Tables
        `bursts`: client, hour, rows, the busiest hour before, what was allowed; `in_all`.
    When it misleads
        A new client that is large and honest floods by this definition: a broker that joins, a nightly job that starts. So does a campaign
        that brings everybody's customers on one day. A flood that is spread over many clients is seen by `volume_against_expected` only.
    Source
        A convention of ours; median and spread as in P. J. Rousseeuw and C. Croux (1993), JASA 88.

    >>> hours, allowed = {"09:00": 4, "15:00": 268, "16:00": 232}, 19
    >>> round(sum(n for n in hours.values() if n > allowed) / sum(hours.values()), 3)
    0.992
    """
    yield from marked_rate(evidence, QUERIES, "flood_rate")
