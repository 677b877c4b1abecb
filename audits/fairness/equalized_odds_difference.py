"""Equalized odds difference: the larger of the gaps in true positive and in false positive rate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.evidence import NO, YES, Evidence
from audits.fairness.compare import Compared
from audits.fairness.equal_opportunity_difference import favorable_decisions, few_groups
from audits.fairness.extremes import Extremes, extremes, per_attribute, widest_difference
from audits.fairness.yardstick import compared_groups
from audits.finding import Measurement


@audit(name="equalized_odds_difference", unit="difference", needs=("decision", "outcome", "protected"))
def equalized_odds_difference(evidence: Evidence) -> Iterator[Measurement]:
    """The larger of two gaps between groups: in favorable decisions among favorable outcomes, and among unfavorable outcomes.

    Formula
        max(max_g TPR_g - min_g TPR_g, max_g FPR_g - min_g FPR_g), with favorable coded as 1 for decision and outcome; the same number
        as fairlearn's `equalized_odds_difference` with its default worst case over the two rates.
    Interval and test
        From the intervals of the two gaps, made as for `equal_opportunity_difference` with low ends that hold at 97.5 % each: the larger
        low to the larger high. Twice the smaller of the two p-values. n is the smaller extreme group of the larger gap. Tables name its
        two groups and, for the whole period, the middle 95 % of 1,000 resampled figures (`resampled`; see `demographic_parity_difference`).
    When it misleads
        The larger of two noisy gaps is large by chance alone; see `equal_opportunity_difference` for outcomes that are known for the
        selected only. When base rates differ, equal odds and equal predictive values cannot both hold.
    Source
        M. Hardt, E. Price and N. Srebro (2016); fairlearn.
    """
    for groups in compared_groups(evidence):
        ends = [extremes(*favorable_decisions(evidence, groups, outcome=outcome), level=0.975) for outcome in (YES, NO)]
        gaps = [widest_difference(found, few=few_groups(outcome)) for found, outcome in zip(ends, (YES, NO), strict=True)]
        yield per_attribute(evidence, "equalized_odds_difference", "difference", groups, *larger(gaps, ends))


def larger(gaps: list[Compared], ends: list[Extremes]) -> tuple[Compared, Extremes]:
    """The larger of two gaps, cell by cell; not computed where either is not."""
    first, second = gaps
    pick = second.value > first.value
    both = np.isfinite(first.value) & np.isfinite(second.value)
    found = Compared(
        value=np.maximum(first.value, second.value), low=np.maximum(first.low, second.low), high=np.maximum(first.high, second.high),
        n=np.where(both, np.where(pick, second.n, first.n), 0.0),
        p_value=np.where(both, np.minimum(2 * np.fmin(first.p_value, second.p_value), 1.0), np.nan), method=first.method,
        reason=np.where(both, "", np.where(np.isfinite(first.value), second.reason, first.reason)).astype(object),
    )  # fmt: skip
    names = Extremes.__dataclass_fields__
    chosen = {name: np.where(pick, getattr(ends[1], name), getattr(ends[0], name)) for name in names}
    return found, Extremes(**chosen)
