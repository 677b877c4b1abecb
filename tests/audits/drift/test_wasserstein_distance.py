"""Wasserstein distance: scipy's number to a thousandth of a deviation."""

from __future__ import annotations

import numpy as np
import pytest

from audits.drift.wasserstein_distance import wasserstein_distance


@pytest.mark.parametrize("column", ["amount", "ratio", "visits"])
@pytest.mark.parametrize("day", [1, 2, 3])
def test_equals_scipy(drifted, figures, moved, column, day):
    from scipy.stats import wasserstein_distance as oracle

    (found,) = figures(wasserstein_distance, drifted, column=column, window=day)
    expected = oracle(moved[0][column], moved[day][column]) / np.std(moved[0][column])
    assert found.value == pytest.approx(expected, abs=1e-3)
    assert found.low <= expected + 1e-3
    assert expected <= found.high


def test_by_hand(evidence_of, figures, columns):
    # Half of 0 and 1, SD 0.5; four fifths of 1: mass 0.3 moved by 1, over 0.5.
    (found,) = figures(wasserstein_distance, evidence_of(columns({"x": [0.0, 1.0] * 5}, {"x": [0.0] * 4 + [1.0] * 16})), window=1)
    assert found.value == pytest.approx(0.6)


def test_values_beyond_the_grid_count_by_how_far_they_are(evidence_of, figures, columns):
    rows = columns({"x": [0.0, 1.0] * 50}, {"x": [11.0] * 100}, {"x": [-9.0, -11.0] * 50})
    above, below = (figures(wasserstein_distance, evidence_of(rows), window=w)[0] for w in (1, 2))
    assert (above.value, below.value) == (pytest.approx(21.0), pytest.approx(21.0))
    # The mean difference is normal: variance of the reference 0.25 / 100, of the second window 1 / 100 more.
    assert above.high - above.value == pytest.approx(1.959964 * np.sqrt(0.25 / 100) / 0.5)
    assert below.high - below.value == pytest.approx(1.959964 * np.sqrt(1.25 / 100) / 0.5)
    assert below.value - below.low == pytest.approx(below.high - below.value, rel=0.02)


def test_a_reference_without_spread_has_a_reason(evidence_of, figures, columns):
    found = figures(wasserstein_distance, evidence_of(columns({"x": [4.0] * 20}, {"x": [5.0] * 20})))
    assert {f.value for f in found} == {None}
    assert all("every value of the reference is the same" in f.reason for f in found)
