"""Hellinger distance: how little two distributions overlap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.drift.chance import chance
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.two_samples import Samples, around
from audits.estimate import Floats
from audits.finding import Measurement


@audit(name="hellinger_distance", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def hellinger_distance(held: Comparison) -> Iterator[Measurement]:
    """√(1 - Σ √(p q)) over bins: 0 for equal shares, 1 for disjoint ones.

    Formula
        Over the bins of `population_stability_index`, without its floor on shares. Missing values are left out.
    Interval and test
        Two samples of one distribution make the squared distance about (1/n + 1/m) / 8 χ² with k = bins - 1 degrees of freedom:
        centre value² - k c with c = (1/n + 1/m) / 8 (worked out from Poisson rows in each bin, for bins of few rows), variance
        (1 - (Σ √(p q))²) (1/n + 1/m) / 4 of the delta method plus 2 k c², cut at 0, and at 0 where the test does not reject, root taken,
        stretched to hold the value. p as for `population_stability_index`. n is the window's rows with a value.
    When it misleads
        Small samples lie at a distance from each other by chance: with 100 rows each and ten bins about 0.15. Bins hide what moves
        inside them, and the order of the bins plays no part.
    Source
        E. Hellinger (1909), Journal für die reine und angewandte Mathematik 136.
    """
    for samples in held.samples:
        squared, bias, variance = divergence(samples)
        low, high = around(squared, bias, variance, most=1.0, p_value=samples.p_value)
        yield per_column(
            held, "hellinger_distance", samples, np.sqrt(squared), np.sqrt(low), np.sqrt(high), method="delta", p_value=samples.p_value
        )


def divergence(samples: Samples) -> tuple[Floats, Floats, Floats]:
    """The squared distance, its bias and its variance, by [column, window].

    It is summed as ½ Σ (√p - √q)², which is exactly 0 for equal shares.
    """
    root_p, root_q = np.sqrt(samples.p), np.sqrt(samples.q)
    value = np.clip(((root_p - root_q) ** 2).sum(axis=-1) / 2, 0.0, 1.0)
    overlap = np.clip((root_p * root_q).sum(axis=-1), 0.0, 1.0)
    bias, variance = chance(samples, _term, 1 / 8)
    return value, bias, (1 - overlap**2) * samples.c / 4 + variance


def _term(rows: Floats, expected: Floats) -> Floats:
    return np.asarray((np.sqrt(rows) - np.sqrt(expected)) ** 2 / 2)
