"""Scoring rate: share of a group scored above the median of everybody."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit, measurement
from audits.evidence import Evidence
from audits.fairness.above_median import above_median, without_second_pass
from audits.finding import Measurement
from audits.interval import share, wilson


@audit(name="scoring_rate", unit="proportion", needs=("score",), tasks=("binary", "regression"), units="rows")
def scoring_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of each group's scored rows whose score lies strictly above the median of all scored rows of the period.

    Formula
        rows of the group with score > median / scored rows of the group. The median is exact, of the whole population of the same
        window, unknown groups included (a second pass over rows, not read off bins); ties with it are not above it.
    Interval
        Wilson, for n / (1 - w) rows where w is the group's share of all scored rows: the group itself is part of what makes the median,
        which takes the share w off the variance. For everybody the rate is known by definition. n is the group's scored rows. Tables hold
        the median.
    When it misleads
        With few distinct scores many rows tie with the median and every rate falls below one half: a constant score gives 0 for all.
        For a risk score, being above the median is to the group's disadvantage.
    Source
        6 RCNY 5-300, "scoring rate"; the variance: R. R. Bahadur (1966), Annals of Mathematical Statistics 37.
    """
    if not evidence.above:
        yield without_second_pass("scoring_rate", "proportion")
        return
    hits, n = above_median(evidence)
    value, part = share(hits, n), np.nan_to_num(share(n, n[:, :1]))
    rest = np.where(part < 1, 1 - part, 1.0)
    low, high = wilson(hits / rest, n / rest)
    low, high = np.where(part < 1, low, value), np.where(part < 1, high, value)
    method = np.where(part < 1, "wilson", "by definition").astype(object)
    window, place = np.nonzero(n > 0)
    tables = {i: {"median": evidence.medians[w]} for i, w in enumerate(window.tolist()) if w in evidence.medians}
    yield measurement(
        "scoring_rate", "proportion", value=value[window, place], low=low[window, place], high=high[window, place],
        n=n[window, place], method=method[window, place], window=window, slice=place,
        attribute=evidence.attribute_places[place], tables=tables,
    )  # fmt: skip
