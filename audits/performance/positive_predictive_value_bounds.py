"""The audit `positive_predictive_value_bounds`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.selective_labels import Ends, Known, between, bounds


@audit(name="positive_predictive_value_bounds", unit="proportion", needs=("decision", "outcome"), units="rows")
def positive_predictive_value_bounds(evidence: Evidence) -> Iterator[Measurement]:
    """Between what and what the positive predictive value lies, whatever the outcomes are that nobody knows.

    Least and most: TP / (TP + FP) with every positive decision without an outcome wrong, and with every one of them right.
    Only where labels are selective (see `label_selectivity`).

    It misleads when read as a confidence interval: no sampling error is in it, only what is not known about these very predictions; the
    value, which is the figure on the known outcomes, is no better a guess than any other between the ends.

    Source: C. F. Manski (1990), Nonparametric Bounds on Treatment Effects, American Economic Review 80.

    >>> 40 / (40 + 10 + 50), (40 + 50) / (40 + 10 + 50)  # TP 40, FP 10; 50 positive decisions without an outcome
    (0.4, 0.9)
    """

    def ends(known: Known) -> Ends:
        return between(known.true_positives, known.false_positives, known.positive_unknown, known.positive_unknown)

    yield from bounds(evidence, "positive_predictive_value_bounds", ends)
