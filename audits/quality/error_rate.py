"""Error rate: share of requests that failed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import proportion


@audit(name="error_rate", unit="proportion", needs=("error",), tasks=EVERY_TASK, units="rows")
def error_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of requests that failed.

    Formula
        failed / rows, per window, for all versions together and for each. A request failed where the column mapped to `error` is true, 1,
        a status of 400 or more, any other code but 0 and the statuses 100 to 399, or a text other than "ok", "success", "200", "false",
        "no", "none", "null" and "0". An empty value is no failure.
    Interval
        Wilson. n is the rows.
    When it misleads
        Requests that fail before they are logged are not in the log: see `prediction_count_mismatch`. Failures come in bursts, so that the
        interval is too narrow for what the next window will bring.
    Source
        B. Beyer et al. (2016), Site Reliability Engineering, chapter 6; E. B. Wilson (1927), JASA 22, for the interval.
    """
    if not evidence.ledger.errors:
        return
    starts = np.asarray([span[0] for span in evidence.spans[1:]], dtype=np.int64)
    shape = (len(evidence.versions), len(evidence.windows))
    rows, failed = np.zeros(shape), np.zeros(shape)
    for partition in evidence.tally.partitions:
        window = int(np.searchsorted(starts, partition.bucket, side="right"))
        own = evidence.versions.index(partition.version) if partition.version in evidence.versions[1:] else 0
        for cell in {(0, 0), (0, window), (own, 0), (own, window)}:
            rows[cell] += partition.rows
            failed[cell] += evidence.ledger.errors.get(partition.number, 0)
    version, place = np.nonzero(rows > 0)
    found = proportion(failed[version, place], rows[version, place])
    yield measurement(
        "error_rate", "proportion", value=found.value, low=found.low, high=found.high, n=np.rint(rows[version, place]), method=found.method,
        window=place, version=version, slice=0,
    )  # fmt: skip
