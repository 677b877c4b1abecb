"""Standardized mean difference: how far a group's mean score lies from the reference group's, in hundredths of a deviation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.compare import Compared, no_group, per_group, with_reference, words
from audits.fairness.yardstick import Groups, compared_groups, of_group, yardstick
from audits.finding import Measurement
from audits.interval import share


@audit(name="standardized_mean_difference", unit="difference", needs=("score", "protected"), tasks=("binary", "regression"), favorable=True)
def standardized_mean_difference(evidence: Evidence) -> Iterator[Measurement]:
    """Mean score of each group minus that of the reference group, in hundredths of the standard deviation of all scores.

    Formula
        100 (mean_g - mean_r) / SD(all scored rows, unknown groups included; divided by n). The reference group r is that of
        `impact_ratio`, the highest selection rate; without decisions, the group whose mean score is the most favorable.
    Interval and test
        Welch's t with the deviation of all scores taken as known. n is the group's scored rows; a group of one has no interval.
    When it misleads
        It compares means only: two groups may have equal means and very different shares above the cut-off. Its sign follows the
        score, so for a risk score a positive difference is to the group's disadvantage. Lenders' practice flags 30 either way.
    Source
        J. Cohen (1988), Statistical Power Analysis; B. L. Welch (1947), Biometrika 34.
    """
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("standardized_mean_difference", "difference", groups)
            continue
        reference = score_yardstick(evidence, groups)
        found = standardized(evidence, groups, reference)
        yield per_group(evidence, "standardized_mean_difference", "difference", groups, reference, found)


def score_yardstick(evidence: Evidence, groups: Groups) -> Integers:
    """The reference group by selection rate, and where nothing was decided by the most favorable mean score."""
    counts = evidence.counts
    decided, scored = counts.decided[..., groups.slices], counts.total("scored")[..., groups.slices]
    rated = counts.decided[..., 0] > 0
    mean = share(counts.total("score")[..., groups.slices], scored) * (1.0 if counts.same else -1.0)
    rate = np.where(rated[..., None], share(counts.selected[..., groups.slices], decided), mean)
    n = np.where(rated[..., None], decided, scored)
    return yardstick(rate, n, np.where(rated, counts.decided[..., 0], counts.total("scored")[..., 0]), groups.allowed)


def standardized(evidence: Evidence, groups: Groups, reference: Integers) -> Compared:
    """Standardized mean differences of scores by [version, window, group]."""
    sums = (evidence.counts.total("scored"), evidence.counts.total("score"), squared_scores(evidence))
    return standardized_sums(sums, groups, reference, equal="all scores are equal")


def squared_scores(evidence: Evidence) -> Floats:
    """Σ score² by [version, window, slice]; of one class of several from its bins, as if a bin had one score.

    The latter leaves out the spread within a bin, which is some 0.1 % of the variance with 20 bins.
    """
    if "score_squared" in evidence.counts.sums:
        return evidence.counts.total("score_squared")
    found = np.full(evidence.shape, np.nan)
    fine = [i for i, place in enumerate(evidence.slices) if len(place.attributes) <= 1]
    crossed = [i for i, place in enumerate(evidence.slices) if len(place.attributes) > 1]
    for version in range(len(evidence.versions)):
        for slices, read in ((fine, evidence.margin), (crossed, evidence.coarse)):
            if slices:
                n, score = (values.sum(axis=2) for values in read(slices, version=version))
                found[version][:, slices] = (score**2 / np.maximum(n, 1)).sum(axis=-1)
    return found


def standardized_sums(sums: tuple[Floats, ...], groups: Groups, reference: Integers, *, equal: str) -> Compared:
    """Standardized mean differences by [version, window, group], from n, Σx and Σx² by [version, window, slice].

    `equal` is the reason given where all values of a window are equal.
    """
    from scipy.special import stdtr, stdtrit

    n, total, squared = (values[..., groups.slices] for values in sums)
    everybody, total_all, squared_all = (values[..., :1] for values in sums)
    mean = share(total, n)
    variance = _squares(everybody, total_all, squared_all) / np.maximum(everybody, 1)
    spread = np.sqrt(np.where(variance > 0, variance, np.nan))
    n_r, mean_r = of_group(n, reference), of_group(mean, reference, absent=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(n > 1, _squares(n, total, squared) / (n - 1) / n, np.nan)
        error_r = of_group(error, reference, absent=np.nan)
        value = 100 * (mean - mean_r) / spread
        free = (error + error_r) ** 2 / (error**2 / (n - 1) + error_r**2 / (n_r - 1))
        deviation = np.sqrt(error + error_r)
        half = 100 * stdtrit(free, 0.975) * deviation / spread
        p_value = 2 * stdtr(free, -np.abs(mean - mean_r) / deviation)
    certain = error + error_r <= 0  # each group's scores are all equal: Welch has no degrees of freedom
    half, p_value = np.where(certain, np.nan, half), np.where(certain, np.nan, p_value)
    reason = np.where(n_r > 0, equal, "no scored rows of the reference group to compare with")
    found = with_reference(_found(value, half, n, p_value, np.broadcast_to(reason, n.shape)), reference, 0.0)
    alone = np.isfinite(found.value) & ~np.isfinite(found.low)
    note = words("no interval: one of the two groups has a single row or only equal values", n)
    return Compared(
        value=found.value, low=found.low, high=found.high, n=n, p_value=found.p_value, method=found.method,
        reason=np.where(alone, note, found.reason),
    )  # fmt: skip


def _squares(n: Floats, total: Floats, squared: Floats) -> Floats:
    """Sum of squared deviations; 0 where no more is left than rounding leaves of equal scores."""
    found = squared - total * share(total, n)
    return np.where(found > 1e-12 * squared, found, 0.0)


def _found(value: Floats, half: Floats, n: Floats, p_value: Floats, reason: np.ndarray[tuple[int, ...], np.dtype[np.object_]]) -> Compared:
    return Compared(value=value, low=value - half, high=value + half, n=n, p_value=p_value, method=words("welch-t", n), reason=reason)
