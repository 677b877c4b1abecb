"""Unseen category rate: share of values that the reference does not have."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import EVERY_TASK, audit
from audits.bins import CATEGORIES, CategoricalBins
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.quality.layout import absent, binned, column_shares, valued


@audit(name="unseen_category_rate", unit="proportion", needs=("columns",), tasks=EVERY_TASK, compared=True)
def unseen_category_rate(evidence: Evidence) -> Iterator[Measurement]:
    """Share of a categorical column's values that do not occur in the reference.

    Formula
        unseen / rows with a value, per categorical column and window. Tables of the whole period list the most frequent unseen values
        with their counts. A column with more than 100 categories in the reference has no figure: its rare values are not kept one by
        one, so a new one cannot be told from a rare one.
    Interval
        Wilson. n is the rows with a value.
    When it misleads
        A short reference makes ordinary rare values look new. A renamed category shows as unseen here and as vanished in `l_infinity`.
    Source
        E. B. Wilson (1927), JASA 22, for the interval.
    """
    for column, bins, counts in binned(evidence):
        if isinstance(bins, CategoricalBins):
            n = valued(counts)
            levels = dict(sorted(counts.unseen_levels.items(), key=lambda pair: (-pair[1], pair[0]))[:20])
            too_many = f"the reference has more than {CATEGORIES} categories, so a new one cannot be told from a rare one"
            yield column_shares(
                "unseen_category_rate", column, counts.special["unseen"], n, n + absent(counts),
                tables={0: {"levels": levels}} if levels else None, reason="" if bins.complete else too_many,
            )  # fmt: skip
