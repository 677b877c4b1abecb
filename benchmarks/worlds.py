"""Worlds whose every figure is known: a score, a decision and an outcome for groups with given base rates.

An outcome y of group g is 1 with its base rate. The score is made from x = d y + noise, normal with deviation 1, as the probability
that a logistic model of too small a slope gives to y = 1, so that it is informative, monotone in x and not quite calibrated. Whoever
scores above a common cut-off gets the favorable decision. All figures are then integrals over x, taken here on a fine lattice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np

from audits.estimate import Floats

_NORMAL = NormalDist()
SEPARATION = 1.5
BINS = 10


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Rows of many replicates by [replicate, row]; `rows` per group, group after group. `unit` is the person's unit group, or None."""

    score: Floats
    decision: Floats
    outcome: Floats
    groups: int
    unit: np.ndarray[tuple[int, ...], np.dtype[np.int64]] | None = None


@dataclass(frozen=True, kw_only=True)
class World:
    """Groups with their base rates; the cut-off lets the first group be selected at its base rate.

    Parameters
    ----------
    slope, shift
        Of the score's log-odds against the true ones: 1 and 0 are a calibrated score.
    """

    base_rates: tuple[float, ...]
    slope: float = 0.8
    shift: float = 0.15

    def score(self, x: Floats) -> Floats:
        """The score of x, increasing."""
        overall = float(np.mean(self.base_rates))
        log_odds = np.log(overall / (1 - overall)) + SEPARATION * x - SEPARATION**2 / 2
        return np.asarray(1 / (1 + np.exp(-(self.shift + self.slope * log_odds))))

    def draw(self, random: np.random.Generator, replicates: int, rows: int, *, per_person: int = 1, correlation: float = 0.5) -> Drawn:
        """Replicates with `rows` rows of every group; with `per_person` > 1 rows of a person share part of outcome and noise."""
        shape = (replicates, len(self.base_rates), rows)
        bounds = np.asarray([_NORMAL.inv_cdf(1 - rate) for rate in self.base_rates])[:, None]
        if per_person == 1:
            outcome = (random.random(shape) < np.asarray(self.base_rates)[:, None]).astype(np.float64)
            noise, unit = random.standard_normal(shape), None
        else:
            persons = (replicates, len(self.base_rates), rows // per_person)
            own, shared = np.sqrt(1 - correlation), np.sqrt(correlation)
            latent, noise = (
                own * random.standard_normal(shape) + shared * np.repeat(random.standard_normal(persons), per_person, axis=-1) for _ in "yx"
            )
            outcome = (latent > bounds).astype(np.float64)
            unit = np.repeat(random.integers(0, 32, persons), per_person, axis=-1).reshape(replicates, -1)
        x = SEPARATION * outcome + noise
        flat = (replicates, -1)
        return Drawn(
            score=self.score(x).reshape(flat), decision=(x > self._cut).astype(np.float64).reshape(flat), outcome=outcome.reshape(flat),
            groups=len(self.base_rates), unit=unit,
        )  # fmt: skip

    @cached_property
    def _lattice(self) -> Floats:
        return np.linspace(-7.0, 7.0 + SEPARATION, 400_001)

    @cached_property
    def _mass(self) -> Floats:
        """Probabilities by [group, outcome, lattice point]."""
        shapes = np.stack([np.exp(-((self._lattice - at) ** 2) / 2) for at in (0.0, SEPARATION)])
        shapes /= shapes.sum(axis=1, keepdims=True)
        rates = np.asarray(self.base_rates)
        return np.asarray(np.stack([1 - rates, rates], axis=1)[..., None] * shapes)

    @cached_property
    def _cut(self) -> float:
        rate = self.base_rates[0]
        low, high = -8.0, 10.0
        for _ in range(60):
            middle = (low + high) / 2
            selected = rate * _NORMAL.cdf(SEPARATION - middle) + (1 - rate) * _NORMAL.cdf(-middle)
            low, high = (middle, high) if selected > rate else (low, middle)
        return low

    @cached_property
    def quantiles(self) -> Floats:
        """401 even quantiles of the score over all groups: what the frozen grid is cut at."""
        total = np.cumsum(self._mass.sum(axis=(0, 1)))
        places = np.searchsorted(total / total[-1], np.linspace(1e-5, 1 - 1e-5, 401))
        return self.score(self._lattice[np.minimum(places, len(self._lattice) - 1)])

    @cached_property
    def confusion(self) -> Floats:
        """Probabilities by [group, decision, outcome]."""
        tails = np.asarray([[_NORMAL.cdf(self._cut - at), _NORMAL.cdf(at - self._cut)] for at in (0.0, SEPARATION)]).T
        rates = np.asarray(self.base_rates)
        return np.asarray(np.stack([1 - rates, rates], axis=1)[:, None, :] * tails)

    def truths(self) -> dict[str, Floats]:
        """Every figure of a single group, by [group]."""
        table = self.confusion
        tn, fn, fp, tp = table[:, 0, 0], table[:, 0, 1], table[:, 1, 0], table[:, 1, 1]
        found = {
            "selection_rate": tp + fp, "base_rate": tp + fn, "accuracy": tp + tn, "true_positive_rate": tp / (tp + fn),
            "false_negative_rate": fn / (tp + fn), "true_negative_rate": tn / (tn + fp), "false_positive_rate": fp / (tn + fp),
            "positive_predictive_value": tp / (tp + fp), "negative_predictive_value": tn / (tn + fn), "f1": 2 * tp / (2 * tp + fp + fn),
            "balanced_accuracy": (tp / (tp + fn) + tn / (tn + fp)) / 2,
        }  # fmt: skip
        return found | self._of_scores()

    def _of_scores(self) -> dict[str, Floats]:
        p, mass = self.score(self._lattice), self._mass
        no, yes = mass[:, 0], mass[:, 1]
        both = no + yes
        rates = yes.sum(axis=1)
        below = np.cumsum(no, axis=1) - no / 2
        hits, all_above = (np.cumsum(values[:, ::-1], axis=1)[:, ::-1] for values in (yes, both))
        middle = np.searchsorted(np.cumsum(both.sum(axis=0)), 0.5 * both.sum())
        return {
            "roc_auc": (yes * below).sum(axis=1) / (rates * (1 - rates)),
            "average_precision": (yes * hits / all_above).sum(axis=1) / rates,
            "brier_score": (yes * (1 - p) ** 2 + no * p**2).sum(axis=1),
            "log_loss": -(yes * np.log(p) + no * np.log1p(-p)).sum(axis=1),
            "calibration_gap": (both * p).sum(axis=1) - rates,
            "expected_calibration_error": self._calibration_error(p, both, yes),
            "scoring_rate": both[:, middle:].sum(axis=1),
            "mean_score": (both * p).sum(axis=1),
        }

    @staticmethod
    def _calibration_error(p: Floats, both: Floats, yes: Floats) -> Floats:
        found = []
        for row, hits in zip(both, yes, strict=True):
            place = np.minimum((np.cumsum(row) * BINS).astype(np.int64), BINS - 1)
            gap = np.bincount(place, weights=row * p, minlength=BINS) - np.bincount(place, weights=hits, minlength=BINS)
            found.append(np.abs(gap).sum())
        return np.asarray(found)

    @cached_property
    def deviation(self) -> float:
        """Standard deviation of the scores of all groups together, equally many of each."""
        p, weight = self.score(self._lattice), self._mass.sum(axis=(0, 1)) / len(self.base_rates)
        mean = float((weight * p).sum())
        return float(np.sqrt((weight * (p - mean) ** 2).sum()))

    def ratios(self) -> dict[str, Floats]:
        """Every figure of a group against another, by [group, other]."""
        one = self.truths()
        rate, wrong, high = one["selection_rate"], one["false_positive_rate"], one["scoring_rate"]
        odds = rate / (1 - rate)
        return {
            "impact_ratio": rate[:, None] / rate, "odds_ratio": odds[:, None] / odds, "false_positive_rate_ratio": wrong[:, None] / wrong,
            "scoring_impact_ratio": high[:, None] / high,
            "predictive_parity_difference": one["positive_predictive_value"][:, None] - one["positive_predictive_value"],
            "standardized_mean_difference": 100 * (one["mean_score"][:, None] - one["mean_score"]) / self.deviation,
        }  # fmt: skip

    def spreads(self) -> dict[str, float]:
        """Every largest minus (or over) smallest of the groups."""
        one = self.truths()
        gap = {name: float(np.ptp(values)) for name, values in one.items()}
        return {
            "demographic_parity_difference": gap["selection_rate"],
            "demographic_parity_ratio": float(one["selection_rate"].min() / one["selection_rate"].max()),
            "equal_opportunity_difference": gap["true_positive_rate"],
            "equalized_odds_difference": max(gap["true_positive_rate"], gap["false_positive_rate"]),
        }
