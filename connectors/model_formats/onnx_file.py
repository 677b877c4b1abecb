"""ONNX files: answered by ONNX Runtime, looked into before that, and read as trees or coefficients where the graph is as plain as that."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.model_columns import numbers, texts
from connectors.model_formats.onnx_graph import labels_of, read_parts
from connectors.model_formats.protobuf import Graph, read_graph
from connectors.model_parts import Floats, Linear, Trees
from connectors.sandbox_child import Refused

if TYPE_CHECKING:
    import pyarrow as pa

_OWN = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
_TYPES = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_, "tensor(string)": np.object_,
}  # fmt: skip
_MISSING = ""
_FULL = ("bad_alloc", "Failed to allocate memory", "bad allocation")


def prepare() -> None:
    """Import what reads the file, while that is still allowed."""
    import pyarrow  # noqa: F401

    importlib.import_module("onnxruntime")


def load(content: bytes | bytearray, _settings: Mapping[str, Any]) -> OnnxModel:
    """The model of a file.

    Raises
    ------
    Refused
        It is no such file, fetches data or operators from elsewhere, or its inputs are no columns.
    """
    graph = read_graph(memoryview(content))
    if graph.external:
        raise Refused("the file wants data from other files, and Candor opens none for it; write it as one file")
    foreign = next(((domain, kind) for domain, kind in graph.domains.items() if domain not in (*_OWN, *graph.functions)), None)
    if foreign is not None:
        raise Refused(f'the graph uses the operator "{foreign[1]}" of "{foreign[0]}"; Candor loads no libraries of operators')
    return OnnxModel(bytes(content), graph)


def _told(error: Exception) -> str:
    """What the runtime says, without its codes and the places in its source."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", " ".join(str(error).split()))
    return re.sub(r"/\S+\.(cc|h):\d+ \S* ?", "", text)[:200]


class OnnxModel:
    """One session."""

    def __init__(self, content: bytes, graph: Graph) -> None:
        runtime = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.enable_mem_pattern = False
        try:
            self._session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 -- the runtime has an exception of its own for each status
            raise Refused(f"ONNX Runtime cannot read the file ({_told(error)})") from None
        self._graph = graph
        self._given = [(each.name, str(each.type), list(each.shape)) for each in self._session.get_inputs()]
        self._wide = len(self._given) == 1 and (len(self._given[0][2]) != 2 or self._given[0][2][1] != 1) and len(self._given[0][2]) != 1
        self._check_inputs()
        self._output, self._mapped, width = self._chosen()
        labels = labels_of(graph)
        shape = self._given[0][2]
        count = int(shape[1]) if self._wide and isinstance(shape[1], int) else -1
        outputs = len(labels) if self._mapped else width if isinstance(width, int) and width > 0 else len(labels)
        self.about: dict[str, Any] = {
            "inputs": [] if self._wide else [name for name, _, _ in self._given], "count": count if self._wide else len(self._given),
            "classes": labels if outputs in (len(labels), 1) else [], "outputs": outputs, "notes": [],
        }  # fmt: skip

    def predict(self, rows: pa.Table) -> tuple[Floats, dict[str, list[str]]]:
        """See `Opened`."""
        refused = np.zeros(rows.num_rows, dtype=bool)
        if self._wide:
            name, kind, _ = self._given[0]
            columns = [self._column(rows, i, kind, refused) for i in range(rows.num_columns)]
            asked = {name: np.column_stack(columns)}
        else:
            asked = {
                name: self._column(rows, i, kind, refused).reshape(-1, 1) if len(shape) == 2 else self._column(rows, i, kind, refused)
                for i, (name, kind, shape) in enumerate(self._given)
            }
        try:
            answered = self._session.run([self._output], asked)[0]
        except Exception as error:  # noqa: BLE001 -- as above
            if any(sign in str(error) for sign in _FULL):
                raise MemoryError from None
            raise Refused(f"the model failed ({_told(error)})") from None
        if self._mapped:
            labels = list(answered[0]) if answered else []
            out = np.asarray([[each[label] for label in labels] for each in answered], dtype=np.float64).reshape(len(answered), len(labels))
        else:
            out = np.asarray(answered, dtype=np.float64)
            out = out.reshape(len(out), -1) if out.ndim else out.reshape(1, 1)
        if len(out) == rows.num_rows:
            out[refused] = np.nan
        return out, {}

    def parts(self) -> Trees | Linear | None:
        """See `Opened`."""
        if self._wide and int(self.about["count"]) < 0:
            return None
        inputs = [str(i) for i in range(self.about["count"])] if self._wide else [name for name, _, _ in self._given]
        given = {self._given[0][0]: range(len(inputs))} if self._wide else {name: range(i, i + 1) for i, name in enumerate(inputs)}
        return read_parts(self._graph, given, inputs)

    def _check_inputs(self) -> None:
        for name, kind, shape in self._given:
            if kind not in _TYPES:
                raise Refused(f'the input "{name}" takes {kind}, which no column of a log is')
            if len(shape) > 2 or (self._wide and len(shape) != 2):
                raise Refused(f'the input "{name}" has {len(shape)} dimensions, where the rows of a log have two')
            if not self._wide and len(shape) == 2 and shape[1] not in (1, None) and not isinstance(shape[1], str):
                raise Refused(f'the input "{name}" holds {shape[1]} columns that the file does not name; write it with one input a column')

    def _chosen(self) -> tuple[str, bool, Any]:
        """(name, whether it is a list of label and probability, columns) of the output with the answers."""
        held = [(each.name, str(each.type), list(each.shape)) for each in self._session.get_outputs()]
        mapped = [each for each in held if each[1].startswith("seq(map(")]
        if mapped:
            return mapped[0][0], True, None
        floats = [each for each in held if each[1] in ("tensor(float)", "tensor(double)") and len(each[2]) <= 2]
        if not floats:
            raise Refused("the model answers labels and no numbers; write it so that it answers probabilities")
        likely = [each for each in floats if "prob" in each[0].lower()] or floats
        name, _, shape = likely[-1]
        return name, False, shape[1] if len(shape) == 2 else 1

    def _column(self, rows: pa.Table, at: int, kind: str, refused: Any) -> Any:
        column, name = rows.column(at), rows.column_names[at]
        wanted = _TYPES[kind]
        if wanted is np.object_:
            values, codes = texts(column)
            return np.asarray([_MISSING if value is None else value for value in values], dtype=object)[codes]
        held = numbers(column, name)
        if wanted in (np.int64, np.int32, np.bool_):
            gaps = np.isnan(held)
            refused |= gaps  # a whole number cannot be missing
            held = np.where(gaps, 0.0, held)
        return held.astype(wanted)

