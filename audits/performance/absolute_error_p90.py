"""The audit `absolute_error_p90`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.error_quantiles import error_quantile


@audit(name="absolute_error_p90", unit="outcome", needs=("score", "outcome"), tasks=("regression",))
def absolute_error_p90(evidence: Evidence) -> Iterator[Measurement]:
    """The size of error that nine of ten predictions stay below, in the unit of the outcome.

    The 0.9-quantile of |prediction - outcome| over scored predictions with a known outcome, read off a frozen histogram of absolute errors
    to within a bin's width (`resolution` in `tables`); the interval lies between two order statistics whose ranks come from the
    binomial distribution. Everybody, single groups and segment levels; not intersections.

    It misleads because what lies beyond the quantile does not count at all: the worst errors may grow without it moving.

    Source: W. J. Conover, Practical Nonparametric Statistics (1999), section 3.2.
    """
    yield from error_quantile(evidence, "absolute_error_p90", 0.9)
