"""Per-group thresholds: the same rules as fairlearn's ThresholdOptimizer on the same rows.

Every score has a bin of its own here, so both see the same ROC curves, and both compare rates in steps of 1/1000: the objective and the
groups' rates then agree to rounding. On finer scores than the grid's they differ by what a bin holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import BaseEstimator, ClassifierMixin

from audits.bins import numeric_bins
from audits.tradeoffs.hull import Hull, hull
from audits.tradeoffs.optimum import OBJECTIVES, RATE, mix, optimum, read
from audits.tradeoffs.points import widest_of_all

SEEDS = (0, 1, 2)


class Scores(ClassifierMixin, BaseEstimator):
    """An estimator whose prediction is its only feature."""

    def fit(self, x: Any, y: Any) -> Scores:
        self.classes_ = np.array([0, 1])
        self.fitted_ = True
        return self

    def predict(self, x: Any) -> Any:
        return np.asarray(x)[:, 0]


def sample(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw group, bin and outcome of 3,000 rows."""
    draw = np.random.default_rng(seed)
    group = draw.choice(3, 3000, p=[0.5, 0.35, 0.15])
    bins = np.clip(np.rint(draw.normal(50 + 4 * group, 15)), 0, 99).astype(int)
    outcome = draw.random(3000) < 1 / (1 + np.exp(-(bins - 50) / 12 + 0.3 * (group == 2)))
    return group, bins, outcome.astype(int)


def hulls(group: np.ndarray, bins: np.ndarray, outcome: np.ndarray, *, same: bool) -> list[Hull]:
    """Make the hulls; with same = False a low score is favorable, and so is outcome 0."""
    counts = [[np.bincount(bins[(group == g) & (outcome == y)], minlength=100).astype(float) for y in (0, 1)] for g in range(3)]
    return [hull(n[1], n[0], same=True) if same else hull(n[0], n[1], same=False) for n in counts]


def optimizer(group: np.ndarray, bins: np.ndarray, outcome: np.ndarray, *, same: bool, **given: Any) -> tuple[Any, np.ndarray]:
    """Fit fairlearn's, and give the chance of the favorable decision for every row."""
    names = {"accuracy": "accuracy_score", "balanced_accuracy": "balanced_accuracy_score"}
    given["objective"] = names[given["objective"]]
    fitted = ThresholdOptimizer(estimator=Scores().fit(None, None), prefit=True, predict_method="predict", grid_size=1000, **given)
    score, truth = (bins, outcome) if same else (-bins, 1 - outcome)
    fitted.fit(score[:, None].astype(float), truth, sensitive_features=group)
    return fitted, fitted._pmf_predict(score[:, None].astype(float), sensitive_features=group)[:, 1]


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("constraint", list(RATE))
@pytest.mark.parametrize("seed", SEEDS)
def test_objective_and_rates_are_fairlearns(seed, constraint, objective, same):
    group, bins, outcome = sample(seed)
    theirs, chance = optimizer(group, bins, outcome, same=same, constraints=constraint, objective=objective)
    given = read(hulls(group, bins, outcome, same=same), constraint)
    ours = optimum(given, objective, np.zeros(1))
    c = ours.confusion.at((slice(None), 0))
    truth = outcome if same else 1 - outcome
    for g in range(3):
        inside = group == g
        assert (c.true_positives + c.false_positives)[g] / c.n[g] == pytest.approx(chance[inside].mean(), abs=1e-12)
        assert c.true_positives[g] / c.positives[g] == pytest.approx(chance[inside & (truth == 1)].mean(), abs=1e-12)
        assert c.false_positives[g] / c.negatives[g] == pytest.approx(chance[inside & (truth == 0)].mean(), abs=1e-12)
    if constraint != "equalized_odds":
        assert ours.objective[0] == pytest.approx(theirs._y_best, abs=1e-12)
        assert int(ours.at[0, 0]) / 1000 == pytest.approx(theirs._x_best, abs=1e-12)
    elif objective == "accuracy":
        assert ours.objective[0] == pytest.approx(np.where(truth == 1, chance, 1 - chance).mean(), abs=1e-12)


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("constraint", list(RATE))
def test_the_lots_that_are_told_give_these_rates(constraint, same):
    group, bins, outcome = sample(7)
    given = read(hulls(group, bins, outcome, same=same), constraint)
    ours = optimum(given, "accuracy", np.zeros(1))
    c = ours.confusion.at((slice(None), 0))
    for g in range(3):
        shared = float(c.true_positives[g] / c.positives[g]) if constraint == "equalized_odds" else None
        lots = mix(given, g, int(ours.at[g, 0]), shared)
        assert sum(weight for _, weight in lots) == pytest.approx(1.0, abs=1e-12)
        mine = bins[group == g]
        chosen = sum(weight * ((mine >= place) if same else (mine < place)).mean() for place, weight in lots)
        assert chosen == pytest.approx((c.true_positives + c.false_positives)[g] / c.n[g], abs=1e-12)


