"""Attributions of weighted sums and of models that only answer, and which method a scorer gets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.probes import attribute as module
from audits.probes.attribute import attribute, attribute_each
from audits.probes.interactions import sampled_interactions, tree_interactions
from audits.probes.linear_attributions import linear_attributions
from audits.probes.permutation_attributions import permutation_attributions
from audits.probes.scorer import Scorer
from audits.probes.stability import stability
from connectors.model_parts import Linear
from tests.audits.probes.ensembles import by_hand, encoding, enumerated

OWNER = np.asarray([0, 0, 1, 2])
NAMES = ("a", "b", "c")


@dataclass
class Told:
    """A model of three inputs: a is "x" or "y" and makes two columns."""

    parts: Any
    opaque: bool = False
    asked: int = 0

    names = NAMES
    fingerprint = "f"
    classes = ()

    def matrix(self, rows: pa.Table) -> Any:
        a = np.asarray(rows.column("a").to_pylist())
        return np.stack([a == "x", a == "y", *(rows.column(n).to_numpy() for n in ("b", "c"))], axis=1).astype(float)

    def predict(self, rows: pa.Table) -> Any:
        self.asked += rows.num_rows
        return self.parts.margin(self.matrix(rows))

    def owner(self) -> Any:
        return OWNER

    def trees(self) -> Any:
        return None if self.opaque or isinstance(self.parts, Linear) else self.parts

    def linear(self) -> Any:
        return None if self.opaque or not isinstance(self.parts, Linear) else self.parts


def table(n: int, seed: int) -> pa.Table:
    """Draw rows."""
    draw = np.random.default_rng(seed)
    return pa.table({"c": draw.choice([0.0, 1.5, 3.0], n), "a": draw.choice(["x", "y"], n), "b": draw.normal(size=n)})


def linear() -> Linear:
    """Make 0.5 + x - y + 2 b + c."""
    return Linear(
        coefficients=np.asarray([1.0, -1.0, 2.0, 1.0]), intercept=0.5, link="identity", encode=encoding(list(NAMES), OWNER.tolist())
    )


@pytest.mark.parametrize(("parts", "method", "scale"), [(by_hand(), "tree", "log-odds"), (linear(), "linear", "score")])
def test_exact_methods_are_enumeration(parts, method, scale):
    told = Told(parts=parts)
    scorer, rows, behind = Scorer(kind="model", asked=told), table(6, 0), table(40, 1)
    found = attribute(scorer, rows, behind)
    assert (found.method, found.scale, found.se, found.names) == (method, scale, None, NAMES)
    for row, values in zip(told.matrix(rows), found.values, strict=True):
        assert values == pytest.approx(enumerated(parts.margin, row, told.matrix(behind), OWNER.tolist()), abs=1e-12)
    assert found.values.sum(axis=1) + found.base == pytest.approx(parts.margin(told.matrix(rows)), abs=1e-12)
    each = attribute_each(scorer, rows.slice(2, 1), behind)
    assert each.shape == (40, 3)
    assert each.mean(axis=0) == pytest.approx(found.values[2], abs=1e-12)


def test_a_weighted_sum_says_nothing_of_a_row_with_something_missing():
    x = np.asarray([[1.0, 0.0, np.nan, 1.0], [1.0, 0.0, 2.0, 3.0]])
    behind = np.asarray([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 2.0, 1.0], [0.0, 1.0, np.nan, 1.0]])
    found = linear_attributions(linear(), x, behind, OWNER)
    assert np.isnan(found.values[0]).all()
    assert found.values[1].tolist() == [1.0, 2.0, 2.0]  # a: (1 - 1/2) - (0 - 1/2); b: 2 (2 - 1); c: 3 - 1
    assert found.base == 0.5 + 0.5 - 0.5 + 2.0 + 1.0


def test_reference_rows_that_a_weighted_sum_cannot_use_are_not_counted_as_used():
    behind = pa.table({"a": ["x", "y", "x"], "b": [1.0, None, 3.0], "c": [0.0, 0.0, 1.0]})
    found = attribute(Scorer(kind="model", asked=Told(parts=linear())), table(2, 1), behind)
    assert (found.method, found.background) == ("linear", 2)


def test_sampled_values_lie_within_their_error_of_enumeration():
    told = Told(parts=by_hand(), opaque=True)
    scorer, rows, behind = Scorer(kind="model", asked=told), table(30, 2), table(60, 3)
    found = attribute(scorer, rows, behind, pairs=60, seed=1)
    assert (found.method, found.scale) == ("permutation", "score")
    true = np.stack([enumerated(told.parts.margin, row, told.matrix(behind), OWNER.tolist()) for row in told.matrix(rows)])
    off = np.abs(found.values - true) / np.maximum(found.se, 1e-12)
    assert np.quantile(off[found.se > 1e-6], 0.95) < 3  # 1.96 were the sums not made to add up
    assert np.abs(found.values - true).max() < 6 * found.se.max()
    assert found.values.sum(axis=1) + found.base == pytest.approx(told.parts.margin(told.matrix(rows)), abs=1e-12)
    assert found.evaluations == told.asked == 60 + 30 * 60 * 2 * 3
    assert attribute_each(scorer, rows.slice(0, 1), behind) is None


def test_an_additive_model_needs_one_pair_of_orders_but_for_its_background():
    told = Told(parts=linear(), opaque=True)
    found = permutation_attributions(told.predict, table(5, 4), table(1, 5), NAMES, pairs=2)
    exact = linear_attributions(linear(), told.matrix(table(5, 4)), told.matrix(table(1, 5)), OWNER)
    assert found.values == pytest.approx(exact.values, abs=1e-12)
    assert found.se == pytest.approx(0.0, abs=1e-12)


def test_rows_beyond_the_time_are_left_out(monkeypatch):
    told = Told(parts=by_hand(), opaque=True)
    monkeypatch.setattr("audits.probes.permutation_attributions._FIRST", 120)
    found = attribute(Scorer(kind="model", asked=told), table(50, 6), table(20, 7), pairs=10, seconds=0.0)
    assert len(found) == 2  # 120 // (10 pairs x 2 orders x 3 inputs), and time is over
    monkeypatch.setattr(module, "_PILOT", 4)
    monkeypatch.setattr(module, "_LITTLE", 0)
    assert len(attribute(Scorer(kind="model", asked=Told(parts=by_hand())), table(50, 6), table(20, 7), seconds=0.0)) == 4


def test_paths_too_long_for_patterns_are_sampled(monkeypatch):
    monkeypatch.setattr(module, "MOST_PLAYERS", 2)
    assert attribute(Scorer(kind="model", asked=Told(parts=by_hand())), table(2, 8), table(5, 9)).method == "permutation"


def test_sampled_interactions_come_to_the_exact_ones():
    told = Told(parts=by_hand(), opaque=True)
    rows, behind = table(20, 10), table(50, 11)
    exact = tree_interactions(told.parts, told.matrix(rows), told.matrix(behind), OWNER).values
    found = sampled_interactions(told.predict, rows, behind, NAMES, [(0, 1), (0, 2)], samples=1500)
    assert found.rows == 20
    assert np.abs(exact[0, 1]).mean() > 0.3
    assert np.abs(found.values[0, 1] - exact[0, 1]).max() < 0.35
    assert np.abs(found.values[0, 2] - exact.get((0, 2), 0.0)).max() < 0.35


def test_an_order_that_is_far_apart_is_stable():
    parts = dataclasses.replace(linear(), coefficients=np.asarray([0.1, -0.1, 5.0, 1.0]))
    found = stability(Scorer(kind="model", asked=Told(parts=parts)), table(80, 12), table(400, 13), method="linear", seed=1)
    assert (found["value"], found["order"], found["keeps_place"]) == (1.0, ["b", "c", "a"], [1.0, 1.0, 1.0])
    even = dataclasses.replace(linear(), coefficients=np.asarray([0.0, 0.0, 1.0, 0.65]))
    loose = stability(Scorer(kind="model", asked=Told(parts=even)), table(80, 12), table(20, 13), method="linear", seed=1)
    assert loose["low"] <= loose["value"] < 1.0  # of b and c now one is larger, now the other
    assert stability(Scorer(kind="model", asked=Told(parts=parts)), table(5, 12), table(9, 13), method="linear", seed=1) is None
