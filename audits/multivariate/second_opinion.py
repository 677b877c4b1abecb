"""The audit `second_opinion`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.multivariate.probed import PROBE, counted


@audit(name="second_opinion", unit="proportion", needs=("columns",), tasks=EVERY_TASK, compared=True, probe=PROBE)
def second_opinion(evidence: Evidence) -> Iterator[Measurement]:
    """Share of columns that evidently calls drifted on a budget of rows, with its own defaults.

    Formula
        Columns below (p-values) or above (distances) evidently's threshold over the columns that it compared.
    Interval and test
        Wilson over columns, as if they were independent. n is the columns compared.
    Tables
        `columns`: method, statistic, threshold, and what evidently says of each.
    When it misleads
        Its defaults depend on the number of rows: p-values up to a thousand, distances beyond. It allows neither for many columns nor for
        windows that vary by themselves.
    Source
        Evidently 0.7, DataDriftPreset.
    """
    yield from counted(evidence, "second_opinion")
