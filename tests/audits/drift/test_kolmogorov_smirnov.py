"""Kolmogorov-Smirnov: within its own resolution of scipy, exact for whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

from audits.drift.kolmogorov_smirnov import kolmogorov_smirnov


@pytest.mark.parametrize("column", ["amount", "ratio", "visits"])
@pytest.mark.parametrize("day", [1, 2, 3])
def test_scipy_lies_within_the_resolution(drifted, figures, moved, column, day):
    from scipy.stats import ks_2samp

    (found,) = figures(kolmogorov_smirnov, drifted, column=column, window=day)
    expected = ks_2samp(moved[0][column], moved[day][column], method="asymp")
    assert found.value - 1e-12 <= expected.statistic <= found.value + found.tables["resolution"] + 1e-12
    assert found.tables["resolution"] < 0.01
    if found.value == pytest.approx(expected.statistic, abs=1e-12) and expected.pvalue > 1e-6:
        assert found.p == pytest.approx(expected.pvalue, rel=0.2)


def test_whole_numbers_are_exact(drifted, figures):
    assert {f.tables["resolution"] for f in figures(kolmogorov_smirnov, drifted, column="visits")} == {0.0}


def test_fractions_in_a_column_of_whole_numbers_widen_the_resolution(evidence_of, figures, columns):
    from scipy.stats import ks_2samp

    reference, window = [0.0, 1.0, 2.0] * 10, [0.5, 1.5, 2.0] * 10
    (found,) = figures(kolmogorov_smirnov, evidence_of(columns({"x": reference}, {"x": window})), window=1)
    assert found.value < ks_2samp(reference, window).statistic <= found.value + found.tables["resolution"] + 1e-12


def test_by_hand(evidence_of, figures, columns):
    # F(0) = 0.5, G(0) = 0.2: the distance is 0.3; half-width sqrt(ln 40 / 2 x (1/10 + 1/20)).
    (found,) = figures(kolmogorov_smirnov, evidence_of(columns({"x": [0.0, 1.0] * 5}, {"x": [0.0] * 4 + [1.0] * 16})), window=1)
    half = np.sqrt(np.log(40) / 2 * (1 / 10 + 1 / 20))
    assert (found.value, found.high, found.low) == (pytest.approx(0.3), pytest.approx(0.3 + half), 0.0)


def test_beyond_the_range_of_the_reference_is_one(evidence_of, figures, columns):
    for far in (-100.0, 100.0):
        (found,) = figures(kolmogorov_smirnov, evidence_of(columns({"x": [0.5, 1.0, 2.25] * 9}, {"x": [far, far + 1] * 9})), window=1)
        assert (found.value, found.tables["resolution"]) == (1.0, 0.0)
