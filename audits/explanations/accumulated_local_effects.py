"""The audit `accumulated_local_effects`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.explanations.effect_curves import PROBE, ranges
from audits.finding import Measurement


@audit(name="accumulated_local_effects", unit="score", tasks=EVERY_TASK, units="own", probe=PROBE)
def accumulated_local_effects(evidence: Evidence) -> Iterator[Measurement]:
    """How far the answer moves along a column, put together from small steps that each row could take.

    Formula
        The column is cut at 20 quantiles, fewer where there would be less than ten rows in each. In each interval, its rows are moved from
        the lower end to the upper: m = mean of f(upper, others) - f(lower, others). ALE at an end is the sum of the m before it, less a
        constant that makes the mean over rows 0; the figure is max ALE - min ALE. Of a category, the rows of two neighbouring levels are
        moved from one to the other, levels being in the order in which they are most alike in all other columns.
    Tables
        `at`, `effect`, `low`, `high`, and `n`, the rows of the interval that ends at the point; `rows`, all of them, each counted once.
    Interval
        Normal, from the spread of the differences within each interval, added up along the curve; of the figure, of the difference
        between its two ends, which were picked. The cuts are taken as given. n is the rows that the model answered at both ends; one row a
        unit where the log names one. Work stops after 30 seconds: inputs that were not reached have no figure, but that reason.
    When it misleads
        It adds up steps of different rows, so between far ends it need not be what any one row would see. Where columns go together
        closely, the effect of two is dealt out between them. Few rows in an interval make all after it unsure. The order of a category's
        levels is ours; only neighbours are compared. It says what the model does, never what a change would do to people.
    Source
        D. Apley and J. Zhu (2020), Journal of the Royal Statistical Society B 82, 1059-1086.

    >>> import numpy as np
    >>> steps = np.array([2.0, 1.0])  # mean differences in two intervals with as many rows
    >>> ends = np.concatenate([[0.0], steps.cumsum()])
    >>> (ends - ((ends[:-1] + ends[1:]) / 2).mean()).tolist()  # the rows' mean is (1 + 2.5) / 2
    [-1.75, 0.25, 1.25]
    """
    yield from ranges(evidence, "accumulated_local_effects", "accumulated")
