"""Odds ratio of selection: each group's odds of the favorable decision over the reference group's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.compare import Compared, no_group, per_group, with_reference, words
from audits.fairness.yardstick import Flags, compared_groups, of_group, selection_yardstick
from audits.finding import Measurement
from audits.interval import two_proportion_p, z_of

FEW_DECISIONS = 15
"""With fewer decisions of one kind about one group, the interval of the logarithm is too wide."""

CORRECTED = "0.5 added to each of the four counts, because one of them is 0"


@audit(name="odds_ratio", unit="ratio", needs=("decision", "protected"), favorable=True)
def odds_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """Odds of the favorable decision in each group over the odds in the reference group.

    Formula
        (selected_g / rejected_g) / (selected_r / rejected_r); where one of the four counts is 0, 0.5 is added to each (Haldane) and
        the reason says so. Where nobody or everybody of both groups was selected there is no odds ratio. The reference group r is that
        of `impact_ratio`: the highest selection rate.
    Interval and test
        exp(log ratio ± 1.96 √(sum of the reciprocals of the four counts)); where one of the counts is below 15, the score interval (all
        odds ratios that a score test does not reject), which has no end above where a count is 0; pooled z or Fisher's exact test as in
        `impact_ratio`. n is the group's decided rows.
    When it misleads
        It is not a ratio of rates: where most people are selected, rates of 98 % and 95 % give 0.39. Lenders' practice flags 0.68.
    Source
        J. B. S. Haldane (1956), Annals of Human Genetics 20; B. Woolf (1955), same journal 19; O. Miettinen and M. Nurminen (1985),
        Statistics in Medicine 4, for the score interval.
    """
    counts = evidence.counts
    for groups in compared_groups(evidence):
        if not len(groups.slices):
            yield no_group("odds_ratio", "ratio", groups)
            continue
        reference = selection_yardstick(evidence, groups)
        hits, n = counts.selected[..., groups.slices], counts.decided[..., groups.slices]
        found = odds_ratios(hits, n, reference)
        yield per_group(evidence, "odds_ratio", "ratio", groups, reference, found, counted=(hits, n))


def score_interval(hits: Floats, n: Floats, hits_r: Floats, n_r: Floats) -> tuple[Floats, Floats]:
    """All odds ratios whose score test does not reject, found by bisection; without any end above, NaN.

    Source: J. Cornfield (1956), Third Berkeley Symposium; O. Miettinen and M. Nurminen (1985), Statistics in Medicine 4.

    >>> low, high = score_interval(*(np.array([x]) for x in (3.0, 10.0, 6.0, 10.0)))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.048, 1.711)
    """
    events = hits + hits_r

    def accepted(log_ratio: Floats) -> Flags:
        ratio = np.exp(log_ratio)
        quadratic, linear = n_r * (ratio - 1), n * ratio + n_r - events * (ratio - 1)
        p_r = np.clip(2 * events / (linear + np.sqrt(np.maximum(linear**2 + 4 * quadratic * events, 0.0))), 1e-12, 1 - 1e-12)
        p = ratio * p_r / (1 + p_r * (ratio - 1))
        return np.asarray((hits - n * p) ** 2 * (1 / (n * p * (1 - p)) + 1 / (n_r * p_r * (1 - p_r))) <= z_of() ** 2)

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        start = np.log((hits + 0.5) / (n - hits + 0.5)) - np.log((hits_r + 0.5) / (n_r - hits_r + 0.5))
        inside, outside = np.stack([start, start]), np.stack([start - 30.0, start + 30.0])
        for _ in range(45):
            middle = (inside + outside) / 2
            held = accepted(middle)
            inside, outside = np.where(held, middle, inside), np.where(held, outside, middle)
    low, high = np.exp(inside)
    return np.where((hits <= 0) | (hits_r >= n_r), 0.0, low), np.where((hits_r <= 0) | (hits >= n), np.nan, high)


def odds_ratios(hits: Floats, n: Floats, reference: Integers) -> Compared:
    """Odds ratios by [version, window, group] against the reference group of each version and window."""
    hits_r, n_r = (np.broadcast_to(of_group(values, reference), n.shape) for values in (hits, n))
    cells = np.stack([hits, n - hits, hits_r, n_r - hits_r])
    zero = (cells == 0).any(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b, c, d = np.where(zero, cells + 0.5, cells)
        half = z_of() * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        value = a * d / (b * c)
    none, everybody = (hits == 0) & (hits_r == 0), (hits == n) & (hits_r == n_r)
    usable = (n > 0) & (n_r > 0) & ~none & ~everybody
    reason = np.where(none, "nobody in either group got the favorable decision", "everybody in both groups got the favorable decision")
    value = np.where(usable, value, np.nan)
    low, high = value * np.exp(-half), value * np.exp(half)
    few = usable & (cells < FEW_DECISIONS).any(axis=0)
    if few.any():
        low[few], high[few] = score_interval(hits[few], n[few], hits_r[few], n_r[few])
    found = Compared(
        value=value, low=low, high=high, n=n, p_value=two_proportion_p(hits, n, hits_r, n_r),
        method=np.where(few, "odds-score", "log-odds").astype(object), reason=reason.astype(object),
    )  # fmt: skip
    found = with_reference(found, reference, 1.0)
    corrected = zero & usable & (found.reason == "")
    return Compared(
        value=found.value, low=found.low, high=found.high, n=n, p_value=found.p_value, method=found.method,
        reason=np.where(corrected, words(CORRECTED, n), found.reason),
    )  # fmt: skip
