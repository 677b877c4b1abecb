"""XGBoost's JSON and UBJSON files: answered by XGBoost itself, the trees read from its JSON."""

from __future__ import annotations

import importlib
import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.model_columns import unseen
from connectors.model_formats.category_splits import Tree, places, threshold_trees
from connectors.model_parts import Encoding, Floats, Linear, Link, Part, Trees
from connectors.sandbox_child import Refused

if TYPE_CHECKING:
    import pyarrow as pa

_LINKS: Mapping[str, Link] = {
    "binary:logistic": "logit", "reg:logistic": "logit", "reg:squarederror": "identity", "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity", "reg:quantileerror": "identity", "binary:logitraw": "identity", "reg:linear": "identity",
}  # fmt: skip
_TWO = ("binary:logistic", "reg:logistic")


def prepare() -> None:
    """Import what reads the file, while that is still allowed."""
    import pyarrow  # noqa: F401

    importlib.import_module("xgboost")


def load(content: bytes | bytearray, _settings: Mapping[str, Any]) -> XGBoostModel:
    """The model of a file.

    Raises
    ------
    Refused
        It is no such file, or not all of it.
    """
    if not bytes(content[:16]).lstrip().startswith(b"{"):
        raise Refused('this is not a JSON or UBJSON file of XGBoost; write it anew with model.save_model("model.json")')
    return XGBoostModel(bytearray(content))


class XGBoostModel:
    """One booster, and what its JSON says of it."""

    def __init__(self, content: bytearray) -> None:
        self._library = importlib.import_module("xgboost")
        self._library.set_config(verbosity=0)
        booster = self._library.Booster()
        try:
            booster.load_model(content)
            attributes = booster.attributes()
            levels = _levels(_gbtree(json.loads(booster.save_raw("json"))["learner"]).get("model", {}).get("cats", {}))
            best = attributes.get("best_iteration")
            notes = []
            if best is not None and "scikit_learn" in attributes:
                booster = booster[: int(best) + 1]  # as the estimator itself answers
            elif best is not None:
                notes.append("the file holds trees beyond its best iteration, and all of them are asked")
            if booster.num_features() and "multi:softmax" in booster.save_config():
                booster.set_param({"objective": "multi:softprob"})
            self._learner = json.loads(booster.save_raw("json"))["learner"]
        except (self._library.core.XGBoostError, ValueError, KeyError) as error:
            said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            said = re.sub(r"^\[[\d:]+\] \S+:\d+: ", "", said)  # when, and where in its source
            raise Refused(f"XGBoost cannot read the file, which may not be all there ({said[:160]})") from None
        self._booster = booster
        model = self._learner["learner_model_param"]
        self.objective = str(self._learner["objective"]["name"])
        count = int(model["num_feature"])
        names = [str(name) for name in self._learner.get("feature_names", ())]
        self._names = names or [f"f{i}" for i in range(count)]
        types = self._learner.get("feature_types", ())
        self._categories = {i for i, kind in enumerate(types) if kind in ("c", "categorical")}
        self._kinds = ["c" if i in self._categories else "q" for i in range(count)] if self._categories else None
        self._levels = levels
        self._encoding = self._encode({})
        outputs = max(1, int(model.get("num_class", "0")), int(model.get("num_target", "1")))
        labels = ["0", "1"] if self.objective in _TWO else [str(i) for i in range(outputs)] if outputs > 1 else []
        unnamed = not names or names == [f"f{i}" for i in range(count)]
        self.about: dict[str, Any] = {
            "inputs": [] if unnamed else names, "count": count, "classes": labels, "outputs": outputs, "notes": notes,
        }  # fmt: skip

    def predict(self, rows: pa.Table) -> tuple[Floats, dict[str, list[str]]]:
        """See `Opened`."""
        new, refused = {}, np.zeros(rows.num_rows, dtype=bool)
        for part in self._encoding.parts:
            if part.levels is not None:
                new[rows.column_names[part.input]], not_taken = unseen(rows.column(part.input), part)
                refused |= not_taken
        matrix = self._encoding.matrix(rows.rename_columns(list(self._encoding.inputs))).astype(np.float32)
        asked = self._library.DMatrix(
            matrix, missing=np.nan, feature_types=self._kinds, enable_categorical=bool(self._categories),
        )  # fmt: skip
        answers = np.asarray(self._booster.predict(asked, validate_features=False), dtype=np.float64)
        answers[refused] = np.nan
        return answers, new

    def parts(self) -> Trees | Linear | None:
        """See `Opened`."""
        if self.objective not in _LINKS or int(self.about["outputs"]) != 1:
            return None
        link = _LINKS[self.objective]
        base = _base(self._learner["learner_model_param"]["base_score"], link)
        booster = self._learner["gradient_booster"]
        if base is None:
            return None
        if booster["name"] == "gblinear":
            weights = np.asarray(booster["model"]["weights"], dtype=np.float64)
            parts = tuple(Part(input=i, steps=(("fill", 0.0),)) for i in range(len(self._names)))
            encode = Encoding(inputs=tuple(self._names), parts=parts, single=True)
            return Linear(coefficients=weights[:-1], intercept=float(weights[-1]) + base, link=link, encode=encode)
        weights = np.asarray(booster.get("weight_drop", ()), dtype=np.float64)
        read = [_tree(each, weights[i] if len(weights) else 1.0) for i, each in enumerate(_gbtree(self._learner)["model"]["trees"])]
        order = places(read, {i: range(len(levels)) for i, levels in self._levels.items()})
        nodes = threshold_trees(read, order)
        if nodes is None:
            return None
        arrays: dict[str, Any] = nodes.arrays()
        return Trees(**arrays, base=base, link=link, strict=True, encode=self._encode(order))

    def _encode(self, order: Mapping[int, Mapping[int, int]]) -> Encoding:
        parts = []
        for i in range(len(self._names)):
            if i in self._levels:
                levels = self._levels[i]
                line = order.get(i, {})
                table = tuple((float(line.get(code, code)),) for code in range(len(levels)))
                parts.append(Part(input=i, levels=levels, table=table, unseen=None, missing=(np.nan,)))
            else:
                parts.append(Part(input=i, steps=(("whole", 0.0),) if i in self._categories else ()))
        return Encoding(inputs=tuple(self._names), parts=tuple(parts), single=True)


