"""XGBoost's files: answers are XGBoost's own, trees agree with it, and what is wrong with a file is said in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from connectors.config import ModelConfig
from connectors.model import open_model
from connectors.model_formats import xgboost_file as reader
from connectors.model_parts import Linear, Trees
from connectors.sandbox_child import Refused
from tests.connectors.model.conditional import attributions
from tests.connectors.model.conftest import World

Configured = Callable[..., ModelConfig]
Made = tuple[Path, Any, pd.DataFrame]


def own_answers(booster: Any, frame: pd.DataFrame, **asked: Any) -> Any:
    import xgboost

    return booster.predict(xgboost.DMatrix(frame, enable_categorical=True), **asked)


def test_answers_trees_and_names(loans: World, config: Configured, xgboost_file: Made) -> None:
    path, booster, frame = xgboost_file
    own = own_answers(booster, frame)
    with open_model(config("xgboost", path)) as model:
        assert model.names == ("income", "age", "region", "code")
        assert np.abs(model.predict(loans.rows) - own).max() < 1e-7
        trees, matrix = model.trees(), model.matrix(loans.rows)
        assert trees is not None
        assert matrix is not None
        assert np.abs(trees.answer(matrix) - own).max() < 1e-6
        new = loans.rows.set_column(2, "region", pa.array(["moon", *loans.rows.column("region").to_pylist()[1:]]))
        answers = model.predict(new)
        assert np.isnan(answers[0])  # XGBoost refuses a level that it does not know, and so the row has no answer
        assert np.abs(answers[1:] - own[1:]).max() < 1e-7
        assert model.unseen == {"region": ("moon",)}


def test_sets_of_categories_as_thresholds_leave_attributions_as_they_were(xgboost_file: Made, loans: World) -> None:
    path, booster, frame = xgboost_file
    model = reader.load(path.read_bytes(), {})
    trees = model.parts()
    assert isinstance(trees, Trees)
    assert any("categories_nodes" in each and each["categories_nodes"] for each in model._learner["gradient_booster"]["model"]["trees"])
    matrix = trees.encode.matrix(loans.rows)
    own = own_answers(booster, frame, pred_contribs=True)
    for row in (0, 1, 2, 17):
        assert np.abs(np.asarray(attributions(trees, matrix[row])) - own[row]).max() < 1e-5  # theirs is in single precision


def test_other_boosters_and_objectives(loans: World) -> None:
    import xgboost

    x = loans.frame[["income", "age"]]
    rows = loans.rows.select(["income", "age"])
    for settings in (
        {"objective": "reg:squarederror"}, {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.5},
        {"objective": "binary:logistic", "booster": "gblinear"}, {"objective": "binary:logistic", "num_parallel_tree": 2},
    ):  # fmt: skip
        booster = xgboost.train({**settings, "nthread": 1, "max_depth": 2}, xgboost.DMatrix(x, loans.outcome), 4)
        model = reader.load(booster.save_raw("ubj"), {})
        own = own_answers(booster, x)
        assert np.abs(model.predict(rows)[0] - own).max() < 1e-7
        parts = model.parts()
        assert isinstance(parts, Linear if settings.get("booster") == "gblinear" else Trees)
        assert np.abs(parts.answer(parts.encode.matrix(rows)) - own).max() < 1e-5
    booster = xgboost.train({"objective": "multi:softmax", "num_class": 3}, xgboost.DMatrix(x, np.arange(300) % 3), 2)
    model = reader.load(booster.save_raw("json"), {})
    assert model.about["outputs"] == 3
    assert np.abs(model.predict(rows)[0].sum(axis=1) - 1).max() < 1e-6  # probabilities, though the file was made to answer labels
    assert model.parts() is None
    booster = xgboost.train({"objective": "count:poisson"}, xgboost.DMatrix(x, loans.outcome), 2)
    assert reader.load(booster.save_raw("json"), {}).parts() is None  # its link is neither of the two


def test_an_estimator_that_stopped_early_answers_as_it_does_itself(loans: World, tmp_path: Path) -> None:
    import xgboost

    x = loans.frame[["income", "age"]]
    rounds = {"n_estimators": 60, "early_stopping_rounds": 2, "learning_rate": 1.0, "n_jobs": 1}
    fitted = xgboost.XGBClassifier(**rounds).fit(x[:150], loans.outcome[:150], eval_set=[(x[150:], loans.outcome[150:])], verbose=False)
    fitted.save_model(tmp_path / "model.json")
    model = reader.load((tmp_path / "model.json").read_bytes(), {})
    assert fitted.best_iteration + 1 < fitted.get_booster().num_boosted_rounds()
    assert np.abs(model.predict(loans.rows.select(["income", "age"]))[0] - fitted.predict_proba(x)[:, 1]).max() < 1e-7
    bare = reader.load(fitted.get_booster().save_raw("json"), {})  # which says nothing of an estimator
    assert bare.about["notes"] == ["the file holds trees beyond its best iteration, and all of them are asked"]


@pytest.mark.parametrize("format", ["json", "ubj"])
def test_half_a_file_is_refused(format: str, xgboost_file: Made) -> None:
    whole = bytes(xgboost_file[1].save_raw(format))
    with pytest.raises(Refused, match="XGBoost cannot read the file, which may not be all there") as caught:
        reader.load(whole[: len(whole) // 2], {})
    assert ".cc" not in str(caught.value)  # where in XGBoost's source it was noticed is nobody's concern


def test_another_kind_of_file_is_refused(lightgbm_file: Made) -> None:
    with pytest.raises(Refused, match="not a JSON or UBJSON file of XGBoost"):
        reader.load(lightgbm_file[0].read_bytes(), {})
