"""Attributions and interactions of trees: those of shap and of enumeration, and sums that add up for every row."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from math import factorial

import lightgbm
import numpy as np
import pytest
import shap

from audits.probes import interactions, tree_attributions
from audits.probes.interactions import tree_interactions
from audits.probes.shap_check import as_dictionary, shap_check
from audits.probes.tree_attributions import NoCover, interventional, path_dependent
from audits.probes.tree_paths import longest_path
from connectors.model_formats import xgboost_file
from tests.audits.probes.ensembles import by_hand, encoding, enumerated, made, of_booster

OWNER = np.asarray([0, 0, 1, 2])


@pytest.fixture(scope="module")
def rows():
    """Give 900 rows of six numbers, some missing, some at round values."""
    draw = np.random.default_rng(0)
    x = np.round(draw.normal(size=(900, 6)), 2)
    x[draw.random(x.shape) < 0.1] = np.nan
    return x


@pytest.fixture(scope="module")
def booster(rows):
    """Give a small booster that uses interactions, on paths with repeated inputs."""
    x = np.nan_to_num(rows)
    y = (x[:, 0] * x[:, 1] + x[:, 2] - x[:, 3] * (x[:, 4] > 0) > 0).astype(int)
    return lightgbm.train({"objective": "binary", "num_leaves": 12, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(rows, y), 25)


@pytest.fixture(scope="module")
def trees(booster):
    """Give the booster's trees."""
    return of_booster(booster)


def test_interventional_values_are_those_of_shap(booster, trees, rows):
    ours = interventional(trees, rows[:20], rows[100:160])
    oracle = shap.TreeExplainer(booster, rows[100:160], feature_perturbation="interventional")
    theirs = np.asarray(oracle.shap_values(rows[:20], check_additivity=False))
    assert np.abs(ours.values - theirs.reshape(ours.values.shape)).max() < 1e-6
    assert ours.base == pytest.approx(float(np.ravel(oracle.expected_value)[-1]), abs=1e-9)


def test_path_dependent_values_are_those_of_shap(trees, rows):
    ours = path_dependent(trees, rows[:50])
    oracle = shap.TreeExplainer(as_dictionary(trees), feature_perturbation="tree_path_dependent")
    assert np.abs(ours.values - oracle.shap_values(rows[:50], check_additivity=False).reshape(50, 6)).max() < 1e-9
    assert ours.base == pytest.approx(float(np.ravel(oracle.expected_value)[-1]), abs=1e-9)


def test_interventional_values_are_those_of_woodelf(trees, booster, rows):
    pandas, woodelf = pytest.importorskip("pandas"), pytest.importorskip("woodelf.explainer")
    full = np.nan_to_num(rows)
    x, behind = pandas.DataFrame(full[:30]), pandas.DataFrame(full[100:400])
    theirs = woodelf.WoodelfExplainer(booster, behind).shap_values(x, verbose=False)
    assert np.abs(interventional(trees, full[:30], full[100:400]).values - theirs).max() < 1e-6


@pytest.mark.parametrize("dense", [10, 2])
def test_every_row_adds_up_to_its_margin(trees, rows, dense, monkeypatch):
    monkeypatch.setattr(tree_attributions, "DENSE", dense)
    margin = trees.margin(rows)
    for found in (interventional(trees, rows, rows[:300]), path_dependent(trees, rows)):
        assert np.abs(found.values.sum(axis=1) + found.base - margin).max() < 1e-9
    assert interventional(trees, rows[:1], rows[:300]).base == pytest.approx(margin[:300].mean(), abs=1e-9)


def test_long_paths_and_short_ones_agree(trees, rows, monkeypatch):
    exact = interventional(trees, rows[:100], rows[:200]).values, path_dependent(trees, rows[:100]).values
    monkeypatch.setattr(tree_attributions, "DENSE", 0)
    sparse = interventional(trees, rows[:100], rows[:200]).values, path_dependent(trees, rows[:100]).values
    for one, other in zip(exact, sparse, strict=True):
        assert np.abs(one - other).max() < 1e-12


@pytest.mark.parametrize("strict", [False, True])
def test_columns_of_one_input_change_together(strict):
    """Rows at thresholds, missing values and a category of two columns, held against all orders of three inputs."""
    trees = by_hand(strict=strict)
    draw = np.random.default_rng(3)
    x = np.concatenate([draw.integers(0, 2, (25, 2)), draw.choice([0.0, 1.0, 2.0, 3.0, np.nan], (25, 2))], axis=1)
    found = interventional(trees, x[:10], x[10:], OWNER)
    for row, values in zip(x[:10], found.values, strict=True):
        assert values == pytest.approx(enumerated(trees.margin, row, x[10:], OWNER.tolist()), abs=1e-12)


