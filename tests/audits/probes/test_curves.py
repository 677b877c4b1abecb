"""Curves held to scikit-learn, to sums worked by hand and to functions whose effects are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.estimate import Floats
from audits.probes.curves import Ask, Axis, accumulated, axis, curve_shares, edge_shares, individual, partial
from audits.probes.level_order import order_of


def table(**columns: Any) -> pa.Table:
    """Lay out columns."""
    return pa.table(columns)


def along(rows: pa.Table, name: str, shares: Floats) -> Axis:
    """Give the axis of a column that has one."""
    found = axis(rows.column(name), shares)
    assert found is not None
    return found


def of(function: Any) -> Ask:
    """Make something to ask of a function of arrays."""
    return lambda rows: np.asarray(function(*(np.asarray(rows.column(name).to_pylist()) for name in rows.column_names)), dtype=np.float64)


def test_partial_dependence_and_ice_are_those_of_scikit_learn() -> None:
    """The same grid, the same rows, the same forest: equal to the last digits."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import partial_dependence

    draw = np.random.default_rng(1)
    x = draw.normal(size=(150, 3))
    forest = RandomForestRegressor(n_estimators=5, max_depth=4, random_state=1).fit(x, x[:, 0] * x[:, 1] + x[:, 2])
    rows = table(a=x[:, 0], b=x[:, 1], c=x[:, 2])
    points = along(rows, "b", curve_shares())

    def ask(some: pa.Table) -> Floats:
        return np.asarray(forest.predict(np.stack([some.column(name).to_numpy() for name in "abc"], axis=1)))

    theirs = partial_dependence(forest, x, [1], kind="both", custom_values={1: np.asarray(points.values)}, method="brute")
    ours = partial(ask, rows, "b", points)
    assert len(points) == 20
    assert ours["mean"] == pytest.approx(theirs["average"][0], abs=1e-12)
    curves = individual(ask, rows, "b", points.points.tolist())
    assert pytest.approx(theirs["individual"][0], abs=1e-12) == curves.T
    centred = theirs["individual"][0] - theirs["individual"][0][:, :1]
    assert ours["ice_p90"] == pytest.approx(np.quantile(centred, 0.9, axis=0), abs=1e-12)
    assert ours["ice_p10"] == pytest.approx(np.quantile(centred, 0.1, axis=0), abs=1e-12)


def test_partial_dependence_by_hand() -> None:
    """f = x z over z = 1, 3 with x set to 0, 1, 2: means 0, 2, 4; rows differ by 2 and 6 from end to end, so 4 +- 12.706 x 2."""
    rows = table(x=[0, 1, 2, 2], z=[1.0, 3.0, 1.0, 3.0])
    found = partial(of(lambda x, z: x * z), rows, "x", along(rows, "x", curve_shares()))
    assert found["at"] == [0, 1, 2]
    assert found["mean"] == [0, 2, 4]
    assert found["share"] == [0.25, 0.25, 0.5]
    assert found["ice_p50"] == [0, 2, 4]
    # differences 2, 6, 2, 6: mean 4, deviation 2.309 / sqrt(4), t(3) = 3.182
    assert found["range"]["value"] == 4
    assert found["range"]["high"] == pytest.approx(4 + 3.1824 * 2.3094 / 2, abs=1e-3)


