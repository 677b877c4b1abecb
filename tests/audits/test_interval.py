"""Intervals and tests against libraries that define them, and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from audits.interval import (
    benjamini_hochberg,
    bootstrap,
    chi_squared_p,
    fisher_p,
    katz,
    katz_method,
    koopman,
    mean_t,
    mover,
    newcombe,
    proportion,
    quantile_ranks,
    share,
    two_proportion_p,
    wilson,
)
from audits.performance.roc_auc import delong
from audits.performance.roc_auc import interval as auc_interval

TABLES = [(56, 70, 48, 80), (3, 40, 4, 60), (15, 34, 0, 34), (10, 10, 0, 20), (1, 3, 2, 500)]


def test_wilson_equals_statsmodels() -> None:
    """The same ends for every count, edges included."""
    for n in (1, 2, 7, 30, 1000):
        hits = np.arange(n + 1)
        low, high = wilson(hits, n)
        expected = proportion_confint(hits, n, method="wilson")
        np.testing.assert_allclose(low, expected[0], atol=1e-12)
        np.testing.assert_allclose(high, expected[1], atol=1e-12)


def test_wilson_of_nothing_is_unknown() -> None:
    """No rows: no interval; none or all of ten: an end at 0 or 1 exactly."""
    low, high = wilson([0, 0, 10], [0, 10, 10])
    assert np.isnan([low[0], high[0]]).all()
    assert low[1] == 0.0
    assert high[2] == 1.0


@pytest.mark.parametrize("table", TABLES)
def test_newcombe_equals_statsmodels(table: tuple[int, int, int, int]) -> None:
    """Method 10 of the paper."""
    expected = confint_proportions_2indep(*table, compare="diff", method="newcomb")
    np.testing.assert_allclose(newcombe(*table), expected, atol=1e-12)


def test_newcombe_of_the_paper() -> None:
    """Table II of Newcombe (1998), method 10: 56/70 - 48/80 and 9/10 - 3/10."""
    low, high = newcombe([56, 9], [70, 10], [48, 3], [80, 10])
    np.testing.assert_allclose(low, [0.0524, 0.1705], atol=5e-5)
    np.testing.assert_allclose(high, [0.3339, 0.8090], atol=5e-5)


def test_katz_equals_statsmodels_from_five_events_on() -> None:
    """The log interval of the risk ratio."""
    low, high = katz(29, 262, 69, 524)
    expected = Table2x2([[29, 262 - 29], [69, 524 - 69]]).riskratio_confint()
    np.testing.assert_allclose([low, high], expected, rtol=1e-10)
    assert katz_method(29, 69) == "katz-log"


def test_koopman_equals_statsmodels_below_five_events() -> None:
    """The score interval; statsmodels calls it the Miettinen-Nurminen score without its correction."""
    for table in ((3, 40, 4, 60), (1, 3, 2, 500), (36, 40, 16, 80)):
        expected = confint_proportions_2indep(*table, compare="ratio", method="score", correction=False)
        np.testing.assert_allclose(koopman(*table), expected, rtol=1e-6)
    np.testing.assert_allclose(katz(3, 40, 4, 60), koopman(3, 40, 4, 60), rtol=1e-12)


def test_ratio_without_events() -> None:
    """No event in group 1: the interval starts at 0. None in group 2: it has no upper end. No rows: none at all."""
    low, high = katz([0, 4, 0], [40, 40, 0], [4, 0, 1], [60, 60, 10])
    assert low[0] == 0.0
    assert 1.0 < high[0] < 2.0
    assert low[1] > 0.5
    assert np.isnan(high[1])
    assert np.isnan([low[2], high[2]]).all()


def test_mean_t_equals_scipy() -> None:
    """Against scipy's t interval of nine numbers; one number has no interval."""
    x = np.asarray([1.0, 2.5, 2.5, 3.0, 4.5, 5.0, 7.0, 8.5, 12.0])
    found = mean_t(x.sum(), (x**2).sum(), len(x))
    expected = stats.t.interval(0.95, len(x) - 1, loc=x.mean(), scale=stats.sem(x))
    np.testing.assert_allclose(found, [x.mean(), *expected], rtol=1e-12)
    mean, low, high = mean_t([3.0, 0.0], [9.0, 0.0], [1, 0])
    assert mean[0] == 3.0
    assert np.isnan([mean[1], low[0], high[0]]).all()


