"""The audit `base_rate_bounds`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.selective_labels import between, bounds


@audit(name="base_rate_bounds", unit="proportion", needs=("decision", "outcome"), units="rows")
def base_rate_bounds(evidence: Evidence) -> Iterator[Measurement]:
    """Between what and what the base rate lies, whatever the outcomes are that nobody knows.

    Least and most: the share of favorable outcomes with every unknown one unfavorable, and with every one of them favorable; over all
    predictions, decided or not. Only where labels are selective (see `label_selectivity`).

    It misleads when read as a confidence interval: no sampling error is in it, only what is not known about these very predictions; the
    value, which is the figure on the known outcomes, is no better a guess than any other between the ends.

    Source: C. F. Manski (1990), Nonparametric Bounds on Treatment Effects, American Economic Review 80.

    >>> 41 / 100, (41 + 52) / 100  # 41 favorable, 7 unfavorable, 52 unknown
    (0.41, 0.93)
    """
    c = evidence.counts
    favored, unknown = c.favored[0], c.rows[0] - c.labelled[0]
    yield from bounds(evidence, "base_rate_bounds", between(favored, c.labelled[0] - favored, unknown, unknown))
