"""Bootstrap samples by cell are bootstrap samples of rows, only faster."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from audits.evidence import NO, YES
from audits.fairness.equalized_odds_difference import equalized_odds_difference
from audits.fairness.replicates import NAMES, replicated, spreads
from audits.fairness.yardstick import compared_groups


def test_the_four_figures_by_hand():
    # Group a: 4 of 8 selected, 3 of 4 with the favorable outcome and 1 of 4 without; group b: 2 of 8, 1 of 4 and 1 of 4.
    table = np.zeros((1, 2, 2, 3))
    table[0, 0, YES, YES], table[0, 0, NO, YES], table[0, 0, YES, NO], table[0, 0, NO, NO] = 3, 1, 1, 3
    table[0, 1, YES, YES], table[0, 1, NO, YES], table[0, 1, YES, NO], table[0, 1, NO, NO] = 1, 3, 1, 3
    assert dict(zip(NAMES, spreads(table)[0], strict=True)) == pytest.approx(
        {"demographic_parity_difference": 0.25, "demographic_parity_ratio": 0.5, "equal_opportunity_difference": 0.5,
         "equalized_odds_difference": 0.5}
    )  # fmt: skip


def test_samples_of_cells_are_distributed_as_samples_of_rows(population):
    """Draw 1,000 samples of rows and 1,000 of cells: Kolmogorov and Smirnov cannot tell their figures apart."""
    levels = sorted({row["race"] for row in population})
    codes = np.asarray(
        [
            (levels.index(row["race"]), 2 if row["decision"] is None else row["decision"], 2 if row["outcome"] is None else row["outcome"])
            for row in population
        ]
    )
    draw = np.random.default_rng(11)

    def tables(flat):
        counted = np.stack([np.bincount(each, minlength=27) for each in flat]).reshape(-1, 3, 3, 3)
        return counted[:, :, :2].astype(float)

    flat = (codes[:, 0] * 3 + codes[:, 1]) * 3 + codes[:, 2]
    of_rows = spreads(tables(flat[draw.integers(0, len(flat), size=(1000, len(flat)))]))
    chances = np.bincount(flat, minlength=27) / len(flat)
    of_cells = spreads(draw.multinomial(len(flat), chances, size=1000).reshape(-1, 3, 3, 3)[:, :, :2].astype(float))
    for column in range(4):
        assert ks_2samp(of_rows[:, column], of_cells[:, column]).pvalue > 0.01
    shifted = spreads(draw.multinomial(len(flat) // 2, chances, size=1000).reshape(-1, 3, 3, 3)[:, :, :2].astype(float))
    assert ks_2samp(of_rows[:, 3], shifted[:, 3]).pvalue < 0.01, "samples of half the rows are told apart"


def test_the_interval_is_the_rows_own_and_the_same_each_time(surveyed, figures):
    evidence = surveyed(1)
    groups = list(compared_groups(evidence))[1]
    found = replicated(evidence, groups)
    assert found == replicated(evidence, groups)
    draw = np.random.default_rng(5)
    table = evidence.counts.table[0, 0]
    cells = np.append(table[groups.slices][:, :2].ravel(), table[0].sum() - table[groups.slices][:, :2].sum())
    drawn = spreads(draw.multinomial(int(cells.sum()), cells / cells.sum(), size=20000)[:, :-1].reshape(20000, -1, 2, 3).astype(float))
    low, high = np.quantile(drawn[:, 3], [0.025, 0.975])
    assert found["equalized_odds_difference"] == (pytest.approx(low, abs=0.012), pytest.approx(high, abs=0.012))
    (figure,) = figures(equalized_odds_difference, evidence, window=0, attribute="race")
    assert figure.tables["resampled"] == {
        "low": found["equalized_odds_difference"][0], "high": found["equalized_odds_difference"][1], "replicates": 1000,
    }  # fmt: skip


def test_a_thousand_samples_of_eighty_groups_take_a_tenth_of_a_second():
    import time

    from audits.interval import bootstrap

    draw = np.random.default_rng(2)
    cells = draw.integers(500, 40000, size=480).astype(float)
    best = min(_seconds(time, lambda: bootstrap(cells, lambda c: spreads(c.reshape(-1, 80, 2, 3)), seed=1)) for _ in range(3))
    assert best < 0.2, "the bound leaves room for a slower machine"


def _seconds(time, work):
    start = time.process_time()
    work()
    return time.process_time() - start