def test_mover_of_a_difference_is_newcombe() -> None:
    """Newcombe's interval is the special case with weights 1 and -1."""
    found = mover([share(56, 70), share(48, 80)], [wilson(56, 70), wilson(48, 80)], [1.0, -1.0])
    np.testing.assert_allclose(found, newcombe(56, 70, 48, 80))


def test_two_proportions_by_z() -> None:
    """Against statsmodels where all expected counts are five or more."""
    for x1, n1, x2, n2 in ((56, 70, 48, 80), (500, 1000, 480, 1000), (15, 34, 9, 34)):
        expected = proportions_ztest([x1, x2], [n1, n2])[1]
        assert two_proportion_p(x1, n1, x2, n2) == pytest.approx(expected, abs=1e-12)


def test_two_proportions_by_fisher() -> None:
    """Against scipy over random small tables of which one expected count is below five."""
    draw = np.random.default_rng(7)
    seen = 0
    for _ in range(200):
        n1, n2 = draw.integers(1, 300, 2)
        x1, x2 = min(int(draw.integers(0, 5)), n1), min(int(draw.integers(0, 5)), n2)
        if draw.random() < 0.5:
            x1, x2 = n1 - x1, n2 - x2
        expected = stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1]
        few = min(n1, n2) * min(x1 + x2, n1 + n2 - x1 - x2) / (n1 + n2) < 5
        seen += few
        assert fisher_p(x1, n1, x2, n2) == pytest.approx(expected, abs=1e-9)
        if few:
            assert two_proportion_p(x1, n1, x2, n2) == pytest.approx(expected, abs=1e-9)
    assert seen > 100


def test_fisher_with_a_group_far_from_expected() -> None:
    """A cell of 120 where 4 are expected: the p-value is tiny, and not zero."""
    found = float(fisher_p(120, 400, 0, 12000))
    expected = stats.fisher_exact([[120, 280], [0, 12000]])[1]
    assert found == pytest.approx(expected, rel=1e-6)


def test_chi_squared_equals_scipy() -> None:
    """Three groups by two outcomes, and the same with an empty group."""
    table = np.asarray([[30, 10], [20, 20], [5, 15]])
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert chi_squared_p(table) == pytest.approx(expected, rel=1e-10)
    assert chi_squared_p([*table.tolist(), [0, 0]]) == pytest.approx(expected, rel=1e-10)
    assert np.isnan(chi_squared_p([[3, 4], [0, 0]]))


def test_ranks_equal_the_binomial() -> None:
    """The largest rank whose order statistic is above the quantile with at most 2.5 %, and the mirror image."""
    for n in (1, 5, 59, 100, 1000, 123_457):
        for q in (0.5, 0.95, 0.99):
            low, high = (int(rank) for rank in quantile_ranks(n, q))
            below = stats.binom(n, q).cdf
            assert low == 0 or below(low - 1) <= 0.025
            assert below(low) > 0.025
            assert high == n + 1 or below(high - 1) >= 0.975
            assert high == 1 or below(high - 2) < 0.975


def test_q_values_equal_statsmodels() -> None:
    """Benjamini and Hochberg, with unknown p-values left out of the family."""
    p = np.asarray([0.01, 0.5, np.nan, 0.04, 0.03, 0.9, 0.0005])
    known = np.isfinite(p)
    np.testing.assert_allclose(benjamini_hochberg(p)[known], multipletests(p[known], method="fdr_bh")[1], rtol=1e-12)
    assert np.isnan(benjamini_hochberg(p)[2])


