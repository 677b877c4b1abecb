"""One prediction's attributions: by hand for a weighted sum, adding up for all, and steady or not under other reference rows."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest

from audits.probes.one_attribution import Taken, same_top, take_apart
from connectors.errors import CandorError
from tests.audits.probes.one_worlds import Function, Sum, scorer

RANDOM = np.random.default_rng(3)


def table(**columns: list[float]) -> pa.Table:
    """Make rows."""
    return pa.table(columns)


def test_weighted_sum_by_hand() -> None:
    # f = 2 a - b + 1; reference a = 0, 2 (mean 1) and b = 4, 6 (mean 5); row a = 3, b = 1.
    # a: 2 x (3 - 1) = 4, b: -(1 - 5) = 4; base: 2 x 1 - 5 + 1 = -2, total: 6 - 1 + 1 = 6.
    model = scorer(Sum({"a": 2.0, "b": -1.0}, intercept=1.0))
    taken = take_apart(model, table(a=[3.0], b=[1.0]), table(a=[0.0, 2.0], b=[4.0, 6.0]), seconds=1, seed=1)
    assert taken.mean.tolist() == [4.0, 4.0]
    assert (taken.base, taken.total, taken.scale, taken.method, taken.exact) == (-2.0, 6.0, "score", "linear", True)
    # a against each of the two: 2 x 3 = 6 and 2 x 1 = 2; standard deviation sqrt(8), error sqrt(8) / sqrt(2) = 2, reach 1.96 x 2.
    low, high = taken.interval()
    assert (low[0], high[0]) == pytest.approx((4 - 3.92, 4 + 3.92), abs=0.001)


def test_logit_is_taken_apart_as_log_odds() -> None:
    model = scorer(Sum({"a": 1.0}, link="logit"))
    taken = take_apart(model, table(a=[2.0]), table(a=[0.0]), seconds=1, seed=1)
    assert (taken.scale, taken.base, taken.total) == ("log-odds", 0.0, 2.0)


def test_sampled_adds_up_and_finds_the_truth() -> None:
    # f = a b + c; of one row against one reference row, a b = 2 x 3 against 0 is shared: 3 each, and c has 1 - 0.
    model = scorer(Function(names=("a", "b", "c"), call=lambda t: t["a"].to_numpy() * t["b"].to_numpy() + t["c"].to_numpy()))
    rows = table(a=[2.0], b=[3.0], c=[1.0]), table(a=[0.0] * 5, b=[0.0] * 5, c=[0.0] * 5)
    taken = take_apart(model, *rows, seconds=5, seed=1)
    assert not taken.exact
    assert taken.method == "permutation"
    assert taken.mean == pytest.approx([3.0, 3.0, 1.0])
    assert taken.base + taken.mean.sum() == pytest.approx(taken.total)


def test_missing_value_that_the_sum_cannot_take() -> None:
    model = scorer(Sum({"a": 1.0, "b": 1.0}))
    with pytest.raises(CandorError, match="no answer for this row"):
        take_apart(model, table(a=[float("nan")], b=[1.0]), table(a=[0.0], b=[0.0]), seconds=1, seed=1)


def test_steady_and_not() -> None:
    """An input that is far ahead stays first under every choice of rows; two that are alike change places."""
    noise = RANDOM.normal(size=(50, 3))
    steady = Taken(each=noise * 0.1 + [5.0, 3.0, 1.0], base=0, total=0, scale="score", method="tree", exact=True, background=50)
    same, first, among = same_top(steady.drawn_anew(seed=1), steady.mean, 2)
    assert (same, first, among.tolist()) == (1.0, 1.0, [1.0, 1.0, 0.0])
    alike = Taken(
        each=noise - noise.mean(axis=0) + [1.0, 1.0, 0.0], base=0, total=0, scale="score", method="tree", exact=True, background=50
    )
    same, first, among = same_top(alike.drawn_anew(seed=1), alike.mean, 1)
    assert 0.2 < first < 0.8
    assert same == first  # of one input, the same set is the same first


def test_redrawn_means_scatter_as_the_error_says() -> None:
    each = RANDOM.normal(size=(400, 1)) * 2
    taken = Taken(each=each, base=0, total=0, scale="score", method="tree", exact=True, background=400)
    # the error of a mean of 400 with deviation 2 is 0.1
    assert taken.drawn_anew(seed=2, draws=2000).std() == pytest.approx(0.1, rel=0.15)


def test_a_slow_model_is_asked_less() -> None:
    """Time decides how many samples there are; a fast one gets all of them."""
    asked: list[int] = []

    def call(rows: pa.Table) -> np.ndarray:
        asked.append(rows.num_rows)
        time.sleep(rows.num_rows / 5_000)
        return rows["a"].to_numpy() + rows["b"].to_numpy()

    model = scorer(Function(names=("a", "b"), call=call))
    behind = table(a=[0.0] * 40, b=[1.0] * 40)
    taken = take_apart(model, table(a=[1.0], b=[3.0]), behind, seconds=0.02, seed=1)
    assert (len(taken.each), taken.mean.tolist()) == (4, pytest.approx([1.0, 2.0]))
    assert sum(asked) < 400
    assert len(take_apart(model, table(a=[1.0], b=[3.0]), behind, seconds=5, seed=1).each) == 32
