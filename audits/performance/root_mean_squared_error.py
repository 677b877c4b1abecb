"""The audit `root_mean_squared_error`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.estimate import Estimates
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share
from audits.performance.rates import of_one_row, shaped, whole

TOO_LARGE = "no interval: the fourth powers of the errors are too large"


@audit(name="root_mean_squared_error", unit="outcome", needs=("score", "outcome"), tasks=("regression",))
def root_mean_squared_error(evidence: Evidence) -> Iterator[Measurement]:
    """The root of the mean squared error, in the unit of the outcome: large errors weigh more.

    √(Σ (prediction - outcome)² / n) over scored predictions with a known outcome. Interval: delta method on the logarithm of the mean
    square, from the fourth powers of the errors, with t of n - 1 degrees of freedom.

    It misleads when errors have a long tail: a handful of rows then decides it, and its interval is too short, because the sample has not
    seen the rows that matter most yet (simulated: 94 % at 500 rows of normal errors, 92 % of Student's t with 5 degrees of freedom,
    89 % of log-normal ones).

    Source: T. Chai and R. R. Draxler (2014), Geoscientific Model Development 7, 1247-1250; scikit-learn, `root_mean_squared_error`.

    >>> round(((3 - 2) ** 2 + (5 - 8) ** 2) ** 0.5 / 2**0.5, 4)
    2.2361
    """
    from scipy.special import stdtrit

    c = evidence.counts
    n = c.total("scored", labelled=True)
    square = share(c.total("error_2", labelled=True), n)
    free = np.where(n > 1, n - 1, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(share(c.total("error_4", labelled=True), n) - square**2, 0.0) / free
        reach = np.where(square > 0, stdtrit(free, 0.975) * np.sqrt(variance) / (2 * square), np.where(n > 1, 0.0, np.nan))
    value = np.sqrt(square)
    found = Estimates(value=value, low=value * np.exp(-reach), high=value * np.exp(reach), n=whole(n), method="delta-log")
    yield shaped(
        evidence, "root_mean_squared_error", "outcome", found, reason="no scored prediction with a known outcome",
        note=np.where((n > 1) & np.isnan(reach), TOO_LARGE, of_one_row(n)).astype(object),
    )  # fmt: skip