def _gbtree(learner: Mapping[str, Any]) -> Mapping[str, Any]:
    booster: Mapping[str, Any] = learner["gradient_booster"]
    trees: Mapping[str, Any] = booster.get("gbtree", booster)
    return trees


def _levels(cats: Mapping[str, Any]) -> dict[int, tuple[str, ...]]:
    """Feature -> its levels in the order of their codes, where the file holds them (since XGBoost 3.1)."""
    found = {}
    for i, each in enumerate(cats.get("enc", ())):
        values, offsets = each.get("values", []), each.get("offsets")
        if offsets:
            text = bytes(values)
            found[i] = tuple(text[a:b].decode("utf-8") for a, b in itertools.pairwise(offsets))
        elif values:
            found[i] = tuple(str(int(v)) if float(v).is_integer() else repr(float(v)) for v in values)
    return found


def _base(said: str, link: Link) -> float | None:
    values = json.loads(said) if said.startswith("[") else [float(said)]
    if len(values) != 1:
        return None
    base = float(np.float32(values[0]))
    if link == "identity":
        return base
    return math.log(base / (1.0 - base)) if 0.0 < base < 1.0 else None


def _tree(said: Mapping[str, Any], weight: float) -> Tree:
    left, right = list(said["left_children"]), list(said["right_children"])
    held: Sequence[float] = said["split_conditions"]
    default = [a if low else b for a, b, low in zip(left, right, said["default_left"], strict=True)]
    sets = {}
    starts, sizes, codes = said.get("categories_segments", ()), said.get("categories_sizes", ()), said.get("categories", ())
    for node, start, size in zip(said.get("categories_nodes", ()), starts, sizes, strict=True):
        sets[int(node)] = frozenset(int(code) for code in codes[start : start + size])
        left[node], right[node] = right[node], left[node]  # there, the set goes right
    leaf = [child < 0 for child in left]
    return Tree(
        left=left, right=right, default=default, feature=said["split_indices"], sets=sets, cover=said["sum_hessian"],
        threshold=[float(np.float32(each)) for each in held],
        value=[float(np.float32(each)) * weight if end else 0.0 for each, end in zip(held, leaf, strict=True)],
    )  # fmt: skip