def test_against_one_row_the_game_turned_around_is_its_negative(trees, rows):
    forth = interventional(trees, rows[:1], rows[100:140]).values[0]
    back = -interventional(trees, rows[100:140], rows[:1]).values
    assert back.mean(axis=0) == pytest.approx(forth, abs=1e-12)


def test_a_tree_of_one_leaf_is_base(rows):
    parts = {"left": [-1], "right": [-1], "default": [-1], "feature": [-1], "threshold": [np.nan], "value": [2.0], "cover": [5.0]}
    found = interventional(made(parts, [0, 1], encoding(list("uvwxyz")), base=1.0), rows[:3], rows)
    assert found.base == 3.0
    assert not found.values.any()


def test_without_training_weights_there_is_no_path_dependent_value(trees, rows):
    with pytest.raises(NoCover, match="how many training rows"):
        path_dependent(dataclasses.replace(trees, cover=np.zeros_like(trees.cover)), rows)


def test_progress_reaches_the_end(trees, rows):
    told: list[float] = []
    interventional(trees, rows[:5], rows[:5], progress=told.append)
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_the_check_leaves_the_model_as_it_was(trees, rows):
    before = trees.cover.copy()
    found = shap_check(trees, rows[:20], rows[:80])
    assert found["interventional"] < 1e-6
    assert found["path_dependent"] < 1e-9
    assert (trees.cover == before).all()


def test_inputs_on_a_path_are_counted_once(trees):
    assert longest_path(by_hand(), OWNER) == 3  # the second tree splits on c twice; a bound: three splits on one path, three inputs
    assert longest_path(trees, np.arange(6)) <= 6


def test_interactions_are_those_of_enumeration(rows):
    trees = by_hand()
    draw = np.random.default_rng(5)
    x = np.concatenate([draw.integers(0, 2, (25, 2)), draw.choice([0.0, 1.0, 2.0, 3.0], (25, 2))], axis=1)
    behind, columns = x[5:], {0: [0, 1], 1: [2], 2: [3]}

    def value(row, inside):
        mixed = behind.copy()
        taken = [k for i in inside for k in columns[i]]
        mixed[:, taken] = row[taken]
        return trees.margin(mixed).mean()

    found = tree_interactions(trees, x[:5], behind, OWNER)
    for place, row in enumerate(x[:5]):
        for i, j in combinations(range(3), 2):
            rest, total = ({0, 1, 2} - {i, j}).pop(), 0.0
            for size, inside in ((0, ()), (1, (rest,))):
                weight = factorial(size) * factorial(1 - size) / factorial(2)
                total += weight * (
                    value(row, (*inside, i, j)) - value(row, (*inside, i)) - value(row, (*inside, j)) + value(row, inside)
                )
            assert found.values.get((i, j), np.zeros(5))[place] == pytest.approx(total, abs=1e-12)


def test_interactions_on_long_paths_and_short_ones_agree(trees, rows, monkeypatch):
    found = tree_interactions(trees, rows[:10], rows[:100], np.arange(6))
    monkeypatch.setattr(interactions, "DENSE", 2)
    monkeypatch.setattr(tree_attributions, "DENSE", 2)
    sparse = tree_interactions(trees, rows[:10], rows[:100], np.arange(6))
    assert found.values.keys() == sparse.values.keys()
    assert len(found.values) > 5
    for pair, values in found.values.items():
        assert values == pytest.approx(sparse.values[pair], abs=1e-12)


def test_splits_in_single_precision_decide_as_the_library_does(rows):
    """XGBoost reads numbers as floats and goes left below a threshold; rows lie on thresholds, and shap's values are its own reading."""
    xgboost = pytest.importorskip("xgboost")
    x = np.round(np.nan_to_num(rows), 1)  # 0.1, 0.2 ...: no double among them is a float
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0.1).astype(int)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 4, "nthread": 1}, xgboost.DMatrix(x, y), 15)
    trees = xgboost_file.load(booster.save_raw("json"), {}).parts()
    matrix = x.astype(np.float32).astype(np.float64)
    assert trees.strict
    assert np.isin(trees.threshold[trees.left >= 0], matrix).any()
    ours = path_dependent(trees, matrix)
    theirs = booster.predict(xgboost.DMatrix(x), pred_contribs=True)
    assert np.abs(ours.values - theirs[:, :-1]).max() < 2e-5  # the library adds up in single precision
    oracle = shap.TreeExplainer(as_dictionary(trees), feature_perturbation="tree_path_dependent")
    assert np.abs(ours.values[:40] - oracle.shap_values(matrix[:40], check_additivity=False).reshape(40, 6)).max() < 1e-6
    assert ours.values.sum(axis=1) + ours.base == pytest.approx(booster.predict(xgboost.DMatrix(x), output_margin=True), abs=2e-5)
