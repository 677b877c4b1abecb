"""The audit `negative_predictive_value_bounds`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.selective_labels import Ends, Known, between, bounds


@audit(name="negative_predictive_value_bounds", unit="proportion", needs=("decision", "outcome"), units="rows")
def negative_predictive_value_bounds(evidence: Evidence) -> Iterator[Measurement]:
    """Between what and what the negative predictive value lies, whatever the outcomes are that nobody knows.

    Least and most: TN / (TN + FN) with every negative decision without an outcome wrong, and with every one of them right.
    Only where labels are selective (see `label_selectivity`).

    It misleads when read as a confidence interval: no sampling error is in it, only what is not known about these very predictions; the
    value, which is the figure on the known outcomes, is no better a guess than any other between the ends.

    Source: C. F. Manski (1990), Nonparametric Bounds on Treatment Effects, American Economic Review 80.

    >>> 4 / (4 + 1 + 95), (4 + 95) / (4 + 1 + 95)  # TN 4, FN 1; 95 negative decisions without an outcome
    (0.04, 0.99)
    """

    def ends(known: Known) -> Ends:
        return between(known.true_negatives, known.false_negatives, known.negative_unknown, known.negative_unknown)

    yield from bounds(evidence, "negative_predictive_value_bounds", ends)
