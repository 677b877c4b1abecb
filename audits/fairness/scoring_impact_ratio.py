"""Scoring impact ratio: each group's scoring rate over the highest group's."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import Evidence
from audits.fairness.above_median import above_median, without_second_pass
from audits.fairness.compare import no_group, per_group, ratios
from audits.fairness.yardstick import compared_groups, yardstick
from audits.finding import Measurement
from audits.interval import share


@audit(name="scoring_impact_ratio", unit="ratio", needs=("score", "protected"), tasks=("binary", "regression"), units="rows")
def scoring_impact_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """Scoring rate of each group over the scoring rate of the reference group.

    Formula
        scoring_rate_g / scoring_rate_r. The reference group r is the one that the configuration names, else it has the highest scoring rate
        among groups with at least 30 scored rows, or 2 % of them and more than one; it is reported too, with 1 by definition.
    Interval and test
        Katz log interval, Koopman's score below five events; pooled z or Fisher's exact test as in `impact_ratio`, with the median taken as
        known. n is the group's scored rows.
    When it misleads
        For a risk score the highest scoring rate is the least favored group. With few distinct scores the rates hang on ties.
    Source
        6 RCNY 5-300, "impact ratio".
    """
    if not evidence.above:
        yield without_second_pass("scoring_impact_ratio", "ratio")
        return
    above, scored = above_median(evidence)
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("scoring_impact_ratio", "ratio", groups)
            continue
        hits, n = above[None, :, groups.slices], scored[None, :, groups.slices]
        reference = yardstick(share(hits, n), n, scored[None, :, 0], groups.allowed)
        found = ratios(hits, n, reference, zero="no score lies above the median, so there is no rate to compare with")
        yield per_group(evidence, "scoring_impact_ratio", "ratio", groups, reference, found, counted=(hits, n))
