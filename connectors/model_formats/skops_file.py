"""skops files of scikit-learn estimators: only reviewed types are made, every tree is looked through, and scikit-learn answers."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.model_columns import numbers, text_of, texts, unseen
from connectors.model_formats.sklearn_steps import Column, Opaque, columns_after, parts_of
from connectors.model_formats.sklearn_trees import read_parts, refuse_unsound
from connectors.model_parts import Floats, Linear, Trees
from connectors.sandbox_child import Refused

if TYPE_CHECKING:
    import pyarrow as pa

REVIEWED: Mapping[str, str] = {
    "numpy.dtype": "describes an array",
    "sklearn.tree._tree.Tree": "arrays that are walked without looking: Candor looks through them first",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": "likewise",
    "sklearn.calibration._CalibratedClassifier": "holds an estimator and its calibrators",
    "sklearn.calibration._SigmoidCalibration": "two numbers",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer": "numbers of a training that is over",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer": "likewise",
    "functools.partial": "a function and its arguments; the function must be trusted too",
    "sklearn.utils.validation.check_array": "checks that values are numbers",
    "collections.OrderedDict": "a dictionary",
    "collections.defaultdict": "a dictionary",
}
"""Types beyond those that skops itself takes, and why each may be made from a file."""
_SHOWN = 6


def prepare() -> None:
    """Import what reads the file, while that is still allowed."""
    import pyarrow  # noqa: F401

    for module in ("pandas", "skops.io", "sklearn.pipeline", "sklearn.compose", "sklearn.ensemble", "scipy.special"):
        importlib.import_module(module)


def load(content: bytes | bytearray, settings: Mapping[str, Any]) -> SklearnModel:
    """The estimator of a file.

    Raises
    ------
    Refused
        It is no such file, holds a type that nobody has reviewed, or is no estimator that predicts.
    """
    skops = importlib.import_module("skops.io")
    if not bytes(content[:2]) == b"PK":
        raise Refused("this is not a skops file, which is a zip archive")
    data = bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = set(skops.get_untrusted_types(data=data))
            new = sorted(wanted - set(REVIEWED) - set(settings["trusted"]))
            if new:
                shown = ", ".join(new[:_SHOWN]) + (f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else "")
                raise Refused(f"the file makes objects of types that are not on the reviewed list: {shown}; look at them, and if they "
                              "are harmless name them in trusted")  # fmt: skip
            model = skops.loads(data, trusted=sorted(wanted))
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 -- a broken file breaks in many ways
        raise Refused(f"skops cannot read the file, which may not be all there ({' '.join(str(error).split())[:160]})") from None
    if not hasattr(model, "predict"):
        raise Refused(f"the file holds a {type(model).__name__}, which predicts nothing")
    refuse_unsound(model)
    return SklearnModel(model)


class SklearnModel:
    """One estimator or pipeline."""

    def __init__(self, model: Any) -> None:
        self._model = model
        steps = [each for _, each in model.steps] if type(model).__name__ == "Pipeline" else [model]
        self._last = steps[-1]
        self._named = hasattr(model, "feature_names_in_")
        count = int(model.n_features_in_)
        self._names = [str(name) for name in model.feature_names_in_] if self._named else [str(i) for i in range(count)]
        self._columns: list[Column] | None = None
        try:
            if type(self._last).__name__.startswith("HistGradientBoosting") and self._last._preprocessor is not None:
                steps = [*steps[:-1], self._last._preprocessor, self._last]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._columns = columns_after(steps[:-1], self._names)
        except (Opaque, AttributeError, IndexError, KeyError, TypeError, ValueError):
            self._columns = None
        self._proba = hasattr(model, "predict_proba")
        classes = list(getattr(model, "classes_", []))
        labels, outputs, notes = [str(text_of(each)) for each in classes], len(classes), []
        if not self._proba:
            outputs, labels = 1, []
            if hasattr(model, "decision_function") and classes:
                notes.append("this estimator knows no probabilities; its answers are distances from its boundary")
                outputs = 1 if len(classes) == 2 else len(classes)
                labels = [] if len(classes) == 2 else [str(text_of(each)) for each in classes]
        self.about: dict[str, Any] = {
            "inputs": self._names if self._named else [], "count": count, "classes": labels, "outputs": outputs, "notes": notes,
        }  # fmt: skip

    def predict(self, rows: pa.Table) -> tuple[Floats, dict[str, list[str]]]:
        """See `Opened`."""
        new: dict[str, list[str]] = {}
        refused = np.zeros(rows.num_rows, dtype=bool)
        for column in self._columns or ():
            if column.part is not None and column.part.levels is not None:
                seen, not_taken = unseen(rows.column(column.input), column.part)
                new[rows.column_names[column.input]] = seen
                if column.filled is None:
                    refused |= not_taken
                elif column.part.unseen is None and seen:
                    values, codes = texts(rows.column(column.input))
                    refused |= np.asarray([value in seen for value in values])[codes]
        taken = rows.filter(~refused) if refused.any() else rows
        answers = self._answers(taken) if taken.num_rows else np.empty((0, max(1, int(self.about["outputs"]))))
        out = np.full((rows.num_rows, answers.shape[1]), np.nan)
        out[~refused] = answers
        return out, new

    def parts(self) -> Trees | Linear | None:
        """See `Opened`."""
        if self._columns is None:
            return None
        try:
            return read_parts(self._last, self._names, parts_of(self._columns))
        except (Opaque, AttributeError, IndexError, KeyError, TypeError, ValueError):
            return None

    def _answers(self, rows: pa.Table) -> Floats:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = self._given(rows)
            if self._proba:
                answers = self._model.predict_proba(given)
            elif hasattr(self._model, "decision_function") and hasattr(self._model, "classes_"):
                answers = self._model.decision_function(given)
            else:
                answers = self._model.predict(given)
        floats = np.asarray(answers, dtype=np.float64)
        return floats.reshape(len(floats), -1)

    def _given(self, rows: pa.Table) -> Any:
        """A data frame, or an array where the estimator was trained on one."""
        texts_of: dict[int, Column] = {c.input: c for c in self._columns or () if c.texts}
        columns: list[Any] = []
        for i, name in enumerate(rows.column_names):
            column = rows.column(i)
            if i in texts_of or (self._columns is None and _textual(column)):
                values, codes = texts(column)
                nothing = None if i in texts_of and texts_of[i].nothing else np.nan
                columns.append(np.asarray([nothing if value is None else value for value in values], dtype=object)[codes])
            else:
                columns.append(numbers(column, name))
        if not self._named:
            whole = all(column.dtype != object for column in columns)
            return np.column_stack(columns if whole else [column.astype(object) for column in columns])
        import pandas as pd

        return pd.DataFrame(dict(zip(self._names, columns, strict=True)))


def _textual(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
