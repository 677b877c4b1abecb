"""A surrogate at work: boosted trees that imitate logged scores, over columns encoded so that every split is a number and a threshold.

A category becomes the mean score of its level in the rows that were learned from, drawn towards the mean of all rows. A level never seen,
or with a handful of rows, counts as an average one; and trees over thresholds alone have exact attributions.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats, Integers
from connectors.model_columns import numbers, texts
from connectors.model_parts import Encoding, Link, Part, Trees, described, linked, read_encoding

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.model_parts import Linear

TREES, LEAVES, RATE = 200, 15, 0.15
"""On 20,000 rows one thread needs a third of a second for these; several wait for each other longer than they work."""

DRAWN = 20.0
"""Rows of all others that each level's mean is averaged with."""

RARE = 20
"""Rows below which a level counts as an average one: the mean of a single row would be the answer itself."""

RECIPE = f"3 {TREES} {LEAVES} {RATE} {DRAWN} {RARE}"
"""A surrogate that was kept under another recipe is made again."""

FEW = 200_000
"""Rows times trees below which walking the trees here is faster than to import LightGBM."""


@dataclass(frozen=True, kw_only=True)
class Surrogate:
    """Trained trees, one sum of them a class; it answers as `connectors.model.LoadedModel` does.

    Parameters
    ----------
    texts
        Each class's trees in LightGBM's text format; one where there are no classes.
    folds
        The same trained without each fold in turn.
    target
        The class that `trees` is about; "" without classes.
    """

    encode: Encoding
    link: Link
    texts: tuple[str, ...]
    classes: tuple[str, ...] = ()
    target: str = ""
    folds: tuple[Surrogate, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it was trained on."""
        return self.encode.inputs

    @cached_property
    def fingerprint(self) -> str:
        """Of its trees and of how columns are encoded."""
        return "sha256:" + hashlib.sha256(self.to_json().encode()).hexdigest()

    def matrix(self, rows: pa.Table) -> Floats:
        """[row, numeric column]: one column an input."""
        return self.encode.matrix(rows)

    def owner(self) -> Integers:
        """[numeric column] -> position in `names`."""
        return self.encode.owner()

    def linear(self) -> Linear | None:
        """None: it is made of trees."""
        return None

    def trees(self) -> Trees:
        """The trees of the target class, or of the one answer."""
        return self._trees[self.classes.index(self.target) if self.classes else 0]

    @cached_property
    def _trees(self) -> tuple[Trees, ...]:
        return tuple(read_trees(text, self.encode, self.link) for text in self.texts)

    def predict(self, rows: pa.Table) -> Floats:
        """[row], or [row, class]; each class's probability has trees of its own, so that their sum is only about 1."""
        matrix = self.matrix(rows)
        if len(matrix) * len(self._trees[0].offsets) < FEW:
            found = [trees.answer(matrix) for trees in self._trees]
        else:
            raw = [one.predict(matrix, raw_score=True, num_threads=1) for one in self._boosters]
            found = [linked(np.asarray(one, dtype=np.float64), self.link) for one in raw]
        return np.stack(found, axis=1) if self.classes else found[0]

    @cached_property
    def _boosters(self) -> list[Any]:
        import lightgbm

        return [lightgbm.Booster(model_str=text) for text in self.texts]

    def out_of_fold(self, rows: pa.Table, fold: Integers) -> Floats:
        """The same from the trees that were trained without each row's fold: rows that were learned from would flatter it."""
        found = np.full((rows.num_rows, len(self.classes)) if self.classes else rows.num_rows, np.nan)
        for number, without in enumerate(self.folds):
            found[fold == number] = without.predict(rows.filter(fold == number))
        return found

    def to_json(self) -> str:
        """All but the folds."""
        body = {"encode": described(self.encode), "link": self.link, "texts": self.texts, "classes": self.classes, "target": self.target}
        return json.dumps(body, ensure_ascii=False)

    @classmethod
    def of_json(cls, body: str, folds: Sequence[str] = ()) -> Surrogate:
        """The inverse of `to_json`, of the whole and of each fold."""
        said: Mapping[str, Any] = json.loads(body)
        return cls(
            encode=read_encoding(said["encode"]), link=said["link"], texts=tuple(said["texts"]), classes=tuple(said["classes"]),
            target=said["target"], folds=tuple(map(cls.of_json, folds)),
        )  # fmt: skip


def encoding(rows: pa.Table, score: Floats, classes: Sequence[str] = ()) -> Encoding:
    """How the columns of `rows` become numbers: a number is itself, a category the mean of `score` over its level, less that of all rows.

    `score` is by [row], or by [row, class]: a category is then one number a class.
    """
    import pyarrow.types as kinds

    parts = []
    scores = score.reshape(len(score), -1)
    centred = scores - scores.mean(axis=0) if len(score) else scores
    labels = tuple(f" by {name}" for name in classes) or ("",)
    for place, name in enumerate(rows.column_names):
        column = rows.column(name)
        kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
        if kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind):
            x = numbers(column, name)
            known = x[np.isfinite(x)]
            whole = len(known) == len(x) and len(x) > 0
            # trees that never saw a missing value would take it for 0
            parts.append(Part(input=place, steps=(("fill", float(np.median(known))),) if whole else ()))
            continue
        levels, code = texts(column)
        n = np.bincount(code, minlength=len(levels))
        sums = np.stack([np.bincount(code, weights=one, minlength=len(levels)) for one in centred.T], axis=1)
        means = (sums / (n + DRAWN)[:, None]).tolist()
        told = {level: tuple(mean) for level, mean, count in zip(levels, means, n.tolist(), strict=True) if count >= RARE}
        average = (0.0,) * len(labels)
        missing = told.pop(None, average)
        parts.append(
            Part(input=place, labels=labels, levels=tuple(map(str, told)), table=tuple(told.values()), unseen=average, missing=missing)
        )
    return Encoding(inputs=tuple(rows.column_names), parts=tuple(parts))


