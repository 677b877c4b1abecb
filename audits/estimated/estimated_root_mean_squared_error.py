"""The audit `estimated_root_mean_squared_error`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimated.report import estimated_error
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="estimated_root_mean_squared_error", unit="outcome", needs=("score",), tasks=("regression",))
def estimated_root_mean_squared_error(evidence: Evidence) -> Iterator[Measurement]:
    """The root of the mean squared error that outcomes will show, in the outcome's unit.

    √(Σ n q / Σ n) over forty runs of predictions with about as many reference rows each (20 coarse bins for intersections), q being the
    mean squared error that the reference shows in a run.

    Interval: 95 % prediction interval for the realised figure on the logarithmic scale: the chance of the rows' own errors, the sampling of
    the reference, and past errors beyond chance.

    It misleads when errors are no longer what they were at such predictions: see `estimation_error` and [how it is
    made](../estimated-performance.md).

    Source: NannyML, Direct Loss Estimation, which learns the loss with a model of the features; here it is read off the predictions alone.

    >>> round(((100 * 4.0 + 300 * 16.0) / 400) ** 0.5, 4)  # 100 predictions where the mean squared error was 4, 300 where it was 16
    3.6056
    """
    yield from estimated_error(evidence, "root_mean_squared_error")