@pytest.mark.parametrize("constraint", ["demographic_parity", "true_positive_rate_parity"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_tolerated_gap_gives_fairlearns_objective_within_one_step_of_its_grid(seed, constraint):
    # fairlearn compares floating-point grid points, so that its widest pair may be a step short of the tolerance.
    group, bins, outcome = sample(seed)
    given = read(hulls(group, bins, outcome, same=True), constraint)
    for tol in (0.02, 0.1):
        theirs, _ = optimizer(group, bins, outcome, same=True, constraints=constraint, objective="accuracy", tol=tol)
        exactly, shorter = optimum(given, "accuracy", np.array([tol, tol - 0.001])).objective
        assert shorter - 1e-12 <= theirs._y_best <= exactly + 1e-12


@pytest.mark.parametrize("constraint", list(RATE))
def test_scores_finer_than_the_grid_agree_within_what_a_bin_holds(constraint):
    # 20,000 different scores in 960 bins: some twenty rows a bin, so fairlearn has thresholds between those of the grid.
    draw = np.random.default_rng(3)
    group = draw.choice(3, 20_000, p=[0.5, 0.35, 0.15])
    score = 1 / (1 + np.exp(-draw.normal(0.2 * group, 1.2)))
    outcome = (draw.random(20_000) < score).astype(int)
    grid = numeric_bins(
        "score", low=score.min(), high=score.max(), mean=score.mean(), deviation=score.std(), integers=False,
        quantiles=np.quantile(score, np.linspace(0, 1, 401)).tolist(),
    )  # fmt: skip
    bins = grid.bin_of(score)
    counts = [[np.bincount(bins[(group == g) & (outcome == y)], minlength=grid.size).astype(float) for y in (0, 1)] for g in range(3)]
    ours = optimum(read([hull(n[1], n[0], same=True) for n in counts], constraint), "accuracy", np.zeros(1))
    _, chance = optimizer(group, score, outcome, same=True, constraints=constraint, objective="accuracy")
    theirs = np.where(outcome == 1, chance, 1 - chance).mean()
    c = ours.confusion.at((slice(None), 0))
    assert theirs - 0.0005 <= (c.true_positives + c.true_negatives).sum() / 20_000 <= theirs + 1e-9
    for g in range(3):
        assert (c.true_positives + c.false_positives)[g] / c.n[g] == pytest.approx(chance[group == g].mean(), abs=0.003)


def test_more_tolerance_never_costs_accuracy_and_ends_at_each_groups_own_best():
    group, bins, outcome = sample(3)
    found = hulls(group, bins, outcome, same=True)
    steps = np.linspace(0, 1, 21)
    ours = optimum(read(found, "demographic_parity"), "accuracy", steps)
    assert (np.diff(ours.objective) >= -1e-12).all()
    best = sum(float((one.hits + one.alarms[-1] - one.alarms).max()) for one in found) / 3000
    assert ours.objective[-1] == pytest.approx(best, abs=2e-4), "up to the grid's step"
    assert (np.ptp(ours.at / 1000, axis=0) <= steps + 1e-12).all()


def test_the_hull_drops_a_threshold_that_lots_beat():
    # Top bin: 2 favorable; next: 1 of 3; next: 2 of 3; last: 0 of 2. The third is above the second: together 3 of 6.
    found = hull(np.array([0.0, 2.0, 1.0, 2.0]), np.array([2.0, 1.0, 2.0, 0.0]), same=True)
    assert found.place.tolist() == [4, 3, 1, 0]
    assert found.rate("true_positive_rate").tolist() == [0.0, 0.4, 1.0, 1.0]
    assert found.rate("false_positive_rate").tolist() == [0.0, 0.0, 0.6, 1.0]


def test_a_perfect_score_meets_every_constraint_without_loss():
    perfect = [hull(np.array([0.0, 50.0]), np.array([50.0, 0.0]), same=True), hull(np.array([0.0, 20.0]), np.array([20.0, 0.0]), same=True)]
    for constraint in RATE:
        assert optimum(read(perfect, constraint), "accuracy", np.zeros(1)).objective[0] == pytest.approx(1.0)


def test_a_gap_that_was_made_zero_is_not_zero_on_other_people():
    # Three groups, 3,000 rows: per-group rules that give one selection rate here, applied to the population they were drawn from. The
    # interval of the gap holds the true gap in at least 95 of 100 samples (200 samples: at least 184, or chance is below 1 in 1,000).
    draw, bins, shares = np.random.default_rng(8), np.arange(100), (0.5, 0.35, 0.15)
    density = [np.exp(-0.5 * ((bins - 50 - 4 * g) / 15) ** 2) for g in range(3)]
    density = [each / each.sum() for each in density]
    chance = [1 / (1 + np.exp(-(bins - 50) / 12 + 0.3 * (g == 2))) for g in range(3)]
    cells = np.concatenate([shares[g] * density[g] * part for g in range(3) for part in (chance[g], 1 - chance[g])])
    held = 0
    for _ in range(200):
        n = draw.multinomial(3000, cells).reshape(3, 2, 100).astype(float)
        given = read([hull(n[g, 0], n[g, 1], same=True) for g in range(3)], "demographic_parity")
        ours = optimum(given, "accuracy", np.zeros(1))
        c = ours.confusion
        _, low, high = widest_of_all(c.true_positives + c.false_positives, c.n)
        rates = []
        for g in range(3):
            chosen = sum(weight * (bins >= place) for place, weight in mix(given, g, int(ours.at[g, 0])))
            rates.append(float((density[g] * chosen).sum()))
        held += low[0] <= max(rates) - min(rates) <= high[0]
    assert held >= 184
