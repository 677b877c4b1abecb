"""Frozen bins: monotone, fine enough, exact at the deciles, stable through JSON."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.bins import Bins, CategoricalBins, NumericBins, numeric_bins

R = np.random.default_rng(7)
SHAPES = {
    "normal": R.normal(size=50_000),
    "lognormal": R.lognormal(0, 2, 50_000),
    "exponential": R.exponential(size=50_000),
    "heavy tails": R.standard_t(1.5, 50_000),
    "uniform": R.random(50_000),
    "very skewed": R.lognormal(0, 3, 50_000),
    "piled up at zero": R.gamma(0.3, 1, 50_000),
    "two far hills": np.concatenate([R.normal(0, 1, 25_000), R.normal(1000, 1, 25_000)]),
    "a third zeros": np.where(R.random(50_000) < 1 / 3, 0.0, R.normal(size=50_000)),
    "large whole numbers": np.floor(R.lognormal(10, 1, 50_000)),
}


def grid_of(x: np.ndarray) -> NumericBins:
    whole = bool((x == np.floor(x)).all())
    quantiles = list(np.quantile(x, np.linspace(0, 1, 401)))
    return numeric_bins("x", low=x.min(), high=x.max(), mean=x.mean(), deviation=x.std(), integers=whole, quantiles=quantiles)


@pytest.mark.parametrize("shape", list(SHAPES))
def test_no_cell_holds_more_than_half_a_percent(shape: str) -> None:
    x = SHAPES[shape]
    grid = grid_of(x)
    shares = np.bincount(grid.bin_of(x), minlength=grid.size) / len(x)
    assert shares[~grid.points].max() <= 0.005
    if shape == "a third zeros":
        assert shares[grid.points].max() == (x == 0).mean()


@pytest.mark.parametrize("shape", list(SHAPES))
def test_decile_counts_are_exact(shape: str) -> None:
    x = SHAPES[shape]
    grid = grid_of(x)
    got = np.bincount(grid.decile_of[grid.bin_of(x)], minlength=10)
    edges = np.unique(np.quantile(x, np.linspace(0.1, 0.9, 9)))
    wanted = np.bincount(np.searchsorted(edges, x, side="right"), minlength=10)
    assert got.tolist() == wanted.tolist()


@given(st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=60), st.lists(st.floats(-1e15, 1e15), min_size=2, max_size=60))
def test_bins_are_monotone_and_within_range(reference: list[float], later: list[float]) -> None:
    grid = grid_of(np.asarray(reference))
    place = grid.bin_of(np.sort(np.asarray(later)))
    assert (np.diff(place) >= 0).all()
    assert place.min() >= 0
    assert place.max() < grid.size


def test_tails_are_outside_the_reference_range_only() -> None:
    x = SHAPES["lognormal"]
    grid = grid_of(x)
    inside = grid.bin_of(np.asarray([x.min(), x.max()]))
    outside = grid.bin_of(np.asarray([x.min() * 0.9, x.max() * 1.1]))
    assert outside.tolist() == [0, grid.size - 1]
    assert inside[0] > 0
    assert inside[1] < grid.size - 1


def test_small_whole_numbers_get_a_cell_each() -> None:
    grid = grid_of(np.asarray([0.0, 1, 1, 2, 5]))
    assert len(set(grid.bin_of(np.arange(6.0)).tolist())) == 6


def test_a_constant_column_has_one_cell_between_its_tails() -> None:
    grid = grid_of(np.full(10, 3.0))
    assert grid.bin_of(np.asarray([2.9, 3.0, 3.1])).tolist() == [0, 1, 2]


def test_json_round_trip_keeps_the_fingerprint_and_any_change_breaks_it() -> None:
    bins = Bins(columns=(grid_of(SHAPES["normal"]), CategoricalBins(name="c", levels=("a", 'b"'), complete=False)), score="x")
    again = Bins.from_json(bins.to_json())
    assert again == bins
    assert again.fingerprint == bins.fingerprint
    assert Bins(columns=bins.columns[:1]).fingerprint != bins.fingerprint


def test_levels_outside_the_vocabulary() -> None:
    from audits.bins import MISSING, OTHER, UNSEEN

    complete = CategoricalBins(name="c", levels=("a",), complete=True)
    partial = CategoricalBins(name="c", levels=("a",), complete=False)
    assert [complete.bin_of("a"), complete.bin_of("z"), partial.bin_of("z"), complete.bin_of(None)] == [0, UNSEEN, OTHER, MISSING]
