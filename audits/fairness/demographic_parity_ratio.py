"""Demographic parity ratio: lowest over highest selection rate."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.fairness.extremes import extremes, per_attribute, widest_ratio
from audits.fairness.impact_ratio import NO_SELECTION
from audits.fairness.yardstick import compared_groups
from audits.finding import Measurement


@audit(name="demographic_parity_ratio", unit="ratio", needs=("decision", "protected"), favorable=True)
def demographic_parity_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """Lowest selection rate of any known group of an attribute over the highest.

    Formula
        min_g(selected_g / decided_g) / max_g(selected_g / decided_g), over all known groups with decided rows; the same number as
        fairlearn's `demographic_parity_ratio`.
    Interval and test
        Two groups: Katz log interval (Koopman's score below five events), cut at 1. More: MOVER-R for the smallest of all pairs' ratios,
        its high end held for all pairs at once. Chi-squared over all groups (two groups: z or Fisher's exact test). n is the smaller
        extreme group's rows. Tables name the two groups and, for the whole period, the middle 95 % of 1,000 resampled figures
        (`resampled`): how the figure would scatter, which is no interval for the truth.
    When it misleads
        With many or small groups it is small by chance alone (the interval knows, the value and resampled figures do not):
        one person who was refused makes it 0. Compare `impact_ratio`, which keeps tiny groups from being the yardstick.
    Source
        fairlearn; D. Katz et al. (1978), Biometrics 34.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        hits, n = counts.selected[..., groups.slices], counts.decided[..., groups.slices]
        ends = extremes(hits, n)
        found = widest_ratio(hits, n, ends, zero=NO_SELECTION)
        yield per_attribute(evidence, "demographic_parity_ratio", "ratio", groups, found, ends)
