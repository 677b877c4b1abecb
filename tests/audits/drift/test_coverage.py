"""Do the intervals hold what they promise: simulated coverage, with and without drift."""

from __future__ import annotations

import numpy as np
import pytest

from audits.bins import numeric_bins
from audits.drift.cells import Cells
from audits.drift.chi_squared import cramers_v_squared
from audits.drift.hellinger_distance import divergence as hellinger
from audits.drift.jensen_shannon_distance import divergence as jensen_shannon
from audits.drift.l_infinity import largest_change
from audits.drift.population_stability_index import index
from audits.drift.two_samples import Samples, around
from audits.drift.wasserstein_distance import transport
from audits.evidence import ColumnCounts

FLAT = np.full(10, 0.1)
TILTED = np.linspace(0.06, 0.14, 10)
SKEWED = np.array([0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.04, 0.03, 0.02, 0.01])


def samples(p, q, n, m, draws, seed=11):
    draw = np.random.default_rng(seed)
    reference, windows = draw.multinomial(n, p, (draws, 1)), draw.multinomial(m, q, (draws, 1))
    return Samples(columns=(), reference=reference.astype(float), windows=windows.astype(float))


@pytest.mark.parametrize("measure", [index, jensen_shannon, hellinger, cramers_v_squared], ids=lambda f: f.__module__.split(".")[-1])
@pytest.mark.parametrize(("p", "q"), [(FLAT, FLAT), (FLAT, TILTED), (FLAT, SKEWED)], ids=["none", "small", "large"])
@pytest.mark.parametrize(("n", "m"), [(5000, 500), (2000, 2000)])
def test_delta_intervals_cover(measure, p, q, n, m):
    exact = samples(p, q, n, m, 1)
    truth = measure(Samples(columns=(), reference=p[None, None] * n, windows=q[None, None] * m))[0]
    low, high = around(*measure(samples(p, q, n, m, 3000)))
    assert exact.free[0, 0] == 9
    assert np.mean((low <= truth + 1e-12) & (truth <= high)) > 0.935


def test_p_values_are_uniform_where_nothing_moved():
    p_values = samples(SKEWED, SKEWED, 5000, 1000, 4000).p_value
    assert np.mean(p_values < 0.05) == pytest.approx(0.05, abs=0.012)
    assert np.mean(p_values < 0.5) == pytest.approx(0.5, abs=0.03)


ZIPF = 1 / np.arange(1, 101) ** 1.3 / np.sum(1 / np.arange(1, 101) ** 1.3)
SPARSE = [(FLAT, 5000, 10), (FLAT, 5000, 30), (ZIPF, 5000, 10), (ZIPF, 5000, 100), (ZIPF, 100, 100), (ZIPF, 200, 1000)]


@pytest.mark.parametrize(("p", "n", "m"), SPARSE)
def test_p_values_hold_their_level_where_bins_are_expected_to_hold_few_rows(p, n, m):
    """Chi-squared itself would reject in up to 29 of 100 cases here."""
    assert np.mean(samples(p, p, n, m, 3000).p_value < 0.05) == pytest.approx(0.05, abs=0.017)


@pytest.mark.parametrize("measure", [index, jensen_shannon, hellinger, cramers_v_squared], ids=lambda f: f.__module__.split(".")[-1])
@pytest.mark.parametrize(("p", "n", "m"), SPARSE)
def test_low_ends_are_honest_where_bins_are_expected_to_hold_few_rows(measure, p, n, m):
    """Nothing moved: the low end is above 0 in hardly more than 5 of 100 windows, however few the rows and many the categories."""
    found = samples(p, p, n, m, 1500)
    low, _ = around(*measure(found), p_value=found.p_value)
    assert np.mean(low > 1e-9) < 0.065


@pytest.mark.parametrize(("p", "n", "m"), [*SPARSE, (FLAT, 200, 1000), (ZIPF, 5000, 1000)])
def test_the_largest_change_allows_for_having_been_picked(p, n, m):
    """Nothing moved: the largest of a hundred changes is called one in hardly more than 5 of 100 windows; and a true one lies inside."""
    low, _ = largest_change(samples(p, p, n, m, 1500))
    assert np.mean(low > 0) < 0.065
    moved = p.copy()
    moved[0] -= 0.05
    moved[1] += 0.05
    low, high = largest_change(samples(p, moved, n, m, 1500))
    assert np.mean((low <= 0.05 + 1e-9) & (high >= 0.05)) > 0.94


@pytest.mark.parametrize(("shift", "most"), [(0.0, 0.075), (0.1, 0.06), (0.4, 0.06)])
def test_wasserstein_intervals_cover(shift, most):
    draw = np.random.default_rng(2)
    grid = numeric_bins(
        "x", low=-4, high=4, mean=0, deviation=1, integers=False, quantiles=np.quantile(draw.normal(size=9000), np.linspace(0, 1, 401))
    )
    missed, quiet = [], []
    for _ in range(30):
        reference, windows = draw.normal(0, 1, 3000), draw.normal(shift, 1, (20, 800))
        counts, sums = zip(*(_binned(grid, x) for x in (reference, *windows)), strict=True)
        column = ColumnCounts(
            reference=counts[0], windows=np.stack(counts[1:]), reference_total=sums[0], total=np.stack(sums[1:]), reference_special={},
            special={}, unseen_levels={},
        )  # fmt: skip
        found = transport(Cells.of(grid, column), np.array([3000 * reference.var()]), 800 * windows.var(axis=1))
        missed += list((found.low > shift + 1e-3) | (found.high < shift))
        quiet += list(found.value / found.expected)
    assert np.mean(missed) < most
    if shift == 0:
        assert np.mean(quiet) == pytest.approx(1, abs=0.06), "what two samples of one distribution are apart on average"


def _binned(grid, x):
    cell = grid.bin_of(x)
    return np.bincount(cell, minlength=grid.size).astype(float), np.bincount(cell, weights=x, minlength=grid.size)
