"""The audit `latency_p99`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.latency import percentile


@audit(name="latency_p99", unit="ms", needs=("latency_ms",), tasks=EVERY_TASK, units="rows")
def latency_p99(evidence: Evidence) -> Iterator[Measurement]:
    """The latency within which 99 % of the predictions were answered, in milliseconds.

    The 0.99-quantile, read off the frozen bins of the latency column to within a bin's width; the interval lies between two order
    statistics whose ranks come from the binomial distribution.

    It misleads when slow requests time out and are not logged, and when the log's clock stops before the answer reaches the caller.

    Source: W. J. Conover, Practical Nonparametric Statistics (1999), section 3.2.
    """
    yield from percentile(evidence, "latency_p99", 0.99)
