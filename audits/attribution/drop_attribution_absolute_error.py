"""The audit `drop_attribution_absolute_error`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.attribution.drop import drop
from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="drop_attribution_absolute_error", unit="outcome", tasks=("regression",), units="own", probe="drop")
def drop_attribution_absolute_error(evidence: Evidence) -> Iterator[Measurement]:
    """The change of the mean absolute error from the reference to a window, taken apart as `drop_attribution` does.

    Formula
        As in `drop_attribution`, of mean |prediction - outcome|. What a changed scale does to a prediction is taken off the error of each
        row, as a model of the reference's predictions has it.
    Interval
        Percentiles of a bootstrap over rows (over units where they repeat), models and weights held fixed: somewhat too narrow.
    When it misleads
        As `drop_attribution`; and a few very large errors may be most of the change: see `median_absolute_error`.
    Source
        K. Budhathoki et al. (2021), Why did the distribution change?, AISTATS; H. Zhang et al. (2023), "Why did the model fail?", ICML;
        T. T. Cai, H. Namkoong and S. Yadlowsky (2023), Diagnosing model performance under distribution shift, arXiv 2303.02011.
    """
    yield from drop(evidence, "drop_attribution_absolute_error", "outcome", ("mean_absolute_error",))
