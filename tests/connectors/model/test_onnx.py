"""ONNX files: ONNX Runtime's own answers, plain graphs read as trees or coefficients, and nothing fetched from anywhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from connectors.config import ModelConfig
from connectors.model import ModelError, open_model
from connectors.model_formats import onnx_file as reader
from connectors.model_parts import Linear, Trees
from connectors.sandbox_child import Refused
from tests.connectors.model.conftest import World

onnx = pytest.importorskip("onnx")
Configured = Callable[..., ModelConfig]


def pipeline(loans: World, last: Any) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame = loans.frame.fillna({"income": 0.0, "region": "north"}).astype({"income": np.float32, "age": np.float32})
    coded = make_column_transformer(
        (StandardScaler(), ["income"]), (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["region"]), ("passthrough", ["age"])
    )
    return make_pipeline(coded, last).fit(frame[["income", "region", "age"]], loans.outcome), frame[["income", "region", "age"]]


def converted(fitted: Any, **options: Any) -> bytes:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    kinds = [("income", FloatTensorType([None, 1])), ("region", StringTensorType([None, 1])), ("age", FloatTensorType([None, 1]))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: bytes = to_onnx(fitted, initial_types=kinds, options=options.get("options")).SerializeToString()
    return made


def test_columns_by_name_in_its_process(loans: World, config: Configured, tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier

    fitted, frame = pipeline(loans, RandomForestClassifier(4, max_depth=4, random_state=1))
    path = tmp_path / "model.onnx"
    path.write_bytes(converted(fitted))
    own = fitted.predict_proba(frame)[:, 1]
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    with open_model(config("onnx", path)) as model:
        assert model.names == ("income", "region", "age")
        assert np.abs(model.predict(rows.select(["age", "income", "region"])) - own).max() < 1e-6
        trees, matrix = model.trees(), model.matrix(rows)
        assert trees is not None
        assert matrix is not None
        assert np.abs(trees.answer(matrix) - own).max() < 1e-6
        regions = [trees.names[i] for i in np.flatnonzero(model.owner() == 1)]
        assert regions == ["region=east", "region=north", "region=south", "region=west"]
        assert not trees.cover.any()  # the file does not say how many training rows came by


def test_one_table_of_numbers_and_a_list_of_labels(loans: World) -> None:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LinearRegression, LogisticRegression

    x = loans.frame[["age", "code"]].to_numpy(dtype=np.float32)
    rows = loans.rows.select(["age", "code"])
    fitted = LogisticRegression().fit(x, loans.outcome)
    for zipped in (True, False):
        model = reader.load(to_onnx(fitted, x[:1], options={"zipmap": zipped}).SerializeToString(), {})
        assert (model.about["inputs"], model.about["count"], model.about["classes"]) == ([], 2, ["0", "1"])
        answers = model.predict(rows)[0]
        assert np.abs(answers - fitted.predict_proba(x)).max() < 1e-6
        linear = model.parts()
        assert isinstance(linear, Linear)
        assert np.abs(linear.answer(linear.encode.matrix(rows.rename_columns(["0", "1"]))) - answers[:, 1]).max() < 1e-6
    line = LinearRegression().fit(x, loans.outcome)
    model = reader.load(to_onnx(line, x[:1]).SerializeToString(), {})
    assert np.abs(model.predict(rows)[0][:, 0] - line.predict(x)).max() < 1e-5
    classes = LogisticRegression().fit(x, np.arange(300) % 3)
    model = reader.load(to_onnx(classes, x[:1]).SerializeToString(), {})
    assert model.about["classes"] == ["0", "1", "2"]
    assert np.abs(model.predict(rows)[0] - classes.predict_proba(x)).max() < 1e-6


def made(nodes: list[Any], *, initializers: list[Any] | None = None, kind: int = 1, width: int = 1, domains: tuple[str, ...] = ()) -> bytes:
    """A graph from "x" to "y"."""
    helper = onnx.helper
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", kind, [None, width])], [helper.make_tensor_value_info("y", 1, [None, width])],
        initializer=initializers or [],
    )  # fmt: skip
    imports = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    content: bytes = helper.make_model(graph, opset_imports=imports, ir_version=9).SerializeToString()
    return content


def test_the_way_missing_values_and_thresholds_go(loans: World) -> None:
    # One split, x < 2 or missing: -1, else 1; as a chain of the four ways to write it down.
    helper = onnx.helper
    for mode, true, false in (("BRANCH_LT", -1.0, 1.0), ("BRANCH_GTE", 1.0, -1.0), ("BRANCH_LEQ", -1.0, 1.0), ("BRANCH_GT", 1.0, -1.0)):
        node = helper.make_node(
            "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2],
            nodes_featureids=[0, 0, 0], nodes_modes=[mode, "LEAF", "LEAF"], nodes_values=[2.0, 0.0, 0.0], nodes_truenodeids=[1, 0, 0],
            nodes_falsenodeids=[2, 0, 0], nodes_missing_value_tracks_true=[1, 0, 0], target_treeids=[0, 0], target_nodeids=[1, 2],
            target_ids=[0, 0], target_weights=[true, false],
        )  # fmt: skip
        model = reader.load(made([node], domains=("ai.onnx.ml",)), {})
        above, below = (float(np.nextafter(np.float32(2), np.float32(towards))) for towards in (3, 1))
        rows = pa.table({"x": [1.0, 2.0, above, below, 3.0, None]})
        trees = model.parts()
        assert isinstance(trees, Trees)
        told = trees.answer(trees.encode.matrix(rows))
        assert told.tolist() == model.predict(rows)[0][:, 0].tolist()
        assert told.tolist() == [-1.0, -1.0 if mode in ("BRANCH_LEQ", "BRANCH_GT") else 1.0, 1.0, -1.0, 1.0, true]


def test_a_whole_number_cannot_be_missing() -> None:
    helper = onnx.helper
    model = reader.load(made([helper.make_node("Cast", ["x"], ["y"], to=1)], kind=7), {})
    answers = model.predict(pa.table({"x": pa.array([1, None, 3])}))[0][:, 0]
    assert np.isnan(answers).tolist() == [False, True, False]
    assert model.parts() is None


def test_graphs_that_loop_for_ever_eat_memory_or_throw_dice(config: Configured, tmp_path: Path) -> None:
    helper = onnx.helper
    value = helper.make_tensor_value_info
    inner = [helper.make_node("Identity", ["go"], ["going"]), helper.make_node("Identity", ["v"], ["w"])]
    body = helper.make_graph(
        inner, "b", [value("i", 7, []), value("go", 9, []), value("v", 1, [None, 1])], [value("going", 9, []), value("w", 1, [None, 1])]
    )
    loop = [helper.make_node("Loop", ["n", "yes", "x"], ["y"], body=body)]
    ever = [helper.make_tensor("n", 7, [], [2**62]), helper.make_tensor("yes", 9, [], [True])]
    eat = [
        helper.make_node("Shape", ["x"], ["rows"]), helper.make_node("Mul", ["rows", "s"], ["many"]),
        helper.make_node("ConstantOfShape", ["many"], ["c"]), helper.make_node("ReduceSum", ["c"], ["r"], keepdims=1),
        helper.make_node("Add", ["x", "r"], ["y"]),
    ]  # fmt: skip
    dice = [helper.make_node("RandomNormalLike", ["x"], ["r"]), helper.make_node("Add", ["x", "r"], ["y"])]
    for content, seconds, said in (
        (made(loop, initializers=ever), 1, "did not answer within 1 second$"),
        (made(eat, initializers=[helper.make_tensor("s", 7, [2], [50_000, 50_000])]), 30, r"wants more than the 0\.3 GB of memory"),
        (made(dice), 30, "two different answers for the same row"),
    ):
        path = tmp_path / "model.onnx"
        path.write_bytes(content)
        given = config("onnx", path, timeout=timedelta(seconds=seconds), memory=300_000_000, task="regression")
        with open_model(given, columns=["x"]) as model, pytest.raises(ModelError, match=said):
            model.predict(pa.table({"x": [1.0, 2.0, 3.0]}))


def test_data_from_other_files_is_refused() -> None:
    helper = onnx.helper
    outside = helper.make_tensor("w", 1, [1, 1], [1.0])
    outside.ClearField("float_data")
    outside.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "../../etc/passwd"), ("length", "4")):
        entry = outside.external_data.add()
        entry.key, entry.value = key, value
    plain = made([helper.make_node("MatMul", ["x", "w"], ["y"])], initializers=[outside])
    with pytest.raises(Refused, match="wants data from other files, and Candor opens none"):
        reader.load(plain, {})
    # And so is one that hides in an attribute, or in the branch of a condition.
    constant = helper.make_node("Constant", [], ["w"], value=outside)
    with pytest.raises(Refused, match="wants data from other files"):
        reader.load(made([constant, helper.make_node("MatMul", ["x", "w"], ["y"])]), {})
    branch = helper.make_graph([constant], "b", [], [helper.make_tensor_value_info("w", 1, [1, 1])])
    with pytest.raises(Refused, match="wants data from other files"):
        reader.load(made([helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)]), {})


def test_operators_from_a_library_are_refused() -> None:
    foreign = onnx.helper.make_node("Steal", ["x"], ["y"], domain="evil.ops")
    with pytest.raises(Refused, match=r'the operator "Steal" of "evil\.ops"; Candor loads no libraries'):
        reader.load(made([foreign], domains=("evil.ops",)), {})


def test_functions_that_the_file_defines_itself_are_no_library() -> None:
    helper = onnx.helper
    graph = onnx.load_from_string(made([helper.make_node("Twice", ["x"], ["y"], domain="own")], domains=("own",)))
    twice = helper.make_function("own", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 17)])
    graph.functions.append(twice)
    model = reader.load(graph.SerializeToString(), {})
    assert model.predict(pa.table({"x": [1.5]}))[0].tolist() == [[3.0]]
    assert model.parts() is None


def test_labels_alone_and_blocks_of_columns_are_refused() -> None:
    helper = onnx.helper
    only = made([helper.make_node("Cast", ["x"], ["y"], to=7)])
    graph = onnx.load_from_string(only)
    graph.graph.output[0].type.tensor_type.elem_type = 7
    with pytest.raises(Refused, match="answers labels and no numbers"):
        reader.load(graph.SerializeToString(), {})
    graph = onnx.load_from_string(made([helper.make_node("Identity", ["x"], ["y"])], width=3))
    graph.graph.input.append(helper.make_tensor_value_info("z", 1, [None, 1]))
    with pytest.raises(Refused, match='the input "x" holds 3 columns that the file does not name'):
        reader.load(graph.SerializeToString(), {})


@pytest.mark.parametrize("content", [b"tree\nversion=v4", b"\x08\x09\x12", b"\xff" * 40])
def test_another_kind_of_file_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="not an ONNX file"):
        reader.load(content, {})


def test_half_a_file_is_refused() -> None:
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    whole = made([node])
    with pytest.raises(Refused, match="not an ONNX file, or not all of it"):
        reader.load(whole[: len(whole) // 2], {})
