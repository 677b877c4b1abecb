"""skops files: scikit-learn's own answers, steps written down where that is exact, and only reviewed types made."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import skops.io

from connectors.config import ModelConfig
from connectors.model import LoadedModel, ModelError, open_model
from connectors.model_formats import skops_file as reader
from connectors.model_parts import Linear, Trees
from connectors.sandbox_child import Refused
from tests.connectors.model.conftest import Local, World

Configured = Callable[..., ModelConfig]
SETTINGS: dict[str, Any] = {"trusted": []}


@pytest.mark.parametrize(("name", "made_of"), [
    ("logistic", Linear), ("forest", Trees), ("boosted", Trees), ("exponential", Trees), ("histogram", Trees), ("native", Trees),
    ("opaque", type(None)),
])  # fmt: skip
def test_answers_and_what_they_are_made_of(name: str, made_of: type, loans: World, pipelines: dict[str, Any]) -> None:
    fitted = pipelines[name]
    model = reader.load(skops.io.dumps(fitted), SETTINGS)
    assert model.about["inputs"] == ["income", "age", "region", "code"]
    assert model.about["classes"] == ["0", "1"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = fitted.predict_proba(loans.frame.astype({"region": "category"}) if name == "native" else loans.frame)
    assert np.abs(model.predict(loans.rows)[0] - own).max() < 1e-12
    parts = model.parts()
    assert isinstance(parts, made_of)
    if not isinstance(parts, Trees | Linear):
        return
    assert np.abs(parts.answer(parts.encode.matrix(loans.rows)) - own[:, 1]).max() < 1e-9
    if name == "native":
        return
    # Levels never seen, everything missing: what the encoders make of them is in the tables too.
    odd = pa.table({"income": [None, 1.0], "age": [99.0, -5.0], "region": ["moon", None], "code": [17.0, 3.0]})
    answered, new = model.predict(odd)
    assert new["region"] == ["moon"]
    assert np.abs(parts.answer(parts.encode.matrix(odd)) - answered[:, 1]).max() < 1e-9
    owner = parts.encode.owner()
    assert [parts.names[i] for i in np.flatnonzero(owner == 0)] == ["income", "income=missing"]
    assert {"region=north", "region=south"} <= {parts.names[i] for i in np.flatnonzero(owner == 2)}
    if isinstance(parts, Trees):
        assert (parts.cover > 0).all()


def test_in_its_process_and_a_row_that_the_encoder_refuses(loans: World, config: Configured, tmp_path: Path) -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = loans.frame.fillna({"region": "north", "income": 0.0})
    steps = make_column_transformer((OneHotEncoder(), ["region"]), remainder="passthrough")
    fitted = make_pipeline(steps, LogisticRegression(max_iter=5_000))
    fitted.fit(frame, np.where(loans.outcome == 1, "paid", "lost"))
    path = tmp_path / "model.skops"
    skops.io.dump(fitted, path)
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    own = fitted.predict_proba(frame)
    with open_model(config("skops", path, favorable="paid")) as model:
        assert np.abs(model.predict(rows) - own[:, list(fitted.classes_).index("paid")]).max() < 1e-12
        linear, matrix = model.linear(), model.matrix(rows)
        assert linear is not None
        assert matrix is not None
        assert np.abs(linear.answer(matrix) - own[:, 1]).max() < 1e-9
        new = rows.set_column(2, "region", pa.array(["moon", *rows.column("region").to_pylist()[1:]]))
        answers = model.predict(new)
        assert np.isnan(answers[0])
        assert not np.isnan(answers[1:]).any()
        assert model.unseen == {"region": ("moon",)}
    read = Local(reader.load(path.read_bytes(), SETTINGS))
    model = LoadedModel(read, config("skops", path, favorable="paid", output="lost"), "model.skops")
    assert np.abs(model.predict(rows) - own[:, 0]).max() < 1e-12
    linear, matrix = model.linear(), model.matrix(rows)
    assert linear is not None
    assert matrix is not None
    assert np.abs(linear.answer(matrix) - own[:, 0]).max() < 1e-9
    with pytest.raises(ModelError, match='the model has no output "repaid"; did you mean "paid"'):
        LoadedModel(read, config("skops", path, output="repaid"), "model.skops")


def test_an_estimator_without_probabilities_and_one_of_numbers(loans: World) -> None:
    from sklearn.linear_model import LinearRegression, RidgeClassifier

    x = loans.frame[["age", "code"]].to_numpy()
    rows = loans.rows.select(["age", "code"])
    classes = RidgeClassifier().fit(x, loans.outcome)
    model = reader.load(skops.io.dumps(classes), SETTINGS)
    assert model.about["notes"] == ["this estimator knows no probabilities; its answers are distances from its boundary"]
    assert model.about["inputs"] == []
    assert np.abs(model.predict(rows)[0][:, 0] - classes.decision_function(x)).max() < 1e-12
    line = LinearRegression().fit(x, loans.outcome)
    model = reader.load(skops.io.dumps(line), SETTINGS)
    parts = model.parts()
    assert isinstance(parts, Linear)
    assert parts.link == "identity"
    assert np.abs(model.predict(rows)[0][:, 0] - line.predict(x)).max() < 1e-12
    unnamed = rows.rename_columns(["0", "1"])
    assert np.abs(parts.answer(parts.encode.matrix(unnamed)) - line.predict(x)).max() < 1e-9


def test_types_that_nobody_reviewed_are_listed_and_not_made() -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    hostile = skops.io.dumps(make_pipeline(FunctionTransformer(func=json.loads)))
    with pytest.raises(Refused, match=r"types that are not on the reviewed list: json\.loads; look at them"):
        reader.load(hostile, SETTINGS)
    # Made once its user vouches for it, and then it is no model.
    with pytest.raises(Refused, match=r"which predicts nothing|transform"):
        reader.load(skops.io.dumps(FunctionTransformer(func=json.loads)), {"trusted": ["json.loads"]})


def test_a_file_that_would_run_a_command_runs_none(tmp_path: Path) -> None:
    content = io.BytesIO()
    mark = tmp_path / "was here"
    node = {"__class__": "system", "__module__": "posix", "__loader__": "FunctionNode", "content": str(mark), "__id__": 1}
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("schema.json", json.dumps({**node, "protocol": 2, "_skops_version": "0.16"}))
    with pytest.raises(Refused, match=r"posix\.system"):
        reader.load(content.getvalue(), SETTINGS)
    assert not mark.exists()


def test_a_tree_that_points_out_of_itself_is_refused(loans: World) -> None:
    from sklearn.tree import DecisionTreeClassifier

    fitted = DecisionTreeClassifier(max_depth=2, random_state=0).fit(loans.frame[["age", "code"]], loans.outcome)
    state = fitted.tree_.__getstate__()
    state["nodes"]["left_child"][0] = 4_000_000
    fitted.tree_.__setstate__(state)
    with pytest.raises(Refused, match="points out of itself"):
        reader.load(skops.io.dumps(fitted), SETTINGS)


def test_half_a_file_and_another_kind_are_refused(pipelines: dict[str, Any]) -> None:
    whole = skops.io.dumps(pipelines["logistic"])
    with pytest.raises(Refused, match="skops cannot read the file, which may not be all there"):
        reader.load(whole[: len(whole) // 2], SETTINGS)
    with pytest.raises(Refused, match="not a skops file"):
        reader.load(b"tree\nversion=v4", SETTINGS)
