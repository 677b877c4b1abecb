"""Quantile shift: NumPy's percentiles, its interval, and its direction."""

from __future__ import annotations

import numpy as np
import pytest

from audits.bins import numeric_bins
from audits.drift.quantile_shift import quantile_shift
from audits.interval import mover
from audits.performance.quantiles import quantiles


@pytest.mark.parametrize("column", ["amount", "ratio", "visits"])
@pytest.mark.parametrize("day", [1, 2, 3])
def test_close_to_numpy(drifted, figures, moved, column, day):
    (found,) = figures(quantile_shift, drifted, column=column, window=day)
    deviation = np.std(moved[0][column])
    before, now = (np.quantile(moved[d][column], [0.1, 0.25, 0.5, 0.75, 0.9], method="inverted_cdf") for d in (0, day))
    inner = slice(0, 5) if day < 3 else slice(0, 4) if column == "visits" else slice(0, 1)  # beyond the reference's range cells are wide
    assert found.tables["value"][inner] == pytest.approx(now[inner], abs=0.06 * deviation)
    assert found.tables["reference_value"] == pytest.approx(before, abs=0.06 * deviation)
    if inner.stop >= 4:
        assert found.value == pytest.approx((now[2] - before[2]) / deviation, abs=0.06)
    assert found.value == found.tables["shift"][2]
    assert found.low <= found.value <= found.high


def test_by_hand(evidence_of, figures, columns):
    """Medians 2 and 5 of whole numbers 0..4 and 3..7, each ten times; deviation of 0..4 is the root of 2."""
    rows = columns({"x": [float(i % 5) for i in range(50)]}, {"x": [float(3 + i % 2) for i in range(50)]})
    (found,) = figures(quantile_shift, evidence_of(rows), window=1)
    assert found.value == pytest.approx((3 - 2) / np.sqrt(2))
    assert found.tables["reference_value"] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert found.tables["value"] == [3.0, 3.0, 3.0, 4.0, 4.0]
    assert found.tables["direction"] == "up"
    # Of 50 rows ranks 18 and 33 hold the median at 95 %: 1..3 of the reference, 3..4 of the window; MOVER of the two.
    low, high = mover([3.0, 2.0], [(3.0, 4.0), (1.0, 3.0)], [1.0, -1.0])
    assert (found.low, found.high) == (pytest.approx(float(low) / np.sqrt(2)), pytest.approx(float(high) / np.sqrt(2)))


@pytest.mark.parametrize(("change", "word"), [(0.0, "none"), (-1.0, "down"), (0.5, "up")])
def test_directions(evidence_of, figures, columns, change, word):
    values = np.random.default_rng(3).normal(size=400)
    (found,) = figures(quantile_shift, evidence_of(columns({"x": values.tolist()}, {"x": (values + change).tolist()})), window=1)
    assert found.tables["direction"] == word
    assert np.sign(found.value) == np.sign(change)


def test_a_spread_goes_both_ways(evidence_of, figures, columns):
    values = np.random.default_rng(3).normal(size=401)
    (found,) = figures(quantile_shift, evidence_of(columns({"x": values.tolist()}, {"x": (values * 2).tolist()})), window=1)
    assert found.tables["direction"] == "apart"
    assert abs(found.value) < 0.1


def test_few_rows_leave_an_end_open(evidence_of, figures, columns):
    (found,) = figures(quantile_shift, evidence_of(columns({"x": [0.5, 1.5, 2.5] * 20}, {"x": [2.0, 2.25]})), window=1)
    assert found.value is not None
    assert (found.low, found.high) == (None, None)


def test_no_spread_has_a_reason(evidence_of, figures, columns):
    found = figures(quantile_shift, evidence_of(columns({"x": [4.0] * 20}, {"x": [5.0] * 20})))
    assert {(f.value, f.reason) for f in found} == {
        (None, "every value of the reference is the same, so there is no standard deviation to measure in")
    }


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_the_interval_covers(shift):
    """300 pairs of samples on one grid: the shift of the medians lies inside in at least 95 of 100."""
    draw = np.random.default_rng(8)
    steps = np.quantile(draw.normal(size=9000), np.linspace(0, 1, 401))
    grid = numeric_bins("x", low=-4, high=4, mean=0, deviation=1, integers=False, quantiles=steps)
    counts = []
    for size, mean in ((1000, 0.0), (200, shift)):
        x = draw.normal(mean, 1, (300, size))
        counts.append(np.stack([np.bincount(grid.bin_of(row), minlength=grid.size) for row in x]).astype(float))
    before, now = (quantiles(n, grid, 0.5, smallest=-6, largest=6) for n in counts)
    low, high = mover([now.value, before.value], [(now.low, now.high), (before.low, before.high)], [1.0, -1.0])
    assert np.mean((low <= shift) & (shift <= high)) > 0.93
