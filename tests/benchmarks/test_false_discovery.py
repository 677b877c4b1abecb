"""Small versions of two simulations of docs/statistics.md."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import false_discovery, resampling


def test_who_differs_is_told_by_the_probabilities() -> None:
    nobody, _, two = false_discovery.WORLDS
    for values in false_discovery.figures(nobody).values():
        assert np.ptp(values) < 1e-12
    found = false_discovery.figures(two)
    # Only races 2 and 3 (slices 3 and 4) differ; the false positive rate is 0.2 for everybody, and both sexes (5 and 6) are alike.
    assert np.ptp(found["false_positive_rate_ratio"]) < 1e-12
    assert found["impact_ratio"][[1, 2]] == pytest.approx(0.4 * 0.7 + 0.6 * 0.2)
    assert found["impact_ratio"][3] == pytest.approx(0.25 * 0.7 + 0.75 * 0.2)
    assert found["impact_ratio"][5] == pytest.approx(found["impact_ratio"][6])


def test_false_discoveries_stay_at_the_nominal_rate() -> None:
    found = false_discovery.rates(false_discovery.WORLDS[1], named=True, runs=25, seed=1)
    # 25 runs of about 3 % with a standard error of 1 %: a rate of 5 % plus three standard errors is far out.
    assert found["impact_ratio"].rate < 0.08
    assert found["impact_ratio"].power > 0.3
    assert found["equalized_odds_difference"].rate < 0.08


def test_resampled_cells_and_rows_have_one_distribution() -> None:
    found = resampling.compare(samples=6, replicates=500)
    for name, each in found.items():
        assert each.distance < 0.08, name  # 1.36 / √250 = 0.086 is the 5 % point of a single distance, 0.055 their mean
        assert each.told_apart <= 0.34, name
