"""Residual standardized mean difference: the gap in mean score that the outcome does not account for, in hundredths of a deviation."""

from __future__ import annotations

from collections.abc import Iterator

from audits.audit import audit
from audits.evidence import YES, Evidence
from audits.fairness.compare import no_group, per_group
from audits.fairness.standardized_mean_difference import score_yardstick, standardized_sums
from audits.fairness.yardstick import compared_groups
from audits.finding import Measurement
from audits.performance.score_bins import squared_errors


@audit(
    name="residual_standardized_mean_difference", unit="difference", needs=("probability", "outcome", "protected"),
)  # fmt: skip
def residual_standardized_mean_difference(evidence: Evidence) -> Iterator[Measurement]:
    """Mean residual, score minus outcome, of each group minus that of the reference group, in hundredths of the residuals' deviation.

    Formula
        100 (mean_g(s - y) - mean_r(s - y)) / SD(s - y over all scored rows with a known outcome, unknown groups included; divided by
        n), with y = 1 for the positive outcome. What groups' outcomes account for cancels: two groups whose scores are right on average
        have 0, however far apart their scores are. Above 0 the scores promise more about this group, against what came, than about
        the reference group, which is that of `standardized_mean_difference`.
    Interval and test
        Welch's t with the deviation of all residuals taken as known. n is the group's scored rows with a known outcome; a group of
        one has no interval.
    When it misleads
        It takes the outcome as the truth: where outcomes carry old discrimination, or are known only for those selected, the residual
        carries it too. Errors that cancel within a group leave no trace (see `expected_calibration_error` by group). The deviation is
        mostly that of the outcome itself, so 30 is a far larger gap here than for scores.
    Source
        SolasAI Disparity Testing Library, "Residual Standardized Mean Difference"; J. Cohen (1988), Statistical Power Analysis; the
        residual by group is calibration in the large: E. W. Steyerberg (2019), Clinical Prediction Models, chapter 15.
    """
    counts = evidence.counts
    n, score = (counts.total(name, labelled=True) for name in ("scored", "score"))
    squared = squared_errors(evidence)[..., : YES + 1].sum(axis=-1)
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("residual_standardized_mean_difference", "difference", groups)
            continue
        reference = score_yardstick(evidence, groups)
        found = standardized_sums((n, score - counts.positives, squared), groups, reference, equal="all residuals are equal")
        yield per_group(evidence, "residual_standardized_mean_difference", "difference", groups, reference, found)
