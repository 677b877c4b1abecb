"""Wasserstein distance: scipy's number to a thousandth of a deviation."""

from __future__ import annotations

import numpy as np
import pytest

from audits.bins import numeric_bins
from audits.drift.cells import Cells, running_sums
from audits.drift.wasserstein_distance import transport, wasserstein_distance


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
    # The mean difference is normal: variance of the reference 0.25 / 100, of the second window 1 / 100 more; and each window counts
    # a row with the reference's variance more than it has.
    assert above.high - above.value == pytest.approx(1.959964 * np.sqrt(0.25 / 100 + 0.25 / 100**2) / 0.5)
    assert below.high - below.value == pytest.approx(1.959964 * np.sqrt(1.25 / 100 + 0.25 / 100**2) / 0.5)
    assert below.value - below.low == pytest.approx(below.high - below.value, rel=0.02)


def test_a_reference_without_spread_has_a_reason(evidence_of, figures, columns):
    found = figures(wasserstein_distance, evidence_of(columns({"x": [4.0] * 20}, {"x": [5.0] * 20})))
    assert {f.value for f in found} == {None}
    assert all("every value of the reference is the same" in f.reason for f in found)


def test_values_too_large_for_their_spread_have_a_reason_and_no_false_move(evidence_of, figures, columns):
    draw = np.random.default_rng(1)
    same = [{"x": (1e12 + draw.normal(0, 1e-3, 300)).tolist()} for _ in range(2)]
    found = figures(wasserstein_distance, evidence_of(columns(*same)))
    assert {f.value for f in found} == {None}
    assert all("too large" in f.reason for f in found)


def test_times_in_seconds_are_not_too_large(evidence_of, figures, columns):
    from scipy.stats import wasserstein_distance as oracle

    draw = np.random.default_rng(1)
    seconds = [(1.7e9 + draw.uniform(0, 86400, 400) + shift) for shift in (0, 9000)]
    (found,) = figures(wasserstein_distance, evidence_of(columns(*({"x": x.tolist()} for x in seconds))), window=1)
    assert found.value == pytest.approx(oracle(*seconds) / seconds[0].std(), abs=1e-3)


@pytest.mark.parametrize(("n", "m"), [(3000, 2), (3000, 30), (50, 50), (20, 500)])
@pytest.mark.parametrize("kind", ["normal", "lognormal"])
def test_interval_and_test_hold_in_small_samples(kind, n, m):
    """Nothing moved: 5 of 100 windows are called moved, however few the rows, and whatever lies beyond a short reference's range."""
    draw = np.random.default_rng(3)
    low, p_values = [], []
    for _ in range(30):
        reference, windows = draw.normal(size=n), draw.normal(size=(20, m))
        if kind == "lognormal":
            reference, windows = np.exp(reference), np.exp(windows)
        found = transport(_cells(reference, windows), np.array([n * reference.var()]), m * windows.var(axis=1))
        p_values += list(found.p_value)
        low += list(found.low)
    assert np.mean(np.asarray(p_values) < 0.05) < 0.08
    assert np.mean((np.asarray(p_values) < 0.05) & (np.asarray(low) > 1e-9)) < 0.06


def _cells(reference, windows):
    grid = numeric_bins(
        "x", low=reference.min(), high=reference.max(), mean=reference.mean(), deviation=reference.std(), integers=False,
        quantiles=np.quantile(reference, np.linspace(0, 1, 401)).tolist(),
    )  # fmt: skip
    places = [grid.bin_of(x) for x in (reference, *windows)]
    counts = np.stack([np.bincount(place, minlength=grid.size) for place in places]).astype(float)
    sums = np.stack([np.bincount(place, weights=x, minlength=grid.size) for place, x in zip(places, (reference, *windows), strict=True)])
    return Cells(
        grid=grid, reference=counts[:1], reference_total=sums[:1], reference_running=running_sums(counts[:1]), windows=counts[1:],
        total=sums[1:], running=running_sums(counts[1:]),
    )  # fmt: skip
