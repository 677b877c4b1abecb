"""Kitagawa's split: hand-worked tables, an oracle, exactness and the coverage of its intervals."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.oaxaca import OaxacaBlinder

from audits.attribution.kitagawa import Period, split
from audits.attribution.tables import pooled


def period(n: object, hits: object) -> Period:
    """Make a period of a share of rows."""
    rows, total = np.asarray(n, dtype=np.float64), np.asarray(hits, dtype=np.float64)
    return Period(n=rows, total=total, squared=total)


def test_a_table_worked_by_hand() -> None:
    """Shares 0.6, 0.4 become 0.3, 0.7; rates 0.5, 0.2 become 0.6, 0.1."""
    found = split(period([60, 40], [30, 8]), period([30, 70], [18, 7]))
    # mix: -0.3 * (0.5 + 0.6)/2 + 0.3 * (0.2 + 0.1)/2 = -0.165 + 0.045 = -0.12
    assert found.mix == pytest.approx(-0.12)
    # rate: 0.1 * (0.6 + 0.3)/2 - 0.1 * (0.4 + 0.7)/2 = 0.045 - 0.055 = -0.01
    assert found.rate_effect == pytest.approx(-0.01)
    assert found.change == pytest.approx(0.25 - 0.38)
    # against the mean rate of both periods, 0.315: -0.3 * (0.55 - 0.315), 0.3 * (0.15 - 0.315)
    assert found.mix_parts == pytest.approx([-0.0705, -0.0495])
    assert found.rate_parts == pytest.approx([0.045, -0.055])


def test_a_level_of_one_period_only_is_mix() -> None:
    """A newcomer of rate 1 that takes a fifth: +0.2 * (1 - 0.5) of mix, nothing of rate."""
    found = split(period([50, 50, 0], [25, 25, 0]), period([40, 40, 20], [20, 20, 20]))
    assert found.mix == pytest.approx(0.1)
    assert found.rate_effect == pytest.approx(0.0)
    back = split(period([40, 40, 20], [20, 20, 20]), period([50, 50, 0], [25, 25, 0]))
    assert back.mix == pytest.approx(-0.1)


def test_the_parts_add_up_exactly() -> None:
    """mix + rate = change to 1e-12 over random tables, empty levels included; no rows gives NaN."""
    draw = np.random.default_rng(3)
    n = [draw.integers(0, 40, (200, 7)) * draw.integers(0, 2, (200, 7)) for _ in range(2)]
    n[0][:, 0] += 1
    n[1][:, 1] += 1
    found = split(*(period(rows, draw.binomial(rows, 0.3)) for rows in n))
    assert np.abs(found.mix + found.rate_effect - found.change).max() < 1e-12
    assert np.abs(found.mix_parts.sum(axis=-1) + found.rate_parts.sum(axis=-1) - found.change).max() < 1e-12
    empty = split(period([0, 0], [0, 0]), period([5, 5], [1, 2]))
    assert np.isnan(empty.change)
    assert np.isnan(empty.mix)
    turned = split(period(n[1][0], n[1][0]), period(n[0][0], n[0][0]))
    assert turned.mix == pytest.approx(-split(period(n[0][0], n[0][0]), period(n[1][0], n[1][0])).mix)


def test_statsmodels_agrees() -> None:
    """With one dummy a level, three-fold: mix = endowments + interaction / 2, rate = coefficients + interaction / 2."""
    draw = np.random.default_rng(5)
    level = np.concatenate([draw.choice(3, 400, p=[0.5, 0.3, 0.2]), draw.choice(3, 600, p=[0.2, 0.3, 0.5])])
    later = np.repeat([0, 1], [400, 600])
    y = draw.normal([1.0, 2.0, 4.0], 1.0, (1000, 3))[np.arange(1000), level] + 0.5 * later * (level == 2)
    design = np.column_stack([level == 1, level == 2, later, np.ones(1000)]).astype(np.float64)
    # Its groups are taken in the order of their means, the higher first: here the later one.
    characteristics, coefficients, interaction, gap = OaxacaBlinder(y, design, 2, hasconst=True).three_fold().params

    def of(when: int) -> Period:
        inside = [y[(later == when) & (level == k)] for k in range(3)]
        return Period(
            n=np.asarray([len(x) for x in inside], dtype=np.float64), total=np.asarray([x.sum() for x in inside]),
            squared=np.asarray([(x**2).sum() for x in inside]),
        )  # fmt: skip

    found = split(of(0), of(1), proportion=False)
    assert found.change == pytest.approx(gap)
    assert found.mix == pytest.approx(characteristics + interaction / 2)
    assert found.rate_effect == pytest.approx(coefficients + interaction / 2)


def test_intervals_cover() -> None:
    """Of 4,000 pairs of samples, 95 % of the intervals hold the true effects, give or take 1.5 points."""
    draw = np.random.default_rng(7)
    size, shares = (300, 500), (np.array([0.5, 0.3, 0.2]), np.array([0.35, 0.3, 0.35]))
    rates = np.array([0.7, 0.5, 0.2]), np.array([0.65, 0.55, 0.3])
    n = [draw.multinomial(k, w, 4000) for k, w in zip(size, shares, strict=True)]
    found = split(*(period(rows, draw.binomial(rows, r)) for rows, r in zip(n, rates, strict=True)))
    mix = float(((shares[1] - shares[0]) * (rates[0] + rates[1]) / 2).sum())
    rate = float(((rates[1] - rates[0]) * (shares[0] + shares[1]) / 2).sum())
    for value, error, truth in ((found.mix, found.mix_error, mix), (found.rate_effect, found.rate_error, rate)):
        assert np.mean(np.abs(value - truth) < 1.96 * error) == pytest.approx(0.95, abs=0.015)


def test_means_have_intervals_that_cover() -> None:
    """The same of a mean: the spread within levels comes from the squares."""
    draw = np.random.default_rng(8)
    truth = 0.2 * (3.0 - 1.0)  # shares 0.7, 0.3 become 0.5, 0.5; means stay at 1 and 3
    hits = 0
    for _ in range(1000):
        periods = []
        for share, size in ((0.3, 200), (0.5, 150)):
            k = draw.binomial(size, share)
            parts = draw.normal(1.0, 2.0, size - k), draw.normal(3.0, 2.0, k)
            periods.append(Period(
                n=np.asarray([size - k, k], dtype=np.float64), total=np.asarray([x.sum() for x in parts]),
                squared=np.asarray([(x**2).sum() for x in parts]),
            ))  # fmt: skip
        found = split(*periods, proportion=False)
        hits += abs(found.mix - truth) < 1.96 * found.mix_error
    assert hits / 1000 == pytest.approx(0.95, abs=0.02)


def test_small_levels_hide_each_other() -> None:
    """One small level takes the next smallest along; several that hold ten together stay by themselves; empty ones are left out."""
    assert pooled(np.array([90.0, 4, 50, 30]), np.array([80.0, 20, 60, 12])) == [[0], [2], [1, 3]]
    assert pooled(np.array([90.0, 6, 6, 0]), np.array([80.0, 9, 7, 0])) == [[0], [1, 2]]
    assert pooled(np.array([90.0, 60]), np.array([80.0, 90])) == [[0], [1]]
