"""LightGBM's files: answers are LightGBM's own, trees are exact, and what is wrong with a file is said in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from connectors.config import Columns, ModelConfig
from connectors.model import LoadedModel, ModelError, open_model
from connectors.model_formats import lightgbm_file as reader
from connectors.sandbox_child import Refused
from tests.connectors.model.conditional import attributions
from tests.connectors.model.conftest import Local, World

Configured = Callable[..., ModelConfig]
Made = tuple[Path, Any, pd.DataFrame]


def test_answers_trees_and_names(loans: World, config: Configured, lightgbm_file: Made) -> None:
    path, booster, frame = lightgbm_file
    own = booster.predict(frame)
    with open_model(config("lightgbm", path)) as model:
        assert model.names == ("income", "age", "region", "code")
        assert np.abs(model.predict(loans.rows) - own).max() < 1e-12
        turned = loans.rows.select(["code", "region", "age", "income"])
        assert np.abs(model.predict(turned) - own).max() < 1e-12  # found by name, in whatever order
        trees, matrix = model.trees(), model.matrix(loans.rows)
        assert trees is not None
        assert matrix is not None
        assert np.abs(trees.answer(matrix) - own).max() < 1e-12
        assert trees.names == ("income", "age", "region", "code")
        assert model.owner().tolist() == [0, 1, 2, 3]
        assert trees.cover[trees.offsets[:-1]].tolist() == [300.0] * 8  # every training row came through every root
        new = loans.rows.set_column(2, "region", pa.array(["moon", *loans.rows.column("region").to_pylist()[1:]]))
        missing = frame.copy()
        missing.loc[0, "region"] = np.nan
        assert np.abs(model.predict(new) - booster.predict(missing)).max() < 1e-12  # LightGBM takes a level it does not know as missing
        assert model.unseen == {"region": ("moon",)}
        assert model.notes == ('of "region" the model has never seen "moon"',)
        with pytest.raises(ModelError, match=r'the model wants "age", which the log does not have; did you mean "agee"'):
            model.predict(loans.rows.rename_columns(["income", "agee", "region", "code"]))
        with pytest.raises(ModelError, match='"age" holds the text \'old\', where the model takes numbers'):
            model.predict(loans.rows.set_column(1, "age", pa.array(["old"] * 300)))
    other = LoadedModel(Local(reader.load(path.read_bytes(), {})), config("lightgbm", path, favorable=0), "model.txt")
    assert np.abs(other.predict(loans.rows) - (1 - own)).max() < 1e-12
    trees, matrix = other.trees(), other.matrix(loans.rows)
    assert trees is not None
    assert matrix is not None
    assert np.abs(trees.answer(matrix) - (1 - own)).max() < 1e-12


def test_sets_of_categories_as_thresholds_leave_attributions_as_they_were(lightgbm_file: Made, loans: World) -> None:
    path, booster, frame = lightgbm_file
    text = path.read_text()
    assert "num_cat=0" not in text.split("Tree=1")[0]  # there are splits on sets
    trees = reader.read_trees(text)
    assert trees is not None
    matrix = trees.encode.matrix(loans.rows)
    own = booster.predict(frame, pred_contrib=True)
    for row in (0, 1, 2, 17):
        assert np.abs(np.asarray(attributions(trees, matrix[row])) - own[row]).max() < 1e-9


@pytest.mark.parametrize("settings", [
    {"objective": "regression"}, {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
    {"objective": "binary", "sigmoid": 2.0}, {"objective": "regression_l1", "boosting": "dart"}, {"objective": "cross_entropy"},
])  # fmt: skip
def test_other_objectives(settings: dict[str, Any], loans: World) -> None:
    import lightgbm

    x = loans.frame[["income", "age"]]
    given = {**settings, "verbosity": -1, "num_threads": 1, "num_leaves": 5}
    booster = lightgbm.train(given, lightgbm.Dataset(x, loans.outcome, params={"verbosity": -1}), 4)
    trees = reader.read_trees(booster.model_to_string())
    assert trees is not None
    assert np.abs(trees.answer(trees.encode.matrix(loans.rows)) - booster.predict(x)).max() < 1e-9


@pytest.mark.parametrize("settings", [{"objective": "poisson"}, {"objective": "regression", "linear_tree": True}])
def test_what_is_no_sum_of_leaves_is_opaque(settings: dict[str, Any], loans: World) -> None:
    import lightgbm

    given = {**settings, "verbosity": -1, "num_threads": 1, "num_leaves": 5}
    data = lightgbm.Dataset(loans.frame[["income", "age"]], loans.outcome, params=given)
    assert reader.read_trees(lightgbm.train(given, data, 3).model_to_string()) is None


def test_several_classes(loans: World, config: Configured) -> None:
    import lightgbm

    x = loans.frame[["income", "age"]]
    given = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1, "num_leaves": 4}
    booster = lightgbm.train(given, lightgbm.Dataset(x, np.arange(300) % 3, params={"verbosity": -1}), 2)
    model = reader.load(booster.model_to_string().encode(), {})
    assert model.about["classes"] == ["0", "1", "2"]
    given = replace(config("lightgbm", task="multiclass"), columns=Columns(score="p_*"))
    loaded = LoadedModel(Local(model), given, "model.txt", ["income", "age"], ["p_low", "p_high", "p_mid"])
    assert loaded.classes == ("high", "low", "mid")  # the order in which an encoder of labels numbers them
    answers, _ = model.predict(loans.rows.select(["income", "age"]))
    assert np.abs(answers - booster.predict(x)).max() < 1e-12
    assert model.parts() is None


def test_a_file_without_names_takes_the_features_in_their_order(loans: World, config: Configured) -> None:
    import lightgbm

    x = loans.frame[["income", "age"]].to_numpy()
    booster = lightgbm.train({"verbosity": -1, "num_threads": 1, "objective": "binary"}, lightgbm.Dataset(x, loans.outcome), 2)
    read = Local(reader.load(booster.model_to_string().encode(), {}))
    model = LoadedModel(read, config("lightgbm"), "model.txt", ["income", "age"])
    assert model.names == ("income", "age")
    assert np.abs(model.predict(loans.rows) - booster.predict(x)).max() < 1e-12
    said = r"names none of its 2 inputs, and the log has 3 features; name them with features in candor\.toml"
    with pytest.raises(ModelError, match=said):
        LoadedModel(read, config("lightgbm"), "model.txt", ["income", "age", "code"])


def test_inputs_are_found_among_all_columns_of_the_log(config: Configured, lightgbm_file: Made) -> None:
    read = Local(reader.load(lightgbm_file[0].read_bytes(), {}))
    model = LoadedModel(read, config("lightgbm"), "model.txt", ["Income", "age"], ["code", "region", "sex"])
    assert model.names == ("Income", "age", "region", "code")
    with pytest.raises(ModelError, match=r'^model\.txt: the model wants "code", which the log does not have; did you mean "codes"'):
        LoadedModel(read, config("lightgbm"), "model.txt", ["income", "age"], ["codes", "region"])


@pytest.mark.parametrize(("keep", "said"), [(0.5, "not all there"), (0.01, "names no features"), (0.97, "not all there")])
def test_half_a_file_is_refused(keep: float, said: str, lightgbm_file: Made) -> None:
    text = lightgbm_file[0].read_text().split("\nfeature_importances")[0]
    with pytest.raises(Refused, match=said):
        reader.load(text[: int(len(text) * keep)].encode(), {})


def test_another_kind_of_file_is_refused(xgboost_file: Made) -> None:
    with pytest.raises(Refused, match="not a text file of LightGBM"):
        reader.load(xgboost_file[0].read_bytes(), {})