def test_accumulated_effects_by_hand() -> None:
    """Edges 0, 1, 3; f = x z. Rows x = 0, 1 (z = 1, 3) go 0 to 1: 1, 3, mean 2. Rows 2, 3 (z = 5, 7) go 1 to 3: 10, 14, mean 12.

    Accumulated 0, 2, 14; over rows (2 x 1 + 2 x 8) / 4 = 4.5 is taken off. Errors: deviations 1.414 and 2.828 over sqrt(2): 1 and 2,
    and from end to end their root sum of squares, 2.236.
    """
    rows = table(x=[0.0, 1.0, 2.0, 3.0], z=[1.0, 3.0, 5.0, 7.0])
    edges = Axis(numeric=True, points=np.array([0, 1, 3]), values=(0.0, 1.0, 3.0), place=np.array([0, 1, 1, 2]))
    found = accumulated(of(lambda x, z: x * z), rows, "x", edges)
    assert found["effect"] == [-4.5, -2.5, 9.5]
    assert found["n"] == [0, 2, 2]
    assert found["range"]["value"] == 14
    assert found["range"]["high"] == pytest.approx(14 + 1.959964 * 5**0.5)
    # the lowest point is -(m1 + (m1 + m1 + m2)) / 4 = -(3 m1 + m2) / 4: its error is sqrt((3/4)^2 1 + (1/4)^2 4) = 0.901
    assert found["high"][0] == pytest.approx(-4.5 + 1.959964 * (0.75**2 + 0.25**2 * 4) ** 0.5)


def test_of_a_sum_each_effect_is_the_column_s_own_part() -> None:
    """f = x^2 + 3 z with x and z closely related: the accumulated effect of x is x^2 less a constant, wherever z goes."""
    draw = np.random.default_rng(2)
    x = draw.uniform(-1, 1, 800)
    rows = table(x=x, z=x + 0.1 * draw.normal(size=800))
    edges = along(rows, "x", edge_shares(1000))
    found = accumulated(of(lambda x, z: x**2 + 3 * z), rows, "x", edges)
    part = np.asarray(found["effect"]) - np.asarray(edges.values) ** 2
    assert np.ptp(part) < 1e-9
    assert (np.asarray(found["high"]) - np.asarray(found["low"])).max() < 0.05


def test_where_columns_go_together_partial_dependence_misleads_and_accumulated_effects_do_not() -> None:
    """f punishes only x far from z, where nobody is: steps among the rows see next to nothing, the mean over made-up rows a great deal."""
    draw = np.random.default_rng(3)
    x = draw.uniform(0, 1, 1000)
    rows = table(x=x, z=x + 0.02 * draw.normal(size=1000))
    far = of(lambda x, z: np.where(np.abs(x - z) > 0.2, 10.0, 0.0))
    apart = partial(far, rows, "x", along(rows, "x", curve_shares()))
    near = accumulated(far, rows, "x", along(rows, "x", edge_shares(1000)))
    assert apart["range"]["value"] > 2
    assert near["range"]["value"] < 1e-12


def test_intervals_of_accumulated_effects_hold() -> None:
    """f = x z, z apart from x with mean 1: from the lowest edge to the highest the effect is their distance; 95 % of intervals hold it."""
    draw = np.random.default_rng(4)
    held = []
    for _ in range(300):
        rows = table(x=draw.uniform(0, 1, 200), z=1 + draw.normal(size=200))
        edges = along(rows, "x", edge_shares(1000))
        found = accumulated(of(lambda x, z: x * z), rows, "x", edges)["range"]
        held.append(found["low"] <= edges.values[-1] - edges.values[0] <= found["high"])
    assert 0.91 <= np.mean(held) <= 0.98


def test_a_category_by_hand() -> None:
    """Levels a, b, c add 0, 1, 5; half of the rows are b: less the mean (0 + 1 + 1 + 5) / 4 the effects are -1.75, -0.75, 3.25."""
    rows = table(k=["a", "b", "b", "c"], z=[0.0, 0.0, 1.0, 1.0])
    levels = along(rows, "k", edge_shares(1000))
    worth = {"a": 0.0, "b": 1.0, "c": 5.0}
    ask = of(lambda k, z: [worth[level] + 2 * x for level, x in zip(k, z, strict=True)])
    order = [levels.values.index(level) for level in "abc"]
    found = accumulated(ask, rows, "k", levels, order)
    assert found["at"] == ["a", "b", "c"]
    assert found["effect"] == pytest.approx([-1.75, -0.75, 3.25])
    assert (found["n"], found["rows"]) == ([0, 3, 3], 4)  # those of b take part in both steps
    flat = partial(ask, rows, "k", levels)
    assert dict(zip(flat["at"], flat["mean"], strict=True)) == {"b": 2.0, "a": 1.0, "c": 6.0}
    assert flat["at"][0] == "b", "the most frequent level first"


