"""The audit `interval_width`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import mean


@audit(name="interval_width", unit="outcome", needs=("prediction_low", "prediction_high", "outcome"), tasks=("regression",))
def interval_width(evidence: Evidence) -> Iterator[Measurement]:
    """The mean width of the predicted intervals, in the unit of the outcome.

    Σ (prediction_high - prediction_low) / n over rows with both ends and a known outcome, the rows of `interval_coverage`; t interval.

    It misleads alone: narrow intervals are worth something only while they cover what they promise.

    Source: T. Gneiting, F. Balabdaoui and A. E. Raftery (2007), J. R. Stat. Soc. B 69, 243-268.
    """
    c = evidence.counts
    if "width" in c.sums:
        total, squared, n = (c.total(name, labelled=True) for name in ("width", "width_squared", "covered_n"))
        yield mean(evidence, "interval_width", "outcome", total, squared, n, reason="no predicted interval with a known outcome")
