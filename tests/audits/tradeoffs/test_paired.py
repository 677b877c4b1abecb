"""Two ways to decide the same rows: worked by hand, and intervals against resampled rows."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from audits.tradeoffs.paired import Paired, contrast


def paired(rows, *, same=True):
    """Count (group, outcome, baseline, other) rows of one other way."""
    counts = np.zeros((1 + max(r[0] for r in rows), 1, 2, 2, 2))
    for group, outcome, baseline, other in rows:
        counts[group, 0, outcome, baseline, other] += 1
    return Paired(counts=counts, same=same, allowed=np.ones(len(counts), dtype=bool))


def test_losses_by_hand():
    # Of 10 rows two differ: one positive that only the baseline found, one negative that only the other let pass.
    rows = [(0, 1, 1, 1)] * 3 + [(0, 1, 1, 0)] + [(0, 0, 0, 0)] * 3 + [(0, 0, 1, 0)] + [(0, 0, 0, 1)] * 2
    both = paired(rows)
    value, low, high = both.loss()
    # Lost: the missed positive and the two new false alarms; won: the negative no longer flagged: (3 - 1) / 10.
    assert value[0] == pytest.approx(0.2)
    half = 1.959964 * np.sqrt(4 + 1 - 4 / 12) / 12
    assert (low[0], high[0]) == pytest.approx((0.2 - half, 0.2 + half), abs=1e-6)
    balanced = both.balanced_loss()
    # True positive rate 4/4 -> 3/4; true negative rate 5/6 -> 4/6: half of 1/4 + 1/6.
    assert balanced[0][0] == pytest.approx((1 / 4 + 1 / 6) / 2)
    # Costs TP -1, FP 5, FN 1, TN 0: the missed positive +2, the flag less -5, two flags more +10: 7 / 10.
    assert both.cost_increase(np.array([-1.0, 5.0, 1.0, 0.0]))[0][0] == pytest.approx(0.7)


def test_the_gain_is_the_ratio_of_two_impact_ratios():
    # A: 40 rows, 20 selected, then 24; B: 40 rows, 10 selected, then 18: ratios 1/2 and 3/4.
    rows = [
        *[(0, i % 2, 1, 1) for i in range(20)], *[(0, i % 2, 0, 1) for i in range(4)], *[(0, i % 2, 0, 0) for i in range(16)],
        *[(1, i % 2, 1, 1) for i in range(10)], *[(1, i % 2, 0, 1) for i in range(8)], *[(1, i % 2, 0, 0) for i in range(22)],
    ]  # fmt: skip
    (value, low, high), p_value = paired(rows).gain()
    assert value[0] == pytest.approx(1.5)
    assert low[0] < 1.5 < high[0]
    # Variance of the log, group A: (16/24 + 20/20 - 2 (20/40 - 24/40 20/40) / (24/40 20/40)) / 40, and B likewise.
    a = (16 / 24 + 20 / 20 - 2 * (20 / 40 - 0.6 * 0.5) / (0.6 * 0.5)) / 40
    b = (22 / 18 + 30 / 10 - 2 * (10 / 40 - 0.45 * 0.25) / (0.45 * 0.25)) / 40
    assert np.log(high[0] / 1.5) == pytest.approx(1.959964 * np.sqrt(a + b), abs=1e-6)
    assert p_value[0] == pytest.approx(2 * (1 - _phi(np.log(1.5) / np.sqrt(a + b))), abs=1e-9)


def _phi(z):
    from scipy.stats import norm

    return float(norm.cdf(z))


def test_a_way_that_changes_nothing_gains_nothing():
    rows = [(g, o, d, d) for g, o, d in product((0, 1), (0, 1), (0, 1)) for _ in range(10 + 5 * g * d)]
    both = paired(rows)
    (value, _, _), p_value = both.gain()
    assert value[0] == pytest.approx(1.0)
    assert not p_value[0] < 0.9
    loss = both.loss()
    assert loss[0][0] == 0.0
    assert loss[1][0] < 0 < loss[2][0], "never to differ on few rows is not to be equal"


def test_nobody_selected_in_a_group_cannot_be_compared():
    rows = [(0, i % 2, 1, 1) for i in range(40)] + [(1, i % 2, 0, 0) for i in range(40)]
    (value, _, _), p_value = paired(rows).gain()
    assert np.isnan(value[0])
    assert np.isnan(p_value[0])


def test_intervals_agree_with_resampling_rows():
    draw = np.random.default_rng(4)
    n = 3000
    group, outcome = draw.integers(0, 2, n), draw.integers(0, 2, n)
    score = draw.normal(outcome + 0.7 * group, 1.0)
    baseline, other = (score > 0.5).astype(int), (score + draw.normal(0, 0.4, n) > 0.2).astype(int)
    cells = ((group * 2 + outcome) * 2 + baseline) * 2 + other
    every = np.bincount(cells, minlength=16)
    drawn = draw.multinomial(n, every / n, size=2000).reshape(2000, 2, 1, 2, 2, 2).astype(float)
    # By [group, way, outcome, baseline, other]: resamples are ways of one Paired.
    resampled = Paired(counts=np.moveaxis(drawn[:, :, 0], 0, 1), same=True, allowed=np.ones(2, dtype=bool))
    single = Paired(counts=every.reshape(2, 1, 2, 2, 2).astype(float), same=True, allowed=np.ones(2, dtype=bool))
    costs = np.array([-1.0, 5.0, 1.0, 0.0])
    pairs = {
        "loss": (single.loss(), resampled.loss()), "balanced": (single.balanced_loss(), resampled.balanced_loss()),
        "cost": (single.cost_increase(costs), resampled.cost_increase(costs)), "gain": (single.gain()[0], resampled.gain()[0]),
    }  # fmt: skip
    for name, ((value, low, high), (values, _, _)) in pairs.items():
        spread = np.log(high / low)[0] if name == "gain" else (high - low)[0]
        seen = np.quantile(np.log(values) if name == "gain" else values, [0.025, 0.975])
        assert spread == pytest.approx(seen[1] - seen[0], rel=0.08), name
        assert seen[0] < (np.log(value[0]) if name == "gain" else value[0]) < seen[1]


def test_a_contrast_without_rows_is_absent():
    value, _, _ = contrast(np.zeros(1), np.zeros(1), np.zeros(1))
    assert np.isnan(value[0])
