"""False negative rate ratio: each group's false negative rate over the reference group's."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.fairness.compare import no_group, per_group, ratios
from audits.fairness.yardstick import compared_groups, selection_yardstick
from audits.finding import Measurement


@audit(name="false_negative_rate_ratio", unit="ratio", needs=("decision", "outcome", "protected"))
def false_negative_rate_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """False negative rate of each group over that of the reference group.

    Formula
        (FN_g / (FN_g + TP_g)) / (FN_r / (FN_r + TP_r)), about `positive`, the value that the model predicts:
        a false negative about a loan that would have been repaid is a person wrongly turned down.
        The reference group r is that of `impact_ratio`.
    Interval and test
        Katz log interval, Koopman's score below five events; pooled z or Fisher's exact test as in `impact_ratio`. n is the group's rows
        with a decision and a positive outcome.
    When it misleads
        A ratio of two small rates swings widely; read it beside the rates. Where outcomes are known for the selected only, nobody who
        was refused can be a false negative, and the ratio says nothing.
    Source
        J. Kleinberg, S. Mullainathan and M. Raghavan (2017), ITCS; J. Angwin et al. (2016), Machine Bias.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("false_negative_rate_ratio", "ratio", groups)
            continue
        hits = counts.false_negatives[..., groups.slices]
        n = hits + counts.true_positives[..., groups.slices]
        reference = selection_yardstick(evidence, groups)
        found = ratios(hits, n, reference, zero="the reference group has no false negative, so there is no rate to compare with")
        yield per_group(evidence, "false_negative_rate_ratio", "ratio", groups, reference, found, counted=(hits, n))
