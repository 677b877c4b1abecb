"""Odds ratio of selection, with and without an empty cell."""

from __future__ import annotations

import math

import pytest

from audits.fairness.odds_ratio import CORRECTED, odds_ratio


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
    assert (found.method, found.reason) == ("log-odds-haldane", CORRECTED)


@pytest.mark.parametrize(("hits", "reason"), [(0, "nobody"), (10, "everybody")])
def test_no_contrast_has_a_reason(evidence_of, figures, decided, hits, reason):
    found = figures(odds_ratio, evidence_of(decided({"F": (hits, 10), "M": (hits, 10)}), protected=("sex",)), window=0)
    assert [f.value for f in found] == [None, None]
    assert all(reason in f.reason for f in found)


def test_a_group_of_one_has_a_wide_interval(evidence_of, figures, decided):
    evidence = evidence_of(decided({"F": (1, 1), "M": (20, 40)}), protected=("sex",))
    (found,) = figures(odds_ratio, evidence, window=0, slice={"sex": "F"})
    assert found.low < 0.2
    assert found.high > 20
