"""The audit `interval_coverage`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.rates import rate


@audit(name="interval_coverage", unit="proportion", needs=("prediction_low", "prediction_high", "outcome"), tasks=("regression",))
def interval_coverage(evidence: Evidence) -> Iterator[Measurement]:
    """The share of outcomes that lie inside the interval that the model predicted for them.

    Rows with prediction_low <= outcome <= prediction_high / rows with both ends and a known outcome; Wilson interval.

    It misleads alone: an interval that is wide enough covers everything (see `interval_width`), and the right coverage on average may be
    made of groups that are covered too rarely and others too often. Compare it with the level that the model promises.

    Source: T. Gneiting, F. Balabdaoui and A. E. Raftery (2007), J. R. Stat. Soc. B 69, 243-268.
    """
    c = evidence.counts
    if "covered" in c.sums:
        hits, n = c.total("covered", labelled=True), c.total("covered_n", labelled=True)
        yield rate(evidence, "interval_coverage", hits, n, reason="no predicted interval with a known outcome")
