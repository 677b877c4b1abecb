"""The audit `estimated_roc_auc`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.report import estimated
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimated_roc_auc", unit="score", needs=("score",))
def estimated_roc_auc(evidence: Evidence) -> Iterator[Measurement]:
    """The chance that a positive outcome will turn out to have had a higher score than a negative one, ties counting half.

    Σ over pairs of rows i < j in the score of p_j (1 - p_i), over Σ over pairs of p_j (1 - p_i) + p_i (1 - p_j), p being the outcome rate
    that the reference shows at a row's score. What the rising curve overstates of its own reference is taken off.

    Interval: 95 % prediction interval for the realised figure: the chance of the rows' own outcomes, the sampling of the reference, and
    past errors beyond chance.

    It misleads when outcomes no longer follow the score as they did in the reference: see `estimation_error` and [how it is
    made](../estimated-performance.md).

    Source: J. Białek, J. Kivimäki, W. Kuberski and N. Perrakis (2025), Estimating Model Performance Under Covariate Shift Without Labels,
    NeurIPS; arXiv:2401.08348.

    >>> 0.8 * (1 - 0.5) / (0.8 * (1 - 0.5) + 0.5 * (1 - 0.8))  # two rows, p = 0.5 and 0.8
    0.8
    """
    yield from estimated(evidence, "roc_auc", "score", "fewer than one outcome of either kind is expected")
