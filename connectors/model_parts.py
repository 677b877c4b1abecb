"""What a model is made of, where it is not opaque: its trees or its coefficients, and how logged columns become their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Link = Literal["logit", "identity"]
_ROWS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How one input becomes one or several numeric columns.

    Parameters
    ----------
    input
        Position among the model's inputs.
    labels
        One per numeric column: "" for the input itself, "=north" for a level of it.
    steps
        Of a number: what is done to it, in this order: (fill, v) for missing, (missing, 0) tells whether it is missing,
        (subtract | add | multiply | divide, v), (least | most, v) to keep it within, (whole, 0) to cut its decimals off, (single, 0)
        to round it to single precision.
    levels, table, unseen, missing
        Of a category: row i of `table` is what `levels[i]` becomes; a level that is not there becomes `unseen`, nothing becomes `missing`.
        None: the model refuses such a row.
    """

    input: int
    labels: tuple[str, ...] = ("",)
    steps: tuple[tuple[str, float], ...] = ()
    levels: tuple[str, ...] | None = None
    table: tuple[tuple[float, ...], ...] = ()
    unseen: tuple[float, ...] | None = None
    missing: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How logged columns become the numeric columns that trees and coefficients speak of.

    Parameters
    ----------
    inputs
        The model's inputs under the log's names.
    parts
        In the order of the numeric columns; inputs that the model does not use have none.
    single
        The model reads its numbers with single precision, and so do we.
    """

    inputs: tuple[str, ...]
    parts: tuple[Part, ...]
    single: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Of the numeric columns: "income", "region=north"."""
        return tuple(self.inputs[part.input] + label for part in self.parts for label in part.labels)

    def owner(self) -> Integers:
        """[numeric column]: the position in `inputs` that it is made of."""
        return np.asarray([part.input for part in self.parts for _ in part.labels], dtype=np.int64)

    def matrix(self, rows: pa.Table) -> Floats:
        """[row, numeric column] of the inputs in `rows`, found by name; NaN where missing, and in a row that the model refuses.

        Raises
        ------
        ModelError
            A column is not there, or holds texts where the model takes numbers.
        """
        from connectors.model_columns import encoded

        return encoded(rows, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """A sum of trees whose every split is a number and a threshold; flat arrays over all nodes of all trees.

    Parameters
    ----------
    left, right
        [node] Position of the children in the same arrays, always behind their parent; -1 in a leaf.
    default
        [node] The child where a missing value goes; -1 in a leaf.
    feature, threshold
        [node] Numeric column, and what it is compared with: left where x <= threshold, or x < threshold where `strict`; -1, NaN in a leaf.
    value
        [node] Of a leaf, in units of the sum; 0 elsewhere.
    cover
        [node] Training weight that came through; 0 everywhere where the file does not say it (ONNX).
    offsets
        [tree + 1] Where each tree starts: its first node is its root.
    base, link
        The sum of `base` and one leaf a tree is the answer ("identity") or its log-odds ("logit").
    """

    left: Integers
    right: Integers
    default: Integers
    feature: Integers
    threshold: Floats
    value: Floats
    cover: Floats
    offsets: Integers
    base: float
    link: Link
    encode: Encoding
    strict: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Of the numeric columns."""
        return self.encode.names

    def margin(self, matrix: Floats) -> Floats:
        """[row] The sum before the link, of rows of `matrix` [row, numeric column]."""
        out = np.empty(len(matrix))
        roots = self.offsets[:-1]
        step = max(1, _ROWS // max(1, len(roots)))
        for start in range(0, len(matrix), step):
            block = matrix[start : start + step]
            out[start : start + step] = self.base + self.value[self._leaves(block, roots)].sum(axis=1)
        return out

    def _leaves(self, block: Floats, roots: Integers) -> Integers:
        at = np.broadcast_to(roots, (len(block), len(roots))).copy()
        row = np.arange(len(block))[:, None]
        while True:
            inner = self.left[at] >= 0
            if not inner.any():
                return at
            x = block[row, np.maximum(self.feature[at], 0)]
            goes = x < self.threshold[at] if self.strict else x <= self.threshold[at]
            down = np.where(np.isnan(x), self.default[at], np.where(goes, self.left[at], self.right[at]))
            at = np.where(inner, down, at)

    def answer(self, matrix: Floats) -> Floats:
        """[row] What the model answers for rows of `matrix`."""
        return linked(self.margin(matrix), self.link)

    def turned(self) -> Trees:
        """The same for the other of two classes."""
        base = -self.base if self.link == "logit" else 1.0 - self.base
        return replace(self, value=-self.value, base=base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A weighted sum: `intercept` + the sum of `coefficients` [numeric column] times the numbers, then the link as in `Trees`."""

    coefficients: Floats
    intercept: float
    link: Link
    encode: Encoding

    @property
    def names(self) -> tuple[str, ...]:
        """Of the numeric columns."""
        return self.encode.names

    def margin(self, matrix: Floats) -> Floats:
        """[row] The sum before the link."""
        sums: Floats = matrix @ self.coefficients + self.intercept
        return sums

    def answer(self, matrix: Floats) -> Floats:
        """[row] What the model answers for rows of `matrix`."""
        return linked(self.margin(matrix), self.link)

    def turned(self) -> Linear:
        """The same for the other of two classes."""
        intercept = -self.intercept if self.link == "logit" else 1.0 - self.intercept
        return replace(self, coefficients=-self.coefficients, intercept=intercept)


def linked(margin: Floats, link: Link) -> Floats:
    """The answer that belongs to a sum."""
    if link == "identity":
        return margin
    from scipy.special import expit

    return np.asarray(expit(margin), dtype=np.float64)


def sound(trees: Trees) -> bool:
    """Whether the arrays fit each other, so that no walk through them leaves them or goes in circles."""
    nodes, columns = len(trees.left), len(trees.names)
    own = np.arange(nodes)
    arrays = (trees.right, trees.default, trees.feature, trees.threshold, trees.value, trees.cover)
    if any(len(a) != nodes for a in arrays) or nodes == 0:
        return False
    starts = trees.offsets
    if starts[0] != 0 or starts[-1] != nodes or (np.diff(starts) < 1).any():
        return False
    end = np.repeat(starts[1:], np.diff(starts))
    inner = trees.left >= 0
    children = np.stack([trees.left, trees.right])[:, inner]
    behind = (children > own[inner]).all() and (children < end[inner]).all()
    default = trees.default[inner]
    chosen = ((default == children[0]) | (default == children[1])).all()
    columns_fit = ((trees.feature[inner] >= 0) & (trees.feature[inner] < columns)).all()
    finite = np.isfinite(trees.value).all() and np.isfinite(trees.cover).all() and not np.isnan(trees.threshold[inner]).any()
    return bool(behind and chosen and columns_fit and finite and (trees.right[~inner] < 0).all())


def described(encode: Encoding) -> Mapping[str, Any]:
    """An encoding as JSON."""
    return {
        "inputs": list(encode.inputs), "single": encode.single,
        "parts": [
            {
                "input": p.input, "labels": p.labels, "steps": p.steps, "levels": p.levels, "table": p.table,
                "unseen": p.unseen, "missing": p.missing,
            }
            for p in encode.parts
        ],
    }  # fmt: skip


def read_encoding(said: Mapping[str, Any]) -> Encoding:
    """The encoding that `described` wrote."""
    return Encoding(inputs=tuple(said["inputs"]), single=bool(said["single"]), parts=tuple(_part(p) for p in said["parts"]))


def _part(said: Mapping[str, Any]) -> Part:
    def row(values: Any) -> tuple[float, ...] | None:
        return None if values is None else tuple(float(v) for v in values)

    return Part(
        input=int(said["input"]), labels=tuple(str(label) for label in said["labels"]),
        steps=tuple((str(name), float(value)) for name, value in said["steps"]),
        levels=None if said["levels"] is None else tuple(str(level) for level in said["levels"]),
        table=tuple(tuple(float(v) for v in line) for line in said["table"]), unseen=row(said["unseen"]), missing=row(said["missing"]),
    )  # fmt: skip
