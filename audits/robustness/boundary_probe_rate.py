"""The audit `boundary_probe_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.robustness.from_log import QUERIES, marked_rate


@audit(name="boundary_probe_rate", unit="proportion", needs=("decision", "score"), compared=True, units="rows", probe=QUERIES)
def boundary_probe_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of predictions with which somebody feels for the cut-off: small steps at it, of clients that take far more of them than chance.

    Formula
        Near: the 2 % of the reference's scores that are closest to the cut-off, which is learned from logged decisions, by version. A step
        leads from a client's row near the cut-off to its next one there: the mean difference over inputs in standard deviations of the
        reference, at most 1 each, 1 for another category. Small: below 1 % of all steps in the reference, and not 0. A client's rows are
        counted if they are, over the whole period or in one bucket (an hour, a day, a block of rows), too many for a beta-binomial around
        its own past and the reference's other clients: p below 1 % over all that was looked at (Bonferroni). At least 20 rows and 5 steps.
        All rows of the log are read. Without a client the unit stands in; without either, steps are from anybody's to anybody's.
    Interval and test
        Wilson, taking the rows that were called probes as such. The p-value of each client is in the tables.
    Tables
        `clients`: rows, rows near, small steps, how many were expected, p, first and last row. `cut_off`, `band`, `step`.
    When it misleads
        An adviser who looks for the amount that is just approved does what an attacker does; one who did so in the reference is usual. So
        is an attacker who was there from the start. Attackers who change every input much, or share their steps among many clients, are
        not seen. docs/attack-signals.md says how often probers are found, and honest logs suspected.
    Source
        W. Brendel, J. Rauber and M. Bethge (2018), Decision-Based Adversarial Attacks, ICLR, and J. Chen, M. I. Jordan and M. J. Wainwright
        (2020), HopSkipJumpAttack, IEEE S&P, for what such queries look like; the sign is ours.

    >>> scores, steps = [0.601, 0.599, 0.6, 0.9], [None, 0.01, 0.008, 0.5]  # cut-off 0.6, band 0.009, small below 0.013
    >>> sum(abs(s - 0.6) <= 0.009 and d is not None and 0 < d <= 0.013 for s, d in zip(scores, steps)) / len(scores)
    0.5
    """
    yield from marked_rate(evidence, QUERIES, "boundary_probe_rate")
