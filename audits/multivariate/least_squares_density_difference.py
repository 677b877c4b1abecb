"""The audit `least_squares_density_difference`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, part


@audit(name="least_squares_density_difference", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def least_squares_density_difference(evidence: Evidence) -> Iterator[Measurement]:
    """Integrated squared difference of the two densities, estimated directly (alibi-detect, needs PyTorch).

    Formula
        ∫ (p(x) - q(x))² dx by least squares with Gaussian kernels. At most 1,000 rows of either side.
    Interval and test
        No interval: with fewer rows the estimate is another one; p by 200 permutations, counted as (1 + b) / (1 + B). n is the
        window's rows used.
    Tables
        Rows used and available, seconds.
    When it misleads
        In many dimensions densities are hardly estimated at all: read it beside `domain_classifier_auc`.
    Source
        M. Sugiyama et al. (2013), Density-Difference Estimation, Neural Computation 25.
    """
    yield from part(evidence, "least_squares_density_difference", "distance")
