"""The audit `r_squared`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audits.audit import audit
from audits.estimate import Estimates
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share
from audits.performance.rates import shaped, whole

FLAT = 1e-12
"""A variance below this share of the mean square is rounding."""


@audit(name="r_squared", unit="score", needs=("score", "outcome"), tasks=("regression",))
def r_squared(evidence: Evidence) -> Iterator[Measurement]:
    """The share of the variance of the outcome that the prediction accounts for.

    1 - Σ (prediction - outcome)² / Σ (outcome - mean outcome)², over scored predictions with a known outcome. 1 is perfect, 0 is always
    predicting the mean of the very same outcomes, and below 0 is worse than that. Interval: delta method on log(1 - R²), from the stored
    moments of errors and outcomes and their products, with t of n - 1 degrees of freedom; no distribution is assumed.

    It misleads in comparisons: a group or a period whose outcomes vary less has a lower R² with the same errors. With a long tail of errors
    or outcomes its interval is too short (simulated: 94 % at 500 rows of normal errors, 91 % of log-normal ones).

    Source: scikit-learn, `r2_score`; A. W. van der Vaart, Asymptotic Statistics (1998), chapter 3, for the delta method.

    >>> 1 - ((3 - 2) ** 2 + (5 - 8) ** 2) / ((2 - 5) ** 2 + (8 - 5) ** 2)
    0.4444444444444444
    """
    from scipy.special import stdtrit

    c, grid = evidence.counts, evidence.bins.outcome_bins
    n = c.total("scored", labelled=True)
    scale = np.float64((grid.deviation or 1.0) if grid is not None else 1.0)
    if "error_2_truth_2" not in c.sums:
        return

    def per_row(name: str) -> NDArray[np.float64]:
        return share(c.total(name, labelled=True), n)

    with np.errstate(over="ignore"):
        fourth_power = scale**4
    beyond = not np.isfinite(fourth_power)  # such errors have no fourth powers: a value, and no interval
    square = per_row("error_2") / scale / scale  # in standard deviations of the reference's outcomes
    fourth = np.full(n.shape, np.nan) if beyond else per_row("error_4") / fourth_power
    t1, t2, t3, t4 = (per_row(f"truth_{power}") for power in (1, 2, 3, 4))
    spread = t2 - t1**2
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(spread > FLAT * (1 + t1**2), square / spread, np.nan)
        both = (per_row("error_2_truth_2") - 2 * t1 * per_row("error_2_truth_1")) / scale / scale + t1**2 * square
        truths = t4 - 4 * t1 * t3 + 6 * t1**2 * t2 - 3 * t1**4
        free = np.where(n > 1, n - 1, np.nan)
        variance = np.maximum(fourth - 2 * left * both + left**2 * truths, 0.0) / spread**2 / free
        reach = np.where(left > 0, stdtrit(free, 0.975) * np.sqrt(variance) / left, 0.0)
        value, low, high = (np.asarray(1.0 - left * each) for each in (1.0, np.exp(reach), np.exp(-reach)))
        found = Estimates(value=value, low=low, high=high, n=whole(n), method="delta-log")
    note = np.full(n.shape, "no interval: the fourth powers of the errors are too large" if beyond else "", dtype=object)
    block = shaped(evidence, "r_squared", "score", found, reason="all known outcomes are the same", note=note)
    block.reason[:] = np.where(np.isnan(block.value) & (block.n == 0), "no scored prediction with a known outcome", block.reason)
    yield block
