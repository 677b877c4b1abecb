"""LightGBM's text files: answered by LightGBM itself, the trees read from the text."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.model_columns import text_of, unseen
from connectors.model_formats.category_splits import Tree, places, threshold_trees
from connectors.model_parts import Encoding, Floats, Part, Trees
from connectors.sandbox_child import Refused

if TYPE_CHECKING:
    import pyarrow as pa

_CATEGORY, _DEFAULT_LEFT, _AS_ZERO, _AS_MISSING = 1, 2, 1, 2
_LOGIT = {"binary", "cross_entropy"}
_IDENTITY = {"regression", "regression_l1", "regression_l2", "huber", "fair", "quantile", "mape", "l2", "l1", "custom", "none"}


def prepare() -> None:
    """Import what reads the file, while that is still allowed."""
    import pyarrow  # noqa: F401

    importlib.import_module("lightgbm")


def load(content: bytes | bytearray, _settings: Mapping[str, Any]) -> LightGBMModel:
    """The model of a text file.

    Raises
    ------
    Refused
        It is no such file, or not all of it.
    """
    text = _text(content)
    lightgbm = importlib.import_module("lightgbm")
    try:
        return LightGBMModel(text)
    except (lightgbm.basic.LightGBMError, ValueError, KeyError, IndexError) as error:
        raise Refused(f"LightGBM cannot read the file, which may be damaged ({' '.join(str(error).split())[:160]})") from None


def read_trees(text: str) -> Trees | None:
    """The trees of a model text alone, without LightGBM; None where they are no trees of numbers and thresholds."""
    file = _File(text)
    return file.trees()


def read_encoding(text: str) -> Encoding:
    """How columns become the numbers that this model's own library is asked with."""
    return _File(text).encoding(None)


def _text(content: bytes | bytearray) -> str:
    if not bytes(content[:5]).startswith(b"tree"):
        raise Refused("this is not a text file of LightGBM, which starts with the line tree")
    try:
        return bytes(content).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("this is not a text file of LightGBM (it is not UTF-8)") from None


class LightGBMModel:
    """One booster, and what its text says of it."""

    def __init__(self, text: str) -> None:
        lightgbm = importlib.import_module("lightgbm")
        self._file = _File(text)
        self._file.check()
        self._booster = lightgbm.Booster(model_str=text)
        self._encoding = self._file.encoding(None)
        count = self._file.classes
        labels = ["0", "1"] if self._file.objective in _LOGIT else [str(i) for i in range(count)] if count > 1 else []
        self.about: dict[str, Any] = {
            "inputs": self._file.names if not self._file.unnamed else [], "count": len(self._file.names), "classes": labels,
            "outputs": count, "notes": [],
        }  # fmt: skip

    def predict(self, rows: pa.Table) -> tuple[Floats, dict[str, list[str]]]:
        """See `Opened`."""
        new = {}
        for part in self._encoding.parts:
            if part.levels is not None:
                name = rows.column_names[part.input]
                new[name] = unseen(rows.column(part.input), part)[0]
        matrix = self._encoding.matrix(rows.rename_columns(list(self._encoding.inputs)))
        return np.asarray(self._booster.predict(matrix)), new

    def parts(self) -> Trees | None:
        """See `Opened`."""
        return self._file.trees()