def fitted(matrix: Floats, score: Floats, link: Link, *, trees: int) -> str:
    """Boosted trees for scores [row], as LightGBM's text: by cross-entropy on the scale of log-odds, or by least squares."""
    import lightgbm

    options = {
        "objective": "cross_entropy" if link == "logit" else "regression", "num_leaves": LEAVES, "learning_rate": RATE,
        "min_data_in_leaf": 20, "seed": 0, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(matrix, score, params={"feature_pre_filter": False, "verbosity": -1})
    return str(lightgbm.train(options, data, num_boost_round=trees).model_to_string())


def fold_of(units: Sequence[object], folds: int) -> Integers:
    """[row] The fold of each unit or key, by a checksum: the same wherever it is read."""
    return np.asarray([zlib.crc32(str(unit).encode()) % folds for unit in units], dtype=np.int64)


def read_trees(text: str, encode: Encoding, link: Link) -> Trees:
    """The trees of a LightGBM text without categorical splits; of each tree the inner nodes come first, then its leaves."""
    kinds: dict[str, type] = {"threshold": float, "leaf_value": float}
    parts: dict[str, list[Any]] = {name: [] for name in ("left", "right", "default", "feature", "threshold", "value", "cover")}
    offsets = [0]
    for block in text.split("\nTree=")[1:]:
        said = dict(line.split("=", 1) for line in block.split("\n\n", 1)[0].split("\n") if "=" in line)
        got: dict[str, Any] = {
            name: np.asarray(value.split(), dtype=kinds.get(name, np.int64)) for name, value in said.items() if name in _READ
        }
        leaves = len(got["leaf_value"])
        inner = leaves - 1
        nothing: Integers = np.zeros(0, dtype=np.int64)
        at = offsets[-1]
        children = [got[side] if inner else nothing for side in ("left_child", "right_child")]
        left, right = (np.where(child >= 0, child, inner + ~child) + at for child in children)
        threshold = got["threshold"] if inner else np.zeros(0)
        kind = got["decision_type"] if inner else nothing
        zero_left = threshold >= 0  # a missing value that training never saw counts as 0
        to_left = np.where((kind >> 2) & 3 == 2, (kind & 2) > 0, zero_left)
        none = np.full(leaves, -1, dtype=np.int64)
        parts["left"].append(np.concatenate([left, none]))
        parts["right"].append(np.concatenate([right, none]))
        parts["default"].append(np.concatenate([np.where(to_left, left, right), none]))
        parts["feature"].append(np.concatenate([got["split_feature"] if inner else nothing, none]))
        parts["threshold"].append(np.concatenate([threshold, np.full(leaves, np.nan)]))
        parts["value"].append(np.concatenate([np.zeros(inner), got["leaf_value"]]))
        counts = np.concatenate([got["internal_count"], got["leaf_count"]]) if inner else np.ones(1)
        parts["cover"].append(counts.astype(np.float64))
        offsets.append(at + inner + leaves)
    arrays = {name: np.concatenate(held) for name, held in parts.items()}
    return Trees(**arrays, offsets=np.asarray(offsets, dtype=np.int64), base=0.0, link=link, encode=encode)


_READ = frozenset(
    ("split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value", "leaf_count", "internal_count")
)  # fmt: skip
