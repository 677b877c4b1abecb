"""Label coverage: share of predictions whose outcome is known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import proportion


@audit(name="label_coverage", unit="proportion", tasks=EVERY_TASK)
def label_coverage(evidence: Evidence) -> Iterator[Measurement]:
    """Share of predictions whose outcome is known.

    Formula
        rows with a known outcome / rows, per window and over the whole period, for all versions together and for each. A log whose
        configuration names no outcome column has no figure.
    Interval
        Wilson. n is the rows.
    When it misleads
        Recent windows are low because outcomes take time, not because they are lost. High coverage may still be selective: outcomes
        known for one decision only say nothing about the other.
    Source
        E. B. Wilson (1927), JASA 22, for the interval.
    """
    rows, labelled = evidence.counts.rows[..., 0], evidence.counts.labelled[..., 0]
    version, window = np.nonzero(rows > 0)
    mapped = evidence.model.columns.outcome is not None
    if not mapped:
        version, window = version[:1], window[:1]
    n = rows[version, window]
    found = proportion(labelled[version, window], n if mapped else np.zeros_like(n))
    yield measurement(
        "label_coverage", "proportion", value=found.value, low=found.low, high=found.high, n=np.rint(n), method=found.method,
        window=window, version=version, slice=0, reason="" if mapped else "the configuration maps no outcome column",
    )  # fmt: skip
