"""The audit `estimated_accuracy`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.report import estimated
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimated_accuracy", unit="proportion", needs=("score", "decision"))
def estimated_accuracy(evidence: Evidence) -> Iterator[Measurement]:
    """The share of decisions that will turn out to agree with the outcome.

    (TP + TN) / (TP + FP + FN + TN). TP, FP, FN and TN are the outcomes to be expected: Σ p over the positive decisions, Σ (1 - p) over
    them, and so on, p being the outcome rate that the reference shows at a row's score.

    Interval: 95 % prediction interval for the realised figure: the chance of the rows' own outcomes, the sampling of the reference, and
    past errors beyond chance.

    It misleads when outcomes no longer follow the score as they did in the reference: see `estimation_error` and [how it is
    made](../estimated-performance.md).

    Source: J. Białek, J. Kivimäki, W. Kuberski and N. Perrakis (2025), Estimating Model Performance Under Covariate Shift Without Labels,
    NeurIPS; arXiv:2401.08348.

    >>> round((0.9 + 0.8 + (1 - 0.3)) / 3, 4)  # three decisions: yes at p = 0.9 and 0.8, no at 0.3
    0.8
    """
    yield from estimated(evidence, "accuracy", "proportion", "no prediction with a score and a decision")
