"""The audit `estimated_average_precision`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.report import estimated
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimated_average_precision", unit="score", needs=("score",))
def estimated_average_precision(evidence: Evidence) -> Iterator[Measurement]:
    """The precision at each positive outcome, going down from the highest score, averaged over the positive outcomes to be expected.

    Σ over rows from the highest score down of p x (expected precision there), over Σ p, p being the outcome rate that the reference shows
    at a row's score. What the rising curve overstates of its own reference is taken off.

    Interval: 95 % prediction interval for the realised figure: the chance of the rows' own outcomes, the sampling of the reference, and
    past errors beyond chance.

    It misleads when outcomes no longer follow the score as they did in the reference: see `estimation_error` and [how it is
    made](../estimated-performance.md).

    Source: J. Białek, J. Kivimäki, W. Kuberski and N. Perrakis (2025), Estimating Model Performance Under Covariate Shift Without Labels,
    NeurIPS; arXiv:2401.08348.

    >>> round((0.8 * 1 + 0.5 * (0.8 + 1) / 2) / (0.8 + 0.5), 4)  # two rows, p = 0.8 and below it 0.5
    0.9615
    """
    yield from estimated(evidence, "average_precision", "score", "fewer than one positive outcome is expected")