def test_bootstrap_is_repeatable_and_close_to_wilson() -> None:
    """80 of 100: within two points of Wilson; the same seed gives the same interval; Poisson agrees with multinomial."""

    def rate(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return counts[..., 0] / counts.sum(axis=-1)

    once, again = bootstrap([80, 20], rate, seed=3), bootstrap([80, 20], rate, seed=3)
    np.testing.assert_array_equal(once, again)
    np.testing.assert_allclose(once, wilson(80, 100), atol=0.02)
    np.testing.assert_allclose(bootstrap([80, 20], rate, seed=3, kind="poisson"), once, atol=0.02)
    low, high = bootstrap([[0, 0], [5, 5]], rate, seed=3)
    assert np.isnan([low[0], high[0]]).all()
    assert low[1] < 0.5 < high[1]


def covered(low: NDArray[np.float64], high: NDArray[np.float64], truth: NDArray[np.float64] | float) -> float:
    """Share of intervals that hold the truth."""
    return float(np.mean((low <= truth) & (truth <= high)))


def test_coverage_of_wilson() -> None:
    """Averaged over base rates, exactly (over all counts by their probability): within one point of 95 %."""
    rates = np.linspace(0.02, 0.98, 97)
    for n in (30, 100):
        hits = np.arange(n + 1)
        low, high = wilson(hits, n)
        chance = stats.binom.pmf(hits[None, :], n, rates[:, None])
        held = (low <= rates[:, None]) & (rates[:, None] <= high)
        assert float((chance * held).sum(axis=1).mean()) == pytest.approx(0.95, abs=0.01)


def test_coverage_of_newcombe_and_katz() -> None:
    """Averaged over pairs of base rates: within one point of 95 %."""
    draw = np.random.default_rng(11)
    p1, p2 = draw.uniform(0.05, 0.95, 20_000), draw.uniform(0.05, 0.95, 20_000)
    for n1, n2 in ((40, 60), (200, 100)):
        x1, x2 = draw.binomial(n1, p1), draw.binomial(n2, p2)
        assert covered(*newcombe(x1, n1, x2, n2), p1 - p2) == pytest.approx(0.95, abs=0.01)
        low, high = katz(x1, n1, x2, n2)
        assert covered(low, np.where(np.isnan(high), np.inf, high), p1 / p2) == pytest.approx(0.95, abs=0.01)


def test_coverage_of_delong() -> None:
    """Normal scores 0 to 2 deviations apart (AUC 0.5 to 0.92), 20 and 60 to 200 and 300 rows: within one point of 95 % on average,
    and nowhere below 93.5 %."""
    draw = np.random.default_rng(5)
    runs, edges = 1500, np.linspace(-5, 7, 400)

    def histogram(n: int, centre: float) -> NDArray[np.float64]:
        place = np.searchsorted(edges, draw.normal(centre, 1, (runs, n))) + np.arange(runs)[:, None] * (len(edges) + 1)
        return np.bincount(place.ravel(), minlength=runs * (len(edges) + 1)).reshape(runs, -1).astype(np.float64)

    found = []
    for p, n in ((20, 60), (30, 30), (60, 90), (200, 300)):
        for apart in (0.0, 1.0, 2.0):
            positives, negatives = histogram(p, apart), histogram(n, 0.0)
            value, variance = delong(positives, negatives)
            low, high, _ = auc_interval(value, variance, positives.sum(axis=1), negatives.sum(axis=1))
            found.append(covered(low, high, float(stats.norm.cdf(apart / np.sqrt(2)))))
    assert np.mean(found) == pytest.approx(0.95, abs=0.01)
    assert min(found) > 0.935


def test_proportion_carries_its_support() -> None:
    """8 of 10 is 0.8 with n = 10."""
    found = proportion([8], [10])
    assert found.value.tolist() == [0.8]
    assert found.n.tolist() == [10]
    assert found.method == "wilson"


def test_nothing_to_resample_has_no_interval():
    low, high = bootstrap(np.zeros((2, 3)), lambda cells: cells[..., 0] / cells.sum(axis=-1), seed=1)
    assert np.isnan(low).all()
    assert np.isnan(high).all()
