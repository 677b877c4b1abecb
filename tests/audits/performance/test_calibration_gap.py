"""`calibration_gap` by hand and against its definition elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audits.evidence import Evidence

Finding = Callable[..., dict[str, Any]]
Rows = list[dict[str, Any]]


def test_by_hand(evidence: Evidence, finding: Finding) -> None:
    """F: mean score 3.3 / 6 = 0.55 against 3/6 favorable; M, 5 labelled: 2.75 / 5 = 0.55 against 2/5."""
    found = {level: finding(evidence, "calibration_gap", level) for level in ("F", "M")}
    assert found["F"]["value"] == pytest.approx(0.05, abs=1e-12)
    assert found["M"]["value"] == pytest.approx(0.15, abs=1e-12)
    assert found["M"]["n"] == 5


def test_interval_puts_outcomes_together(evidence_of: Callable[..., Evidence], random_rows: Rows, finding: Finding) -> None:
    """scipy's t intervals of score - outcome by outcome and statsmodels' Wilson interval of the base rate, by squares.

    The mean difference is lower where the outcome is positive, so that a higher base rate lowers the gap.
    """
    from scipy import stats
    from statsmodels.stats.proportion import proportion_confint

    gap, y = (np.asarray([f(row) for row in random_rows]) for f in (lambda r: r["score"] - r["outcome"], lambda r: r["outcome"]))
    found = finding(evidence_of(random_rows), "calibration_gap")
    pi, (least, most) = y.mean(), proportion_confint(y.sum(), len(y), method="wilson")
    half = [stats.t.ppf(0.975, (y == o).sum() - 1) * stats.sem(gap[y == o]) for o in (0, 1)]
    apart = gap[y == 0].mean() - gap[y == 1].mean()
    within = (pi * half[1]) ** 2 + ((1 - pi) * half[0]) ** 2
    low, high = gap.mean() - np.sqrt((apart * (most - pi)) ** 2 + within), gap.mean() + np.sqrt((apart * (pi - least)) ** 2 + within)
    np.testing.assert_allclose([found["value"], found["low"], found["high"]], [gap.mean(), low, high], atol=1e-12)
    assert found["method"] == "stratified-t"


def test_no_interval_from_one_kind_of_outcome(evidence_of: Callable[..., Evidence], finding: Finding) -> None:
    """One positive outcome in ten: the gap is known, how sure it is is not."""
    found = finding(evidence_of([{"score": 0.25, "outcome": int(i == 0)} for i in range(10)]), "calibration_gap")
    assert found["value"] == pytest.approx(0.15)
    assert np.isnan(found["low"])
    assert np.isnan(found["high"])
    assert found["reason"] == "no interval: fewer than two outcomes of one kind"


@pytest.mark.parametrize("n", [50, 100, 200, 400, 1000, 5000])
@pytest.mark.parametrize("spread", [(0.02, 0.2), (0.3, 0.7), (0.05, 0.95)])
def test_calibrated_scores_are_not_failed(n: int, spread: tuple[float, float]) -> None:
    """Of 2,000 simulated cells whose scores are exactly right, at most 5 % fail the default policy and at most 5 % warn."""
    from audits.defaults import DEFAULTS
    from audits.performance.rates import stratified_mean
    from audits.policy import judge

    draw = np.random.default_rng(n)
    score = draw.uniform(*spread, (2000, n))
    hit = draw.random((2000, n)) < score
    total, squared, rows = (
        np.stack([np.where(hit == o, x, 0.0).sum(axis=1) for o in (0, 1)], axis=1) for x in (score - hit, (score - hit) ** 2, 1.0)
    )
    judged = judge(DEFAULTS["calibration_gap"], *stratified_mean(total, squared, rows), np.full(2000, n))
    assert np.mean(judged == "fail") <= 0.05
    assert np.mean(judged == "warn") <= 0.05


@pytest.mark.parametrize(("n", "base"), [(50, 0.1), (500, 0.01), (500, 0.25)])
def test_rare_outcomes_do_not_shorten_the_interval(n: int, base: float) -> None:
    """Scores that miss most positives: the interval holds the true Brier score in at least 93 % of 3,000 samples that have one.

    The t interval of all rows together does in 83 % at 50 rows and a base rate of 5 %.
    """
    from audits.performance.rates import stratified_mean

    draw = np.random.default_rng(7)
    y = draw.random((3000, n)) < base
    score = np.clip(draw.normal(np.where(y, 0.35, 0.1), 0.1), 0, 1)
    error = (score - y) ** 2
    total, squared, rows = (np.stack([np.where(y == o, x, 0.0).sum(axis=1) for o in (0, 1)], axis=1) for x in (error, error**2, 1.0))
    many = draw.normal(np.asarray([[0.1], [0.35]]), 0.1, (2, 400_000)).clip(0, 1)
    truth = (1 - base) * (many[0] ** 2).mean() + base * ((many[1] - 1) ** 2).mean()
    _, low, high = stratified_mean(total, squared, rows)
    made = np.isfinite(low)
    assert made.mean() > 0.85
    assert np.mean((low[made] <= truth) & (truth <= high[made])) >= 0.93
