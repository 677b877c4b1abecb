"""The audit `accuracy_bounds`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.selective_labels import Ends, Known, between, bounds


@audit(name="accuracy_bounds", unit="proportion", needs=("decision", "outcome"), units="rows")
def accuracy_bounds(evidence: Evidence) -> Iterator[Measurement]:
    """Between what and what the accuracy lies, whatever the outcomes are that nobody knows.

    Least and most: the share of decisions that are right with every decision without an outcome wrong, and with every one of them right.
    Only where labels are selective (see `label_selectivity`).

    It misleads when read as a confidence interval: no sampling error is in it, only what is not known about these very predictions; the
    value, which is the figure on the known outcomes, is no better a guess than any other between the ends.

    Source: C. F. Manski (1990), Nonparametric Bounds on Treatment Effects, American Economic Review 80.

    >>> 45 / 100, (45 + 40) / 100  # 45 right, 15 wrong, 40 decisions without an outcome
    (0.45, 0.85)
    """

    def ends(known: Known) -> Ends:
        unknown = known.positive_unknown + known.negative_unknown
        right, wrong = known.true_positives + known.true_negatives, known.false_positives + known.false_negatives
        return between(right, wrong, unknown, unknown)

    yield from bounds(evidence, "accuracy_bounds", ends)
