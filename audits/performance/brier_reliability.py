"""The audit `brier_reliability`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.brier_parts import parts


@audit(name="brier_reliability", unit="score", needs=("probability", "outcome"))
def brier_reliability(evidence: Evidence) -> Iterator[Measurement]:
    """The part of the Brier score that comes from miscalibration: the mean squared gap between score and observed rate over score bins.

    Σ n_b (mean score in b - observed rate in b)² / n over ten bins of equally many rows. 0 is perfect. Interval: each bin's gap is normal
    about what was seen; what noise alone adds on average is taken off, variance Σ w² (4 gap² s² + 2 s⁴) + (Σ w gap⁴ - (Σ w gap²)²) / n
    with s² the variance of a bin's observed rate, cut at 0, stretched to hold the value.

    It misleads for few rows, where noise makes a calibrated model look unreliable (the interval then reaches 0), and depends on the
    number of bins: a gap that changes its sign within a bin is not seen.

    Source: A. H. Murphy (1973), Journal of Applied Meteorology 12, 595-600; D. B. Stephenson, C. A. S. Coelho and I. T. Jolliffe (2008),
    Weather and Forecasting 23, 752-757.

    >>> round(0.5 * (0.8 - 0.7) ** 2 + 0.5 * (0.2 - 0.3) ** 2, 4)  # two bins of equal size
    0.01
    """
    for part in parts(evidence):
        yield part.measurement(
            evidence, "brier_reliability", value=part.reliability, low=part.reliability_low, high=part.reliability_high, method="normal"
        )
