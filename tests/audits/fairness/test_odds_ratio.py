"""Odds ratio of selection, with and without an empty cell."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audits.fairness.odds_ratio import CORRECTED, odds_ratio, odds_ratios, score_interval


def test_by_hand(evidence_of, figures, decided):
    # F 20 of 50, M 30 of 50: (20/30) / (30/20) = 4/9; se = sqrt(1/20 + 1/30 + 1/30 + 1/20).
    evidence = evidence_of(decided({"F": (20, 50), "M": (30, 50)}), protected=("sex",))
    (found,) = figures(odds_ratio, evidence, window=0, slice={"sex": "F"})
    half = 1.959964 * math.sqrt(1 / 20 + 1 / 30 + 1 / 30 + 1 / 20)
    assert found.value == pytest.approx(4 / 9)
    assert (found.low, found.high) == (pytest.approx(4 / 9 * math.exp(-half)), pytest.approx(4 / 9 * math.exp(half)))
    assert (found.method, found.reason, found.n) == ("log-odds", "", 50)
    assert found.p == pytest.approx(math.erfc(2 / math.sqrt(2)), rel=1e-9)  # z = 0.2 / sqrt(0.25 x 2 / 50) = 2


def test_an_empty_cell_is_corrected_and_said(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (0, 10), "M": (5, 10)}), protected=("sex",))
    (found,) = figures(odds_ratio, evidence, window=0, slice={"sex": "F"})
    assert found.value == pytest.approx((0.5 / 10.5) / (5.5 / 5.5))
    assert (found.method, found.reason) == ("odds-score", CORRECTED)
    assert found.low == 0.0
    assert found.value < found.high < 1.2


@pytest.mark.parametrize(("hits", "reason"), [(0, "nobody"), (10, "everybody")])
def test_no_contrast_has_a_reason(evidence_of, figures, decided, hits, reason):
    found = figures(odds_ratio, evidence_of(decided({"F": (hits, 10), "M": (hits, 10)}), protected=("sex",)), window=0)
    assert [f.value for f in found] == [None, None]
    assert all(reason in f.reason for f in found)


def test_a_group_of_one_has_a_wide_interval(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (1, 1), "M": (20, 40)}), protected=("sex",))
    (found,) = figures(odds_ratio, evidence, window=0, slice={"sex": "F"})
    assert found.low < 0.3
    assert found.high is None, "one person, selected: however much more likely that was"


def test_few_decisions_have_the_score_interval_of_statsmodels():
    from statsmodels.stats.proportion import confint_proportions_2indep

    for counts in ((3, 10, 6, 10), (1, 30, 9, 40), (14, 20, 60, 100)):
        low, high = score_interval(*(np.array([float(x)]) for x in counts))
        expected = confint_proportions_2indep(*counts, compare="odds-ratio", method="score", correction=False)
        assert (float(low[0]), float(high[0])) == pytest.approx(expected, rel=1e-4)


def test_the_interval_holds_the_truth_in_nineteen_of_twenty_samples():
    draw = np.random.default_rng(2)
    for rates in ((0.1, 0.12), (0.3, 0.3)):
        hits = draw.binomial(60, rates, size=(1, 6000, 2)).astype(float)
        found = odds_ratios(hits, np.full(hits.shape, 60.0), np.zeros((1, 6000), dtype=np.int64))
        truth = rates[1] / (1 - rates[1]) / (rates[0] / (1 - rates[0]))
        low, high = found.low[0, :, 1], np.nan_to_num(found.high[0, :, 1], nan=np.inf)
        usable = np.isfinite(found.value[0, :, 1])
        assert 0.935 <= np.mean(((low <= truth) & (truth <= high))[usable]) <= 0.97