def test_levels_are_ordered_by_how_alike_their_rows_are() -> None:
    """Three towns along a line of incomes: the middle one comes between the others, whatever they are called."""
    draw = np.random.default_rng(5)
    town = np.repeat([0, 1, 2], 100)
    income = np.array([2.0, 0.0, 1.0])[town] + 0.3 * draw.normal(size=300)
    rows = table(town=[f"t{i}" for i in town], income=income, job=draw.choice(["a", "b"], 300))
    order = order_of(rows, "town", town.astype(np.int64), 3)
    assert order in ([0, 2, 1], [1, 2, 0])
    assert order_of(rows, "town", town.astype(np.int64), 2) == [0, 1]


def test_axes() -> None:
    """Values are logged ones in their own type; rows without a value have no place; one value is no axis."""
    x = along(table(x=[5, 1, None, 3, 1]), "x", curve_shares())
    assert x.values == (1, 3, 5)
    assert x.place.tolist() == [2, 0, -1, 1, 0]
    many = along(table(x=np.arange(1000.0)), "x", curve_shares())
    assert (len(many), many.values[0], many.values[-1]) == (20, 10.0, 989.0)
    flags = along(table(x=[True, False, True, None]), "x", curve_shares())
    assert (flags.numeric, flags.values, flags.place.tolist()) == (False, ("True", "False"), [0, 1, 0, -1])
    assert axis(table(x=[2.0, 2.0, None]).column("x"), curve_shares()) is None
    assert axis(table(x=["a", "a", None]).column("x"), curve_shares()) is None


def test_one_row_an_interval_has_no_interval_of_confidence() -> None:
    """Three rows in two intervals: the spread of the one with two rows is taken for both; one row in each tells no spread at all."""
    ask = of(lambda x, z: x * z)
    rows = table(x=[0.0, 1.0, 3.0], z=[1.0, 3.0, 7.0])
    edges = Axis(numeric=True, points=np.array([0, 1, 2]), values=(0.0, 1.0, 3.0), place=np.array([0, 1, 2]))
    found = accumulated(ask, rows, "x", edges)
    assert found["n"] == [0, 2, 1]
    # differences 1, 3 (mean 2, deviation 1.414) and 14: error sqrt(1.414^2 / 2 + 1.414^2 / 1)
    assert found["range"]["high"] == pytest.approx(16 + 1.959964 * 3**0.5)
    pair = table(x=[1.0, 3.0], z=[3.0, 7.0])
    found = accumulated(ask, pair, "x", Axis(numeric=True, points=np.array([0, 1]), values=(1.0, 3.0), place=np.array([0, 1])))
    assert found["range"]["low"] is not None, "both rows are in the one interval"
    single = accumulated(ask, table(x=[1.0, None], z=[3.0, 7.0]), "x", replace(edges, points=np.array([0, 0]), values=(0.0, 1.0)))
    assert (single["range"]["low"], single["low"]) == (None, [None, None])


def test_rows_without_an_answer_are_left_out() -> None:
    """Whole rows, so that a curve is over the same rows everywhere; where none is left there is a reason and no number."""
    rows = table(x=[0.0, 1.0, 2.0, 0.0], z=[1.0, 1.0, 1.0, np.nan])
    found = partial(of(lambda x, z: x * z), rows, "x", along(rows, "x", curve_shares()))
    assert (found["n"], found["mean"]) == (3, [0, 1, 2])
    assert accumulated(of(lambda x, z: x * z), rows, "x", along(rows, "x", edge_shares(1000)))["rows"] == 3
    nothing = of(lambda x, z: np.full(len(x), np.nan))
    assert "reason" in partial(nothing, rows, "x", along(rows, "x", curve_shares()))
    assert "reason" in accumulated(nothing, rows, "x", along(rows, "x", edge_shares(1000)))
