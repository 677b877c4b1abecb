"""The audit `estimated_mean_absolute_error`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.report import estimated_error
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimated_mean_absolute_error", unit="outcome", needs=("score",), tasks=("regression",))
def estimated_mean_absolute_error(evidence: Evidence) -> Iterator[Measurement]:
    """The mean size of the errors that outcomes will show, in the outcome's unit.

    Σ n ℓ / Σ n over forty runs of predictions with about as many reference rows each (20 coarse bins for intersections), ℓ being the mean
    absolute error that the reference shows in a run.

    Interval: 95 % prediction interval for the realised figure on the logarithmic scale: the chance of the rows' own errors, the sampling of
    the reference, and past errors beyond chance.

    It misleads when errors are no longer what they were at such predictions: see `estimation_error` and [how it is
    made](../estimated-performance.md).

    Source: NannyML, Direct Loss Estimation, which learns the loss with a model of the features; here it is read off the predictions alone.

    >>> (100 * 2.0 + 300 * 4.0) / 400  # 100 predictions where the reference erred by 2 on average, 300 where it erred by 4
    3.5
    """
    yield from estimated_error(evidence, "mean_absolute_error")
