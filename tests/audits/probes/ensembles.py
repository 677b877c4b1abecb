"""Small ensembles for tests of attributions: from a LightGBM dump, and by hand."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from connectors.model_parts import Encoding, Part, Trees


def encoding(names: list[str], owner: list[int] | None = None) -> Encoding:
    """Describe one number a column; columns of one owner are levels of one input."""
    if owner is None:
        return Encoding(inputs=tuple(names), parts=tuple(Part(input=i) for i in range(len(names))))
    parts = tuple(Part(input=i, labels=tuple(f"={k}" for k in range(owner.count(i)))) for i in sorted(set(owner)))
    return Encoding(inputs=tuple(names), parts=parts)


def of_booster(booster: Any) -> Trees:
    """Read a LightGBM booster's dump, node by node."""
    dump = booster.dump_model()
    parts: dict[str, list[Any]] = {k: [] for k in ("left", "right", "default", "feature", "threshold", "value", "cover")}
    offsets = [0]

    def walk(node: dict[str, Any]) -> int:
        here = len(parts["left"])
        for name, empty in zip(parts, (-1, -1, -1, -1, np.nan, 0.0, 0.0), strict=True):
            parts[name].append(empty)
        if "leaf_value" in node:
            parts["value"][here], parts["cover"][here] = node["leaf_value"], node.get("leaf_count", 1)
            return here
        parts["feature"][here], parts["threshold"][here] = node["split_feature"], node["threshold"]
        parts["cover"][here] = node["internal_count"]
        parts["left"][here] = walk(node["left_child"])
        parts["right"][here] = walk(node["right_child"])
        parts["default"][here] = parts["left" if node["default_left"] else "right"][here]
        return here

    for tree in dump["tree_info"]:
        walk(tree["tree_structure"])
        offsets.append(len(parts["left"]))
    return made(parts, offsets, encoding(dump["feature_names"]))


def made(parts: dict[str, Any], offsets: list[int], encode: Encoding, **given: Any) -> Trees:
    """Put arrays into their types."""
    whole = {name: np.asarray(parts[name], dtype=np.int64) for name in ("left", "right", "default", "feature")}
    numbers = {name: np.asarray(parts[name], dtype=np.float64) for name in ("threshold", "value", "cover")}
    return Trees(
        **whole, **numbers, offsets=np.asarray(offsets, dtype=np.int64), encode=encode, **({"base": 0.0, "link": "logit"} | given)
    )


def by_hand(**given: Any) -> Trees:
    """Make two trees over columns a0 a1 (of input a), b, c: splits on both columns of a on one path, on c twice, missing either way."""
    parts = {
        "left": [1, 3, -1, -1, 5, -1, -1, 8, 10, -1, -1, -1],
        "right": [2, 4, -1, -1, 6, -1, -1, 9, 11, -1, -1, -1],
        "default": [1, 4, -1, -1, 5, -1, -1, 9, 10, -1, -1, -1],
        "feature": [0, 2, -1, -1, 1, -1, -1, 3, 3, -1, -1, -1],
        "threshold": [0.5, 1.0, np.nan, np.nan, 0.5, np.nan, np.nan, 2.0, 1.0, np.nan, np.nan, np.nan],
        "value": [0, 0, 3.0, -1.0, 0, 2.0, 7.0, 0, 0, -4.0, 1.5, 0.25],
        "cover": [10, 7, 3, 4, 3, 2, 1, 10, 6, 4, 1, 5],
    }
    return made(parts, [0, 7, 12], encoding(["a", "b", "c"], [0, 0, 1, 2]), **({"base": 0.5} | given))


def enumerated(margin: Any, row: Any, background: Any, owner: list[int]) -> Any:
    """List Shapley values by all orders of the inputs, columns of one input together, averaged over the background."""
    inputs = sorted(set(owner))
    total = np.zeros(len(inputs))
    orders = list(permutations(inputs))
    for order in orders:
        mixed, before = background.copy(), margin(background).mean()
        for i in order:
            mixed[:, [k for k, o in enumerate(owner) if o == i]] = row[[k for k, o in enumerate(owner) if o == i]]
            now = margin(mixed).mean()
            total[i] += now - before
            before = now
    return total / len(orders)
