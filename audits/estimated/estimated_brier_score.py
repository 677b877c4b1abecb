"""The audit `estimated_brier_score`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.report import estimated
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimated_brier_score", unit="score", needs=("probability",))
def estimated_brier_score(evidence: Evidence) -> Iterator[Measurement]:
    """The mean squared difference between the score and the outcome that will be observed.

    Σ (p (score - 1)² + (1 - p) score²) / n, p being the outcome rate that the reference shows at a row's score; scores as they lie in the
    reference within a piece of the grid (at most 1/80 of it; 1/20 for intersections).

    Interval: 95 % prediction interval for the realised figure: the chance of the rows' own outcomes, the sampling of the reference, and
    past errors beyond chance.

    It misleads when outcomes no longer follow the score as they did in the reference: see `estimation_error` and [how it is
    made](../estimated-performance.md).

    Source: J. Białek, J. Kivimäki, W. Kuberski and N. Perrakis (2025), Estimating Model Performance Under Covariate Shift Without Labels,
    NeurIPS; arXiv:2401.08348.

    >>> round(0.7 * (0.8 - 1) ** 2 + 0.3 * 0.8**2, 4)  # a score of 0.8 where 7 of 10 outcomes were positive
    0.22
    """
    yield from estimated(evidence, "brier_score", "score", "no prediction with a score")
