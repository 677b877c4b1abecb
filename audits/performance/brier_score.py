"""The audit `brier_score`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import mean


@audit(name="brier_score", unit="score", needs=("probability", "outcome"))
def brier_score(evidence: Evidence) -> Iterator[Measurement]:
    """The mean squared difference between the score and the outcome (1 for positive, 0 for negative).

    Σ (score - outcome)² / n over scored predictions with a known outcome; t interval. 0 is perfect; always answering the base rate b
    scores b(1 - b).

    It misleads in comparisons between groups or periods with other base rates, since b(1 - b) moves with them.

    Source: G. W. Brier (1950), Monthly Weather Review 78; scikit-learn, `brier_score_loss`.

    >>> round(((0.8 - 1) ** 2 + (0.3 - 0) ** 2) / 2, 4)
    0.065
    """
    c = evidence.counts
    n = c.total("scored", labelled=True)
    total, squared = c.total("error_2", labelled=True), c.total("error_4", labelled=True)
    yield mean(evidence, "brier_score", "score", total, squared, n, reason="no scored prediction with a known outcome")
