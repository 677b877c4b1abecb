"""False positive rate ratio: each group's false positive rate over the reference group's."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.fairness.compare import no_group, per_group, ratios
from audits.fairness.yardstick import compared_groups, selection_yardstick
from audits.finding import Measurement


@audit(name="false_positive_rate_ratio", unit="ratio", needs=("decision", "outcome", "protected"))
def false_positive_rate_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """False positive rate of each group over that of the reference group.

    Formula
        (FP_g / (FP_g + TN_g)) / (FP_r / (FP_r + TN_r)), about `positive`, the value that the model predicts: for a risk score a false
        positive is a person wrongly called risky. The reference group r is that of `impact_ratio`: the highest selection rate.
    Interval and test
        Katz log interval, Koopman's score below five events; pooled z or Fisher's exact test as in `impact_ratio`. n is the group's rows
        with a decision and a negative outcome.
    When it misleads
        A ratio of two small rates swings widely; read it beside the rates. Groups with different base rates have different false
        positive rates under one well-calibrated score, whatever the model does.
    Source
        J. Angwin et al. (2016), Machine Bias; A. Chouldechova (2017), Big Data 5.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("false_positive_rate_ratio", "ratio", groups)
            continue
        hits = counts.false_positives[..., groups.slices]
        n = hits + counts.true_negatives[..., groups.slices]
        reference = selection_yardstick(evidence, groups)
        found = ratios(hits, n, reference, zero="the reference group has no false positive, so there is no rate to compare with")
        yield per_group(evidence, "false_positive_rate_ratio", "ratio", groups, reference, found, counted=(hits, n))
