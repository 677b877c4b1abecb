"""Predictive parity difference: each group's positive predictive value minus the reference group's."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.fairness.compare import differences, no_group, per_group
from audits.fairness.yardstick import compared_groups, selection_yardstick
from audits.finding import Measurement


@audit(name="predictive_parity_difference", unit="difference", needs=("decision", "outcome", "protected"))
def predictive_parity_difference(evidence: Evidence) -> Iterator[Measurement]:
    """Positive predictive value of each group minus that of the reference group.

    Formula
        TP_g / (TP_g + FP_g) - TP_r / (TP_r + FP_r), about `positive`, the value that the model predicts. The reference group r is that
        of `impact_ratio`: the highest selection rate. Negative: a positive decision about this group is right less often.
    Interval and test
        Newcombe interval; pooled z or Fisher's exact test as in `impact_ratio`. n is the group's rows decided positive with a known
        outcome.
    When it misleads
        It follows the base rate: a group in which the positive outcome is rarer has a lower predictive value at the same error rates.
    Source
        A. Chouldechova (2017), Fair prediction with disparate impact, Big Data 5.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("predictive_parity_difference", "difference", groups)
            continue
        hits = counts.true_positives[..., groups.slices]
        n = hits + counts.false_positives[..., groups.slices]
        reference = selection_yardstick(evidence, groups)
        found = differences(hits, n, reference)
        yield per_group(evidence, "predictive_parity_difference", "difference", groups, reference, found, counted=(hits, n))
