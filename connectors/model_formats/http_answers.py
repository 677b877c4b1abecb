"""What an endpoint answers, as numbers: one column an output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.model_columns import ModelError
from connectors.model_parts import Floats

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = ("predictions", "probabilities", "scores", "outputs")
_MOST = 10_000
_FEW = 60


def read_answer(answered: bytes, protocol: str) -> pa.Table:
    """The rows of an answer.

    Raises
    ------
    ModelError
        It is no JSON, or not of the protocol's form.
    """
    try:
        said = json.loads(answered)
    except (ValueError, RecursionError):
        shown = answered[:_FEW].decode("utf-8", "replace")
        raise ModelError(f"the endpoint's answer is not JSON ({shown!r})") from None
    return _table(_tensor(said) if protocol == "kserve-v2" else _listed(said))


def _listed(said: Any) -> tuple[list[str] | None, Floats]:
    rows = said
    if isinstance(said, dict):
        rows = next((said[name] for name in _NAMES if name in said), None)
    if not isinstance(rows, list):
        raise ModelError('the endpoint\'s answer has no list "predictions"')
    labels: list[str] | None = None
    if rows and all(isinstance(row, dict) for row in rows):
        labels = [str(label) for label in rows[0]]
        if any(list(row) != labels for row in rows):
            raise ModelError("the endpoint does not answer the same classes for every row")
        rows = [list(row.values()) for row in rows]
    try:
        floats = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelError(f"the endpoint's predictions are not numbers ({str(rows[0])[:_FEW]!r})") from None
    return labels, floats


def _tensor(said: Any) -> tuple[list[str] | None, Floats]:
    outputs = said.get("outputs") if isinstance(said, dict) else None
    held = [each for each in outputs or [] if isinstance(each, dict)]
    numeric = [each for each in held if str(each.get("datatype", "")).startswith("FP")] or held
    # Of a label and its probabilities, the latter: floats, and the widest of them.
    chosen = max(numeric, key=lambda each: len(each.get("data") or ()), default=None)
    if chosen is None:
        raise ModelError('the endpoint\'s answer has no "outputs"')
    try:
        floats = np.asarray(chosen.get("data"), dtype=np.float64)
        return None, floats.reshape([int(size) for size in chosen.get("shape", [len(floats)])])
    except (TypeError, ValueError):
        raise ModelError("the endpoint's outputs are not numbers, or not of the shape they are said to have") from None


def _table(found: tuple[list[str] | None, Floats]) -> pa.Table:
    import pyarrow as pa

    labels, floats = found
    if floats.ndim == 3 and 1 in floats.shape[1:]:
        floats = floats.reshape(len(floats), -1)
    if floats.ndim not in (1, 2) or (floats.ndim == 2 and not 1 <= floats.shape[1] <= _MOST):
        raise ModelError(f"the endpoint's answer has the shape {floats.shape}, which is no number or list of numbers a row")
    columns = floats.reshape(len(floats), -1) if floats.size else np.empty((0, 1))
    names = labels if labels is not None else [str(i) for i in range(columns.shape[1])]
    return pa.table([pa.array(columns[:, i]) for i in range(columns.shape[1])], names=names)
