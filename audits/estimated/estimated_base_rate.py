"""The audit `estimated_base_rate`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.report import estimated
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimated_base_rate", unit="proportion", needs=("score",))
def estimated_base_rate(evidence: Evidence) -> Iterator[Measurement]:
    """The share of favorable outcomes that the scores lead to expect.

    Σ p / n over all scored predictions, p being the outcome rate that the reference shows at a row's score (1 - p where the positive
    outcome is not the favorable one).

    Interval: 95 % prediction interval for the realised figure: the chance of the rows' own outcomes, the sampling of the reference, and
    past errors beyond chance.

    It misleads when outcomes no longer follow the score as they did in the reference: see `estimation_error` and [how it is
    made](../estimated-performance.md).

    Source: J. Białek, J. Kivimäki, W. Kuberski and N. Perrakis (2025), Estimating Model Performance Under Covariate Shift Without Labels,
    NeurIPS; arXiv:2401.08348.

    >>> round((0.9 + 0.8 + 0.3) / 3, 4)
    0.6667
    """
    yield from estimated(evidence, "base_rate", "proportion", "no prediction with a score")
