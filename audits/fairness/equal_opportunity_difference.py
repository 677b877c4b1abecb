"""Equal opportunity difference: highest minus lowest rate of favorable decisions among people with the favorable outcome."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.estimate import Floats
from audits.evidence import NO, YES, Evidence
from audits.fairness.compare import ONE_GROUP
from audits.fairness.extremes import extremes, per_attribute, widest_difference
from audits.fairness.yardstick import Groups, compared_groups
from audits.finding import Measurement


@audit(name="equal_opportunity_difference", unit="difference", needs=("decision", "outcome", "protected"))
def equal_opportunity_difference(evidence: Evidence) -> Iterator[Measurement]:
    """Among people whose outcome is favorable: highest share of any known group that got the favorable decision, minus the lowest.

    Formula
        max_g TPR_g - min_g TPR_g with TPR_g = P(decision favorable | outcome favorable, group g): opportunity is about the favorable
        value, so it is coded as 1 here. It equals fairlearn's `equal_opportunity_difference` with favorable as 1, and the model's own
        true positive rate when `positive` is the favorable value. Only rows with a decision and a known outcome count.
    Interval and test
        Newcombe interval; of more than two groups, made for the widest of all pairs: the low end holds for all pairs at once, the high end
        is the largest of all pairs'. Cut at 0. Chi-squared over all groups (two groups: z or Fisher's exact test). n is the smaller
        extreme group's rows with the favorable outcome. Tables name the two groups and, for the whole period, the middle 95 % of 1,000
        resampled figures (`resampled`; see `demographic_parity_difference`).
    When it misleads
        Where outcomes are only known for those who were selected, the share is near 1 for every group and the gap says nothing.
        With many or small groups a largest minus a smallest is large by chance alone: the interval knows, the value does not.
    Source
        M. Hardt, E. Price and N. Srebro (2016), Equality of Opportunity in Supervised Learning.
    """
    for groups in compared_groups(evidence):
        ends = extremes(*favorable_decisions(evidence, groups, outcome=YES))
        found = widest_difference(ends, few=few_groups(YES))
        yield per_attribute(evidence, "equal_opportunity_difference", "difference", groups, found, ends)


def favorable_decisions(evidence: Evidence, groups: Groups, *, outcome: int) -> tuple[Floats, Floats]:
    """Favorable decisions and all decisions among rows with this outcome (`YES` is favorable), by [version, window, group]."""
    table = evidence.counts.table[:, :, groups.slices]
    return table[..., YES, outcome], table[..., :2, outcome].sum(axis=-1)


def few_groups(outcome: int) -> str:
    """The reason given where fewer than two groups have rows with this outcome."""
    return f"{ONE_GROUP} (decided, with a known {'unfavorable' if outcome == NO else 'favorable'} outcome)"
