"""Signs of copying from a handful of clients: figures worked by hand, the fence, a client's own past, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from audits.probes.client_signs import ALPHA, SIGNS, Population, Profiles, figures, positions, scored, sign

POPULATION = Population(sizes=np.asarray([1.0, 10.0]), cells=np.asarray([10.0, 4.0]), deviation=2.0)  # 10 cells of 1 row, 4 of 10: 50 rows


def clients(size: int = 20, **given: Any) -> Profiles:
    """Make ordinary clients, all a little different, with some figures given."""
    step = np.linspace(-1, 1, size)
    usual: dict[str, Any] = {
        "client": np.asarray([f"c{i}" for i in range(size)], dtype=object), "n": np.full(size, 100.0), "rate": 5 + step,
        "cells": 12.5 + 0.2 * step, "vectors": np.full(size, 100.0), "rarity": 100 * (14 + 0.2 * step), "single": np.zeros(size),
        "pairs": np.full(size, 99.0), "irregular": 98 * (1 + 0.1 * step), "gaps": np.full(size, 98.0),
    }  # fmt: skip
    return Profiles(**{**usual, **given})


def none(size: int) -> Any:
    """Nobody has a past."""
    return np.full(size, -1)


def test_figures_by_hand() -> None:
    given = {"n": 4, "rate": 2, "cells": 3, "vectors": 3, "pairs": 20, "rarity": 48, "single": 5, "irregular": 30, "gaps": 15}
    one = clients(1, **{name: np.asarray([value], dtype=float) for name, value in given.items()})
    value, error = figures(one, POPULATION)
    expected = 10 * (1 - 0.98**4) + 4 * (1 - 0.8**4)  # a cell of 1 row in 50 is missed by 4 rows with chance 0.98 to the fourth
    np.testing.assert_allclose(
        value[:, 0], [np.log(2), np.log(3 / expected), 0.75, 12.0, 0.25, -np.log(2)], rtol=1e-12
    )
    np.testing.assert_allclose(
        error[:, 0],
        [1 / np.sqrt(2), 1 / np.sqrt(expected), np.sqrt(0.25 / 4), 1.0, np.sqrt(0.1875 / 20), 1 / np.sqrt(15)],  # 0.75 * 0.25 < 1 / n
    )


def test_the_fence_is_where_one_log_in_a_hundred_has_anybody_pass() -> None:
    ordinary = clients()
    found = scored(ordinary, ordinary, none(20), POPULATION, tests=20)
    assert found.fence == pytest.approx(t.isf(ALPHA / (20 * len(SIGNS)), 19))
    assert found.score.max() == 0.0
    assert scored(ordinary, ordinary, none(20), POPULATION, tests=2000).fence > found.fence


def test_three_full_signs_make_one_and_two_make_two_thirds() -> None:
    ordinary = clients()
    copier = clients(1, client=np.asarray(["x"], dtype=object), n=np.asarray([900.0]), rate=np.asarray([900.0]), cells=np.asarray([14.0]),
                     vectors=np.asarray([900.0]), rarity=np.asarray([900 * 24.0]), pairs=np.asarray([899.0]),
                     irregular=np.asarray([8.0]), gaps=np.asarray([898.0]))  # fmt: skip
    found = scored(copier, ordinary, none(1), POPULATION, tests=21)
    signs = dict(zip(SIGNS, found.signs[:, 0].tolist(), strict=True))
    assert [name for name, value in signs.items() if value == 1.0] == ["volume", "off_distribution", "regular_timing"]
    assert found.score[0] == found.low[0] == found.high[0] == 1.0
    job = replace(copier, rarity=np.asarray([900 * 14.0]))
    assert scored(job, ordinary, none(1), POPULATION, tests=21).score[0] == pytest.approx(2 / 3)


def test_who_always_did_so_is_usual() -> None:
    ordinary = clients(rate=np.append(np.linspace(4, 6, 19), 400.0))
    busy = ordinary.where(np.asarray([19]))
    stranger = scored(busy, ordinary, none(1), POPULATION, tests=20)
    known = scored(busy, ordinary, positions(busy.client, ordinary.client), POPULATION, tests=20)
    assert stranger.signs[0, 0] == 1.0
    assert known.signs[0, 0] == 0.0


def test_coverage_counts_either_way() -> None:
    ordinary = clients()
    corner = clients(1, n=np.asarray([1000.0]), cells=np.asarray([1.0]), rarity=np.asarray([14_000.0]), vectors=np.asarray([1000.0]))
    found = scored(corner, ordinary, none(1), POPULATION, tests=20)
    assert found.signs[SIGNS.index("coverage"), 0] > 0.5


def test_a_sign_that_cannot_be_told_counts_as_none() -> None:
    ordinary = clients(gaps=np.zeros(20), irregular=np.zeros(20))
    found = scored(ordinary, ordinary, none(20), POPULATION, tests=20)
    assert np.isnan(found.signs[SIGNS.index("regular_timing")]).all()
    assert np.isfinite(found.score).all()


def test_sign_is_zero_to_the_fence_and_one_from_twice_the_fence() -> None:
    np.testing.assert_array_equal(sign(np.asarray([-3.0, 5.0, 7.5, 10.0, 50.0]), 5.0), [0, 0, 0.5, 1, 1])
