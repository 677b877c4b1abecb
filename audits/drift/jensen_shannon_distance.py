"""Jensen-Shannon distance, base 2: the root of how much an observation tells about which sample it came from, in bits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit
from audits.drift.chance import chance
from audits.drift.comparison import Comparison, against_reference, per_column
from audits.drift.two_samples import Samples, around, delta_variance
from audits.estimate import Floats
from audits.finding import Measurement


@audit(name="jensen_shannon_distance", unit="distance", needs=("columns",), tasks=EVERY_TASK, compared=True)
@against_reference
def jensen_shannon_distance(held: Comparison) -> Iterator[Measurement]:
    """√(½ Σ p log₂(p / s) + ½ Σ q log₂(q / s)) over bins, with s = (p + q) / 2: 0 for equal shares, 1 for disjoint ones.

    Formula
        Over the bins of `population_stability_index`, without its floor on shares; the same number as scipy's `jensenshannon` with
        base 2. Missing values are left out.
    Interval and test
        Two samples of one distribution make the squared distance about (1/n + 1/m) / (8 ln 2) χ² with k = bins - 1 degrees of freedom:
        centre value² - k c with c = (1/n + 1/m) / (8 ln 2) (worked out from Poisson rows in each bin, for bins of few rows), variance of
        the delta method plus 2 k c², cut at 0, and at 0 where the test does not reject, root taken, stretched to hold the value. p as for
        `population_stability_index`. n is the window's rows with a value.
    When it misleads
        Small samples lie at a distance from each other by chance: with 100 rows each and ten bins about 0.13. Bins hide what moves
        inside them, and the order of the bins plays no part.
    Source
        J. Lin (1991), IEEE Transactions on Information Theory 37; D. M. Endres and J. E. Schindelin (2003), same journal 49.
    """
    for samples in held.samples:
        squared, bias, variance = divergence(samples)
        low, high = around(squared, bias, variance, most=1.0, p_value=samples.p_value)
        yield per_column(
            held, "jensen_shannon_distance", samples, np.sqrt(squared), np.sqrt(low), np.sqrt(high), method="delta",
            p_value=samples.p_value,
        )  # fmt: skip


def divergence(samples: Samples) -> tuple[Floats, Floats, Floats]:
    """The squared distance, its bias and its variance, by [column, window]."""
    p, q = samples.p, samples.q
    middle = (p + q) / 2
    by_p = np.log2(np.divide(p, middle, out=np.ones_like(middle), where=np.broadcast_to(p > 0, middle.shape))) / 2
    by_q = np.log2(np.divide(q, middle, out=np.ones_like(middle), where=q > 0)) / 2
    value = np.clip((p * by_p + q * by_q).sum(axis=-1), 0.0, 1.0)
    bias, variance = chance(samples, _term, 1 / (8 * np.log(2)))
    return value, bias, delta_variance(samples, by_p, by_q) + variance


def _term(rows: Floats, expected: Floats) -> Floats:
    both = (rows + expected) / 2
    return np.asarray((expected * np.log2(expected / both) + rows * np.log2(np.maximum(rows, 1.0) / both)) / 2)
