"""Population stability index: by hand, against deciles cut by NumPy, and its tables."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audits.drift.population_stability_index import EPSILON, population_stability_index


def test_categories_by_hand(evidence_of, figures, columns):
    # p = (0.5, 0.5), q = (0.8, 0.2): 0.3 ln 1.6 - 0.3 ln 0.4 = 0.3 ln 4.
    evidence = evidence_of(columns({"kind": ["a"] * 5 + ["b"] * 5}, {"kind": ["a"] * 8 + ["b"] * 2}))
    (found,) = figures(population_stability_index, evidence, window=1)
    assert found.value == pytest.approx(0.3 * math.log(4))
    assert (found.column, found.n, found.slice) == ("kind", 10, {})
    assert found.low == 0.0
    assert found.tables == {
        "labels": ["a", "b", "(other)", "(not in the reference)", "(missing)"], "edges": None,
        "reference": [5, 5, 0, 0, 0], "window": [8, 2, 0, 0, 0],
    }  # fmt: skip


def test_an_empty_bin_counts_as_epsilon(evidence_of, figures, columns):
    evidence = evidence_of(columns({"kind": ["a"] * 5 + ["b"] * 5}, {"kind": ["a"] * 10}))
    (found,) = figures(population_stability_index, evidence, window=1)
    assert found.value == pytest.approx(0.5 * math.log(2) + (EPSILON - 0.5) * math.log(EPSILON / 0.5))


@pytest.mark.parametrize("column", ["amount", "ratio", "visits"])
@pytest.mark.parametrize("day", [1, 2, 3])
def test_equals_ten_deciles_cut_by_numpy(drifted, figures, moved, column, day):
    (found,) = figures(population_stability_index, drifted, column=column, window=day)
    reference, window = np.asarray(moved[0][column]), np.asarray(moved[day][column])
    edges = np.unique(np.quantile(reference, np.arange(1, 10) / 10))
    edges = edges[edges > reference.min()]
    p, q = (np.bincount(np.searchsorted(edges, x, side="right"), minlength=len(edges) + 1) / len(x) for x in (reference, window))
    p, q = np.maximum(p, EPSILON), np.maximum(q, EPSILON)
    assert found.value == pytest.approx(np.sum((q - p) * np.log(q / p)), abs=1e-12)
    assert found.tables["edges"] == pytest.approx(edges)
    assert (sum(found.tables["reference"]), sum(found.tables["window"])) == (len(reference), len(window))
    assert len(found.tables["labels"]) == len(edges) + 1


def test_the_same_values_are_zero_with_an_interval(evidence_of, figures, columns):
    values = {"x": [float(i % 37) for i in range(200)], "kind": list("abcd") * 50}
    for found in figures(population_stability_index, evidence_of(columns(values, values))):
        assert (found.value, found.low, found.p) == (0.0, 0.0, 1.0)
        assert 0 < found.high < 0.2


def test_a_move_among_the_rare_values_of_a_mostly_constant_column_is_seen(evidence_of, figures, columns):
    reference, window = [0.0] * 97 + [1.0] * 3, [0.0] * 60 + [1.0] * 40
    (found,) = figures(population_stability_index, evidence_of(columns({"x": reference}, {"x": window})), window=1)
    assert found.value == pytest.approx((0.6 - 0.97) * math.log(0.6 / 0.97) + (0.4 - 0.03) * math.log(0.4 / 0.03))
    assert found.tables["labels"] == ["< 0", "0 to < 1", ">= 1"]


def test_a_constant_column_that_changes_its_value_is_seen(evidence_of, figures, columns):
    evidence = evidence_of(columns({"x": [4.0] * 50}, {"x": [5.0] * 50}, {"x": [4.0] * 50}))
    moved, same = (figures(population_stability_index, evidence, window=w)[0] for w in (1, 2))
    assert moved.value > 10
    assert (same.value, same.p) == (0.0, 1.0)


def test_many_categories_are_summed_up_in_the_tables(evidence_of, figures, columns):
    levels = [f"v{i:02}" for i in range(30) for _ in range(40 - i)]
    (found,) = figures(population_stability_index, evidence_of(columns({"kind": levels}, {"kind": ["new", None, *levels]})), window=1)
    assert len(found.tables["labels"]) == 20 + 3
    assert found.tables["window"][-3:] == [sum(40 - i for i in range(20, 30)), 1, 1]
    assert sum(found.tables["reference"]) == len(levels)
