"""What a Brier score is made of: reliability, resolution and uncertainty, by cell of version x window x slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share, z_of
from audits.once import once
from audits.performance.equal_mass import BINS, curves
from audits.performance.score_bins import ScoreBins


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one block's cells: score = reliability - resolution + uncertainty + within_variance - within_covariance.

    `reliability_low` to `resolution_high` are the ends of 95 % intervals, those of the resolution about the generalised one.
    """

    block: ScoreBins
    n: Floats
    base_rate: Floats
    reliability: Floats
    resolution: Floats
    uncertainty: Floats
    within_variance: Floats
    within_covariance: Floats
    reliability_low: Floats
    reliability_high: Floats
    resolution_low: Floats
    resolution_high: Floats

    @property
    def generalised(self) -> Floats:
        """The resolution with what happens within the bins, so that score = reliability - this + uncertainty."""
        return self.resolution - self.within_variance + self.within_covariance

    def measurement(self, evidence: Evidence, name: str, *, value: Floats, low: Floats, high: Floats, method: str) -> Measurement:
        """The block of findings about one part."""
        return self.block.measurement(
            evidence, name, "score", value=value, low=low, high=high, n=self.n, method=method,
            reason="no scored prediction with a known outcome",
        )  # fmt: skip

    def table(self, cell: int) -> dict[str, Any]:
        """The parts of one cell by name."""
        return {
            "reliability": float(self.reliability[cell]), "resolution": float(self.resolution[cell]),
            "uncertainty": float(self.uncertainty[cell]), "within_bin_variance": float(self.within_variance[cell]),
            "within_bin_covariance": float(self.within_covariance[cell]), "bins": BINS, "n": int(self.n[cell]),
        }  # fmt: skip


@once
def parts(evidence: Evidence) -> list[Parts]:
    """The parts over the ten bins of equally many rows that the reliability curve shows, a block a version and kind of score bins.

    With f the scores, o the outcomes (0, 1), a bar for means and N rows: reliability Σ n_b (f̄_b - ō_b)² / N, resolution
    Σ n_b (ō_b - ō)² / N, uncertainty ō (1 - ō), within-bin variance Σ (f - f̄_b)² / N, within-bin covariance 2 Σ (f - f̄_b)(o - ō_b) / N.

    Source: D. B. Stephenson, C. A. S. Coelho and I. T. Jolliffe (2008), Weather and Forecasting 23, 752-757.
    """
    return [_of_block(evidence, block, place, curve) for block, place, curve in curves(evidence)]


def _of_block(evidence: Evidence, block: ScoreBins, place: Integers, curve: dict[str, Floats]) -> Parts:
    rows, observed, mean_score = curve["n"], np.nan_to_num(curve["observed"]), np.nan_to_num(curve["mean_score"])
    n = rows.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = rows / n[:, None]
        base = share(block.positives.sum(axis=1), n)
        gap = mean_score - observed
        reliability = (weight * gap**2).sum(axis=1)
        resolution = (weight * (observed - base[:, None]) ** 2).sum(axis=1)
        inner = _squares(evidence, block) - (rows * mean_score**2).sum(axis=1)
        within = np.maximum(inner, 0.0) / n
        covariance = 2 * (block.score_positives.sum(axis=1) - (rows * observed * mean_score).sum(axis=1)) / n
    uncertainty = base * (1 - base)
    smoothed = (observed * rows + 1) / (rows + 2)
    noise = np.where(rows > 0, smoothed * (1 - smoothed) / np.maximum(rows, 1), 0.0)
    weight = np.nan_to_num(weight)
    bias = (weight * noise).sum(axis=1)
    of_weights = np.maximum((weight * gap**4).sum(axis=1) - np.nan_to_num(reliability) ** 2, 0.0) / np.maximum(n, 1)
    half = z_of() * np.sqrt((weight**2 * (4 * gap**2 * noise + 2 * noise**2)).sum(axis=1) + of_weights)
    centre = reliability - bias
    generalised = resolution - within + covariance
    reach = z_of() * np.sqrt(_resolution_variance(block, gap, base, place, n) + 2 * (weight**2 * noise**2).sum(axis=1))
    return Parts(
        block=block, n=n, base_rate=base, reliability=reliability, resolution=resolution, uncertainty=uncertainty, within_variance=within,
        within_covariance=covariance, reliability_low=np.clip(centre - half, 0.0, reliability),
        reliability_high=np.maximum(np.maximum(centre, 0.0) + half, reliability),
        resolution_low=np.minimum(generalised - bias - reach, generalised),
        resolution_high=np.maximum(generalised - bias + reach, generalised),
    )  # fmt: skip


def _squares(evidence: Evidence, block: ScoreBins) -> Floats:
    """Σ of squared scores of labelled rows by cell; of one class of several they are taken from the bins, as if a bin had one score."""
    sums = evidence.counts.sums
    if "score_squared" in sums:
        return np.asarray(evidence.counts.total("score_squared", labelled=True)[block.version, block.window, block.slice])
    n = block.positives + block.negatives
    return np.asarray((block.score**2 / np.maximum(n, 1)).sum(axis=1))


def _resolution_variance(block: ScoreBins, gap: Floats, base: Floats, place: Integers, n: Floats) -> Floats:
    """Variance of the generalised resolution by the delta method.

    It is uncertainty + reliability - score, so one row with difference d = f - o in bin b moves it by (1 - 2 ō) o - (d - gap_b)², less the
    mean of that over all rows. Scores are taken as one per cell of the grid and outcome.
    """
    own = np.take_along_axis(gap, place, axis=1)
    total, squared = np.zeros(len(n)), np.zeros(len(n))
    for rows, score, outcome in (
        (block.positives, block.score_positives, 1.0), (block.negatives, block.score - block.score_positives, 0.0)
    ):  # fmt: skip
        moved = (1 - 2 * base)[:, None] * outcome - (score / np.maximum(rows, 1) - outcome - own) ** 2
        total += np.nan_to_num((rows * moved).sum(axis=1))
        squared += np.nan_to_num((rows * moved**2).sum(axis=1))
    size = np.maximum(n, 1)
    return np.asarray(np.maximum(squared / size - (total / size) ** 2, 0.0) / size)
