"""Demographic parity difference: highest minus lowest selection rate."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.fairness.extremes import extremes, per_attribute, widest_difference
from audits.fairness.yardstick import compared_groups
from audits.finding import Measurement


@audit(name="demographic_parity_difference", unit="difference", needs=("decision", "protected"), favorable=True)
def demographic_parity_difference(evidence: Evidence) -> Iterator[Measurement]:
    """Highest selection rate of any known group of an attribute minus the lowest.

    Formula
        max_g(selected_g / decided_g) - min_g(selected_g / decided_g), over all known groups with decided rows; the same number as
        fairlearn's `demographic_parity_difference`.
    Interval and test
        Newcombe interval; of more than two groups, made for the widest of all pairs: the low end holds for all pairs at once, the high end
        is the largest of all pairs'. Cut at 0. Chi-squared over all groups (two groups: z or Fisher's exact test). n is the smaller
        extreme group's rows. Tables name the two groups and, for the whole period, the middle 95 % of 1,000 resampled
        figures (`resampled`): how the figure would scatter, which is no interval for the truth.
    When it misleads
        It is a largest minus a smallest: with many or small groups the value is large by chance alone. The interval takes that into
        account. Resampled figures do not: each adds noise to a maximum once more, so that all of them may lie above the truth.
    Source
        fairlearn; R. G. Newcombe (1998), Statistics in Medicine 17; A. Agresti, M. Bini, B. Bertaccini and E. Ryu (2008), Biometrics 64.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        ends = extremes(counts.selected[..., groups.slices], counts.decided[..., groups.slices])
        yield per_attribute(evidence, "demographic_parity_difference", "difference", groups, widest_difference(ends), ends)
