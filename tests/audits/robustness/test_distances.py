"""Quantiles of distances that are counted in bins and stop at a budget."""

from __future__ import annotations

import numpy as np
import pytest

from audits.interval import quantile_ranks
from audits.robustness.distances import BUDGET, EDGES, curve, quantile, quantiles_table


def counted(sizes):
    return np.bincount(np.searchsorted(EDGES, sizes, side="left"), minlength=len(EDGES) + 1).astype(float)


def test_quantiles_are_those_of_the_sizes_to_a_bin():
    sizes = np.sort(np.random.default_rng(1).lognormal(-1, 0.5, 501))
    for share in (0.1, 0.5, 0.9):
        value, low, high = quantile(counted(sizes), share)
        assert value == pytest.approx(np.quantile(sizes, share), rel=0.03)
        first, last = quantile_ranks(501, share)
        assert sizes[first - 1] / 1.075 <= low <= sizes[first - 1]  # the lower edge of the bin that the order statistic is in
        assert sizes[last - 1] <= high <= sizes[last - 1] * 1.075


def test_rows_beyond_the_budget_move_the_quantiles_and_end_them():
    sizes = np.concatenate([np.full(60, 0.5), np.full(40, np.inf)])
    n = counted(sizes)
    assert n[-1] == 40
    assert quantile(n, 0.5)[0] == pytest.approx(0.5, rel=0.075)
    assert np.isnan(quantile(n, 0.7)[0])
    half = quantile(counted(np.concatenate([np.full(52, 0.5), np.full(48, np.inf)])), 0.5)
    assert np.isfinite(half[0])
    assert np.isnan(half[2])  # with 95 % probability the median could lie beyond the budget: there is no upper end
    assert counted(np.asarray([BUDGET, BUDGET * 1.001]))[-1] == 1


def test_few_rows_have_no_upper_end_and_none_has_no_quantile():
    value, low, high = quantile(counted(np.asarray([0.2, 0.4])), 0.5)
    assert (low, np.isnan(high)) == (0.0, True)  # two order statistics do not hold a median with 95 % probability
    assert 0.1 < value < 0.45
    assert all(np.isnan(x) for x in quantile(np.zeros(len(EDGES) + 1), 0.5))


def test_the_interval_holds_the_median_as_often_as_it_says():
    draw = np.random.default_rng(2)
    sizes = draw.lognormal(-1, 1, (2000, 80))
    n = np.stack([counted(each) for each in sizes])
    _, low, high = quantile(n, 0.5)
    held = (low <= np.exp(-1)) & (np.exp(-1) <= high)
    assert 0.94 < held.mean() <= 1


def test_the_curve_counts_what_turns_within_each_distance():
    n = counted(np.asarray([0.1, 0.2, 0.6, np.inf]))
    found = curve(n)
    at = dict(zip(found["distance"], found["value"], strict=True))
    assert [value for distance, value in at.items() if 0.25 < distance < 0.55] == [0.5] * sum(0.25 < d < 0.55 for d in at)
    assert found["value"][-1] == 0.75
    table = quantiles_table(n)
    assert (sum(table["bins"]["n"]), table["beyond"], table["quantiles"]["value"][-1]) == (3, 1, None)
