"""The audit `brier_score`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.brier_parts import parts
from audits.performance.rates import charted, mean, stratified, with_tables


@audit(name="brier_score", unit="score", needs=("probability", "outcome"), tasks=("binary", "multiclass"))
def brier_score(evidence: Evidence) -> Iterator[Measurement]:
    """The mean squared difference between the score and the outcome (1 for positive, 0 for negative).

    Σ (score - outcome)² / n over scored predictions with a known outcome. 0 is perfect; always answering the base rate b scores
    b(1 - b). Interval: of each outcome's mean by t, and of the share of positive outcomes by Wilson, put together. Its
    parts are in `tables`, and are findings of their own: `brier_score` = `brier_reliability` - `brier_resolution` +
    `brier_uncertainty`.

    In a multiclass task, the sum over all classes as Brier defined it: Σ Σ_k (p_k - [outcome is k])² / n, from 0 to 2; t interval. With two
    classes it is twice the binary figure (scikit-learn's `brier_score_loss` has the same convention unless told to `scale_by_half`).

    It misleads in comparisons between groups or periods with other base rates, since b(1 - b) moves with them.

    Source: G. W. Brier (1950), Monthly Weather Review 78; scikit-learn, `brier_score_loss`.

    >>> round(((0.8 - 1) ** 2 + (0.3 - 0) ** 2) / 2, 4)
    0.065
    """
    c = evidence.counts
    total, squared, n = (c.sums[each] for each in ("error_2", "error_4", "scored"))
    reason = "no scored prediction with a known outcome"
    if evidence.task == "multiclass":
        total, squared, n = (each[..., :2].sum(axis=-1) for each in (total, squared, n))
        yield mean(evidence, "brier_score", "score", total, squared, n, reason=reason)
        return
    block = stratified(evidence, "brier_score", "score", total, squared, n, reason=reason)
    place = np.full(evidence.shape, -1)
    shown = charted(evidence, block)
    place[block.version[shown], block.window[shown], block.slice[shown]] = shown
    tables = {}
    for part in parts(evidence):
        position = place[part.block.version, part.block.window, part.block.slice]
        for cell in np.flatnonzero((position >= 0) & (part.n > 0)).tolist():
            tables[int(position[cell])] = part.table(cell)
    yield with_tables(block, tables)
