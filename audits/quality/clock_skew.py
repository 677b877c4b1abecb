"""Clock skew: rows dated after they arrived."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import proportion
from audits.quality.arrived import by_window, whole


@audit(name="clock_skew", unit="proportion", needs=("clock", "arrivals"), tasks=EVERY_TASK, units="own")
def clock_skew(evidence: Evidence) -> Iterator[Measurement]:
    """Share of predictions whose time lay more than five minutes ahead when they were taken in.

    Formula
        rows dated later than ingest's own clock plus five minutes / rows, per window and over the whole period. Rows more than a day ahead
        are quarantined and not among them.
    Interval
        Wilson. n is the rows.
    When it misleads
        A clock that runs behind is invisible, and so is one that runs ahead in a log that is taken in much later. The machine that runs
        Candor may be the one that is wrong.
    Source
        D. Sculley et al. (2015), Hidden Technical Debt in Machine Learning Systems; five minutes is the grace of Kerberos, RFC 4120.
    """
    arrivals = evidence.ledger.arrivals
    rows, future = (whole(by_window(evidence, np.nan_to_num(values))) for values in (arrivals.rows, arrivals.future))
    windows = np.flatnonzero(rows > 0)
    found = proportion(future[windows], rows[windows])
    yield measurement(
        "clock_skew", "proportion", value=found.value, low=found.low, high=found.high, n=np.rint(rows[windows]), method=found.method,
        window=windows, slice=0,
    )  # fmt: skip
