"""The audit `false_positive_rate_bounds`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.selective_labels import Ends, Known, between, bounds


@audit(name="false_positive_rate_bounds", unit="proportion", needs=("decision", "outcome"), units="rows")
def false_positive_rate_bounds(evidence: Evidence) -> Iterator[Measurement]:
    """Between what and what the false positive rate lies, whatever the outcomes are that nobody knows.

    Least: FP / (FP + TN + negative decisions without an outcome), as if all of them were right. Most: the same with every positive decision
    without an outcome wrong, and none of the negative ones right. Only where labels are selective (see `label_selectivity`).

    It misleads when read as a confidence interval: no sampling error is in it, only what is not known about these very predictions; the
    value, which is the figure on the known outcomes, is no better a guess than any other between the ends.

    Source: C. F. Manski (1990), Nonparametric Bounds on Treatment Effects, American Economic Review 80.

    >>> 10 / (10 + 5 + 85), (10 + 5) / (10 + 5 + 5)  # FP 10, TN 5; 5 positive and 85 negative decisions without an outcome
    (0.1, 0.75)
    """

    def ends(known: Known) -> Ends:
        return between(known.false_positives, known.true_negatives, known.positive_unknown, known.negative_unknown)

    yield from bounds(evidence, "false_positive_rate_bounds", ends)
