"""The audit `mean_absolute_error`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import mean


@audit(name="mean_absolute_error", unit="outcome", needs=("score", "outcome"), tasks=("regression",))
def mean_absolute_error(evidence: Evidence) -> Iterator[Measurement]:
    """The mean size of the error, in the unit of the outcome.

    Σ |prediction - outcome| / n over scored predictions with a known outcome; t interval.

    It misleads in comparisons between groups or periods whose outcomes are larger or more varied, since errors grow with them; and a few
    very large errors hide among many small ones (see `root_mean_squared_error`).

    Source: C. J. Willmott and K. Matsuura (2005), Climate Research 30, 79-82; scikit-learn, `mean_absolute_error`.

    >>> (abs(3 - 2) + abs(5 - 8)) / 2
    2.0
    """
    c = evidence.counts
    n = c.total("scored", labelled=True)
    total, squared = c.total("error_abs", labelled=True), c.total("error_2", labelled=True)
    yield mean(evidence, "mean_absolute_error", "outcome", total, squared, n, reason="no scored prediction with a known outcome")
