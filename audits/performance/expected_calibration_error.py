"""The audit `expected_calibration_error`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from audits.audit import audit
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share, z_of
from audits.performance.equal_mass import BINS, curve_table, curves, equal_mass
from audits.performance.score_bins import ScoreBins, class_bins


@audit(name="expected_calibration_error", unit="score", needs=("probability", "outcome"), tasks=("binary", "multiclass"))
def expected_calibration_error(evidence: Evidence) -> Iterator[Measurement]:
    """The gap between mean score and observed rate of positive outcomes, averaged over ten bins of equally many rows.

    Σ n_b / n |mean score in b - observed rate in b|. The bins are made of whole cells of the frozen score grid (20 cells for
    intersections), so they hold equally many rows only as nearly as those allow. The reliability curve of the whole period, and of every
    window for everybody, is in `tables`, with Wilson intervals. In a multiclass task: of the top label, the largest probability against
    whether the decision was right, and of each class's probability (`column`).

    Interval: each bin's gap is normal about what was seen. The low end is the value minus the most that noise alone could have added
    (97.5 %): noise adds to absolute gaps at most its own absolute value, so the bound holds whatever the truth is. The high end takes off
    what noise adds on average.

    It misleads for few rows: noise in ten bins adds up and never cancels, so a calibrated model has a value above 0 (its interval starts
    near 0 then), and by default fewer than 1,250 rows are not judged; and it depends on the number of bins.

    Source: M. P. Naeini, G. Cooper and M. Hauskrecht (2015), AAAI; C. Guo et al. (2017), ICML.

    >>> abs(0.8 - 0.5) * 0.5 + abs(0.3 - 0.5) * 0.5  # two bins of equal size
    0.25
    """
    if evidence.task == "multiclass":
        classes = len(evidence.classes)
        for k in (classes, *range(classes)):
            needs = "decision, outcome and the probabilities of all classes" if k == classes else "probability and a known outcome"
            for block in class_bins(evidence, k):
                yield _measured(evidence, block, equal_mass(block), f"no prediction with {needs}")
        return
    for block, _, curve in curves(evidence):
        yield _measured(evidence, block, curve, "no scored prediction with a known outcome")


def _measured(evidence: Evidence, block: ScoreBins, curve: dict[str, Floats], reason: str) -> Measurement:
    n, observed, mean_score = curve["n"], curve["observed"], curve["mean_score"]
    total = n.sum(axis=1)
    weight = np.nan_to_num(share(n, total[:, None]))
    gap = np.nan_to_num(mean_score - observed)
    value = np.where(total > 0, (weight * np.abs(gap)).sum(axis=1), np.nan)
    low, high = interval(gap, np.nan_to_num(observed), n, weight, value)
    shown = np.flatnonzero(block.charted & (total > 0))
    return block.measurement(
        evidence, "expected_calibration_error", "score", value=value, low=low, high=high, n=total,
        method=f"normal, {BINS} equal-mass bins", reason=reason, tables={int(i): curve_table(curve, int(i)) for i in shown},
    )  # fmt: skip


def interval(gap: Floats, observed: Floats, n: Floats, weight: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Interval of Σ w |gap|, each gap being normal.

    Low: Σ w |gap seen| <= Σ w |gap| + Σ w |noise|, and the last sum, of half-normals, exceeds its mean by more than 1.96 standard
    deviations in at most 5 % of cases (one bin) and about 2.5 % (ten). High: the mean of folded normals tells what noise adds; the
    variance is that of the gaps before folding, which a gap that looks small by chance does not make smaller.
    """
    from scipy.special import ndtr

    def deviation(smoothed: Floats) -> Floats:
        return np.where(n > 0, np.sqrt(np.maximum(smoothed * (1 - smoothed), 0.0) / np.maximum(n, 1)), 0.0)

    # Two rows are added to a bin, so that one of all or none is not certain: even ones, or, above, ones that are as the score says.
    sd, below = deviation((observed * n + 2 * (observed + gap)) / (n + 2)), deviation((observed * n + 1) / (n + 2))
    scaled = np.divide(gap, sd, out=np.zeros_like(gap), where=sd > 0)
    folded = sd * math.sqrt(2 / math.pi) * np.exp(-(scaled**2) / 2) + gap * (1 - 2 * ndtr(-scaled))
    centre = value - (weight * (folded - np.abs(gap))).sum(axis=1)
    half = z_of() * np.sqrt((weight**2 * sd**2).sum(axis=1))
    noise = math.sqrt(2 / math.pi) * (weight * below).sum(axis=1) + z_of() * np.sqrt((1 - 2 / math.pi) * (weight**2 * below**2).sum(axis=1))
    return np.maximum(value - noise, 0.0), np.minimum(np.maximum(centre + half, value), 1.0)
