"""The outlier detectors that need PyTorch put strangers above everybody else."""

from __future__ import annotations

import numpy as np
import pytest

from audits.probes.batch_detectors import quietly
from audits.probes.outlier_detectors import DETECTORS, WITH_TORCH, absent


@pytest.mark.parametrize("name", list(WITH_TORCH))
def test_strangers_have_larger_scores(name: str) -> None:
    draw = np.random.default_rng(4)
    usual, new = draw.normal(size=(600, 4)), draw.normal(size=(200, 4))
    new[:, 1], usual[:, 1] = new[:, 0] + 0.1 * new[:, 1], usual[:, 0] + 0.1 * usual[:, 1]
    odd = np.tile([5.0, -5.0, 0.0, 5.0], (20, 1)) + 0.1 * draw.normal(size=(20, 4))
    assert not absent(name)
    with quietly(3):
        score = DETECTORS[name](usual, np.ones(4, dtype=bool), 3)
        assert np.median(score(odd)) > np.quantile(score(new), 0.98)
