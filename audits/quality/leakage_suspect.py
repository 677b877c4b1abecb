"""Leakage suspect: a feature that alone explains nearly all of the outcome."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="leakage_suspect", unit="proportion", needs=("outcome_column", "leaks"), tasks=EVERY_TASK, units="rows")
def leakage_suspect(evidence: Evidence) -> Iterator[Measurement]:
    """Share of the outcome's variance that a feature alone explains, on rows that were not used to learn it.

    Formula
        1 - Σ (y - mean of y in the feature's bin)² / Σ (y - mean of y)², on the first labelled rows of the reference (at most 20,000),
        halved: bin means are taken on the other half. A column of numbers has 50 even bins or its values, a column of categories its 200
        most frequent. Classes are taken together, each as 0 and 1. Only for the whole period.
    Interval
        Normal, from the rows' own losses. n is the rows used.
    When it misleads
        A feature may rightly know nearly all, and one that leaks only for some rows explains little. A leak through several columns
        together is not seen. What is known only after the decision, and yet predicts the outcome moderately, looks innocent here.
    Source
        S. Kaufman et al. (2012), Leakage in Data Mining, ACM TKDD 6; K. Pearson (1905), the correlation ratio.
    """
    leaks = evidence.ledger.leaks
    for position, name in enumerate(evidence.columns):
        if name in leaks:
            found = leaks[name]
            value, low, high, n = (np.asarray([x]) for x in (found.value, found.low, found.high, found.n))
            yield measurement(
                "leakage_suspect", "proportion", value=value, low=low, high=high, n=n, method="normal", slice=0, column=position
            )
