"""The audit `brier_resolution`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.brier_parts import parts


@audit(name="brier_resolution", unit="score", needs=("probability", "outcome"))
def brier_resolution(evidence: Evidence) -> Iterator[Measurement]:
    """The part of the Brier score that telling cases apart takes off: how far observed rates lie from the base rate over score bins.

    Σ n_b (observed rate in b - base rate)² / n over ten bins of equally many rows, minus the variance of scores within the bins plus
    twice their covariance with the outcome there (the generalised resolution, so that `brier_score` = `brier_reliability` - this +
    `brier_uncertainty` exactly; the plain one is in the tables of `brier_score`). 0 for a model that tells nothing apart, at best the
    uncertainty. Interval: delta method from each row's influence, what noise adds on average taken off, stretched to hold the value.

    It misleads in comparisons between groups or periods with other base rates, since its ceiling b(1 - b) moves with them.

    Source: A. H. Murphy (1973), Journal of Applied Meteorology 12, 595-600; D. B. Stephenson, C. A. S. Coelho and I. T. Jolliffe (2008),
    Weather and Forecasting 23, 752-757.

    >>> round(0.5 * (0.7 - 0.5) ** 2 + 0.5 * (0.3 - 0.5) ** 2, 4)  # two bins of equal size, one score in each
    0.04
    """
    for part in parts(evidence):
        yield part.measurement(
            evidence, "brier_resolution", value=part.generalised, low=part.resolution_low, high=part.resolution_high, method="delta"
        )
