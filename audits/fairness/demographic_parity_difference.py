"""Demographic parity difference: highest minus lowest selection rate."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.fairness.compare import extremes, per_attribute, widest_difference
from audits.fairness.yardstick import compared_groups
from audits.finding import Measurement


@audit(name="demographic_parity_difference", unit="difference", needs=("decision", "protected"))
def demographic_parity_difference(evidence: Evidence) -> Iterator[Measurement]:
    """Highest selection rate of any known group of an attribute minus the lowest.

    Formula
        max_g(selected_g / decided_g) - min_g(selected_g / decided_g), over all known groups with decided rows; the same number as
        fairlearn's `demographic_parity_difference`.
    Interval and test
        Newcombe interval of the two extreme groups, cut at 0; chi-squared over all groups (two groups: z or Fisher's exact test).
        n is the smaller extreme group's rows. Tables name the two groups.
    When it misleads
        It is a largest minus a smallest: with many or small groups it is large by chance alone, and the interval, made as if the two
        groups had been named beforehand, does not take that away. A group of one person can make it 1.
    Source
        fairlearn; R. G. Newcombe (1998), Statistics in Medicine 17.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        ends = extremes(counts.selected[..., groups.slices], counts.decided[..., groups.slices])
        yield per_attribute(evidence, "demographic_parity_difference", "difference", groups, widest_difference(ends), ends)
