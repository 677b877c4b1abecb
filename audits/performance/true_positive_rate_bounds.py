"""The audit `true_positive_rate_bounds`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.selective_labels import Ends, Known, between, bounds


@audit(name="true_positive_rate_bounds", unit="proportion", needs=("decision", "outcome"), units="rows")
def true_positive_rate_bounds(evidence: Evidence) -> Iterator[Measurement]:
    """Between what and what the true positive rate lies, whatever the outcomes are that nobody knows.

    Least: TP / (TP + FN + negative decisions without an outcome), as if all of them were wrong. Most: the same with every positive decision
    without an outcome right, and none of the negative ones wrong. Only where labels are selective (see `label_selectivity`).

    It misleads when read as a confidence interval: no sampling error is in it, only what is not known about these very predictions; the
    value, which is the figure on the known outcomes, is no better a guess than any other between the ends.

    Source: C. F. Manski (1990), Nonparametric Bounds on Treatment Effects, American Economic Review 80.

    >>> 40 / (40 + 5 + 55), (40 + 5) / (40 + 5 + 5)  # TP 40, FN 5; 5 positive and 55 negative decisions without an outcome
    (0.4, 0.9)
    """

    def ends(known: Known) -> Ends:
        return between(known.true_positives, known.false_negatives, known.positive_unknown, known.negative_unknown)

    yield from bounds(evidence, "true_positive_rate_bounds", ends)
