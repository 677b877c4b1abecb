"""Odds ratio of selection: each group's odds of the favorable decision over the reference group's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.fairness.compare import Compared, no_group, per_group, with_reference, words
from audits.fairness.yardstick import compared_groups, of_group, selection_yardstick
from audits.finding import Measurement
from audits.interval import two_proportion_p, z_of

CORRECTED = "0.5 added to each of the four counts, because one of them is 0"


@audit(name="odds_ratio", unit="ratio", needs=("decision", "protected"))
def odds_ratio(evidence: Evidence) -> Iterator[Measurement]:
    """Odds of the favorable decision in each group over the odds in the reference group.

    Formula
        (selected_g / rejected_g) / (selected_r / rejected_r); where one of the four counts is 0, 0.5 is added to each (Haldane) and
        the reason says so. Where nobody or everybody of both groups was selected there is no odds ratio. The reference group r is that
        of `impact_ratio`: the highest selection rate.
    Interval and test
        exp(log ratio ± 1.96 √(sum of the reciprocals of the four counts)); pooled z or Fisher's exact test as in `impact_ratio`. n is the
        group's decided rows.
    When it misleads
        It is not a ratio of rates: where most people are selected, rates of 98 % and 95 % give 0.39. Lenders' practice flags 0.68.
    Source
        J. B. S. Haldane (1956), Annals of Human Genetics 20; B. Woolf (1955), same journal 19.
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
    found = Compared(
        value=value, low=value * np.exp(-half), high=value * np.exp(half), n=n, p_value=two_proportion_p(hits, n, hits_r, n_r),
        method=np.where(zero, "log-odds-haldane", "log-odds").astype(object), reason=reason.astype(object),
    )  # fmt: skip
    found = with_reference(found, reference, 1.0)
    corrected = zero & usable & (found.reason == "")
    return Compared(
        value=found.value, low=found.low, high=found.high, n=n, p_value=found.p_value, method=found.method,
        reason=np.where(corrected, words(CORRECTED, n), found.reason),
    )  # fmt: skip