class _File:
    def __init__(self, text: str) -> None:
        head, *blocks = re.split(r"^Tree=\d+$", text, flags=re.MULTILINE)
        self.head = _pairs(head)
        self.blocks = [_pairs(block.split("\nend of trees", 1)[0]) for block in blocks]
        self.whole = "\nend of trees" in text and len(self.blocks) == len(self.head.get("tree_sizes", "").split())
        self.names = self.head.get("feature_names", "").split()
        self.unnamed = all(name == f"Column_{i}" for i, name in enumerate(self.names))
        self.classes = int(self.head.get("num_class", "1"))
        words = self.head.get("objective", "none").split()
        self.objective = words[0] if words else "none"
        self.said = dict(word.split(":", 1) for word in words[1:] if ":" in word)
        self.averaged = "average_output" in head.splitlines()
        found = re.search(r"^pandas_categorical:(.*)$", text, flags=re.MULTILINE)
        self.lists: list[list[object]] = (json.loads(found.group(1)) or []) if found else []
        infos = self.head.get("feature_infos", "").split()
        self.infos = infos if len(infos) == len(self.names) else ["none"] * len(self.names)

    def check(self) -> None:
        if not self.names or "max_feature_idx" not in self.head:
            raise Refused("this is not a text file of LightGBM: it names no features")
        if not self.whole:
            raise Refused("the file ends before its last tree does; it is not all there")

    def named(self) -> dict[int, list[str]]:
        """Feature -> its levels in the order of their codes, of columns that were categories in the table the model was trained on."""
        if not self.lists:
            return {}
        held = [_codes(info) for info in self.infos]
        sizes = [len(levels) for levels in self.lists]
        sure = _assigned(sizes, [None if codes is None else max(codes, default=-1) + 1 for codes in held])
        if sure is None:
            raise Refused("the file has lists of levels and does not say of which columns; give it category columns only, or codes only")
        return {i: [str(text_of(level)) for level in levels] for i, levels in zip(sure, self.lists, strict=True)}

    def encoding(self, order: Mapping[int, Mapping[int, int]] | None) -> Encoding:
        """As LightGBM is asked, or with the codes of categories in the places of `order`."""
        named = self.named()
        parts = []
        for i, info in enumerate(self.infos):
            line = None if order is None else order.get(i)
            if i in named:
                table = [(float(code if line is None else line[code]),) for code in range(len(named[i]))]
                parts.append(Part(input=i, levels=tuple(named[i]), table=tuple(table), unseen=(np.nan,), missing=(np.nan,)))
            elif line is not None:
                levels = tuple(str(code) for code in line)
                table = [(float(place),) for place in line.values()]
                parts.append(Part(input=i, levels=levels, table=tuple(table), unseen=(np.nan,), missing=(np.nan,)))
            else:
                parts.append(Part(input=i, steps=(("whole", 0.0),) if _codes(info) else ()))
        return Encoding(inputs=tuple(self.names), parts=tuple(parts))

    def trees(self) -> Trees | None:
        per = int(self.head.get("num_tree_per_iteration", "1"))
        link_known = self.objective in _LOGIT or (self.objective in _IDENTITY and "sqrt" not in self.head.get("objective", ""))
        if per != 1 or not link_known or not self.whole or any(block.get("is_linear", "0") != "0" for block in self.blocks):
            return None
        read = [_tree(block) for block in self.blocks]
        trees = [tree for tree in read if tree is not None]
        if len(trees) != len(read):
            return None
        named = self.named()
        codes = {i: sorted(_codes(info) or ()) for i, info in enumerate(self.infos)}
        order = places(trees, {i: range(len(named[i])) if i in named else held for i, held in codes.items() if held or i in named})
        nodes = threshold_trees(trees, order)
        if nodes is None:
            return None
        scale = float(self.said.get("sigmoid", "1")) / (len(trees) if self.averaged and trees else 1)
        arrays: dict[str, Any] = nodes.arrays()
        arrays["value"] = arrays["value"] * scale
        return Trees(**arrays, base=0.0, link="logit" if self.objective in _LOGIT else "identity", encode=self.encoding(order))


def _codes(info: str) -> set[int] | None:
    """The codes that a categorical feature had in training; None of a numeric one. A constant one may have been either."""
    if info.startswith("["):
        return None
    return set() if info == "none" else {int(code) for code in info.split(":") if int(code) >= 0}


def _assigned(sizes: Sequence[int], codes: Sequence[int | None]) -> list[int] | None:
    """The features that lists of so many levels belong to, in order; all levels seen in training is the better fit, and it must be one."""
    for exact in (True, False):
        found: list[list[int]] = [[]]
        for place, size in enumerate(sizes):
            found = [
                [*before, i]
                for before in found
                for i, most in enumerate(codes)
                if most is not None and (most == size if exact and most else most <= size) and i > (before[-1] if before else -1)
                and len(codes) - i >= len(sizes) - place
            ][:10_000]  # fmt: skip
        full = [each for each in found if all(codes[i] for i in each)]
        for chosen in (full, found):
            if len(chosen) == 1:
                return chosen[0]
    return None


def _pairs(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _tree(block: Mapping[str, str]) -> Tree | None:
    """One tree with its inner nodes first and its leaves behind them; None where a rule of it has no threshold."""
    leaves = int(block["num_leaves"])
    values = _floats(block, "leaf_value")
    if leaves == 1:
        no, cover = [-1], _floats(block, "leaf_count") or [1.0]
        return Tree(left=no, right=no, default=no, feature=no, threshold=[np.nan], value=values, cover=cover)
    inner = leaves - 1
    left, right = ([c if c >= 0 else inner + ~c for c in _whole(block, name)] for name in ("left_child", "right_child"))
    kinds, thresholds = _whole(block, "decision_type"), _floats(block, "threshold")
    sets: dict[int, frozenset[int]] = {}
    default = []
    bounds, words = _whole(block, "cat_boundaries"), _whole(block, "cat_threshold")
    for i, kind in enumerate(kinds):
        missing = (kind >> 2) & 3
        if kind & _CATEGORY:
            at = int(thresholds[i])
            held = words[bounds[at] : bounds[at + 1]]
            sets[i] = frozenset(32 * w + bit for w, word in enumerate(held) for bit in range(32) if word >> bit & 1)
            default.append(right[i])
            continue
        as_zero = left[i] if thresholds[i] >= 0 else right[i]
        declared = left[i] if kind & _DEFAULT_LEFT else right[i]
        if missing == _AS_ZERO and declared != as_zero:
            return None  # zero goes where no threshold sends it
        default.append(declared if missing == _AS_MISSING else as_zero)
    nothing = [-1] * leaves
    return Tree(
        left=left + nothing, right=right + nothing, default=default + nothing, feature=_whole(block, "split_feature") + nothing,
        threshold=[np.nan if i in sets else t for i, t in enumerate(thresholds)] + [np.nan] * leaves, value=[0.0] * inner + values,
        cover=_floats(block, "internal_count") + _floats(block, "leaf_count"), sets=sets,
    )  # fmt: skip


def _floats(block: Mapping[str, str], name: str) -> list[float]:
    return [float(word) for word in block.get(name, "").split()]


def _whole(block: Mapping[str, str], name: str) -> list[int]:
    return [int(word) for word in block.get(name, "").split()]
