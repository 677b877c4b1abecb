"""Graphs that are one sum of trees or columns behind casts, scalers and one-hot encoders, as such; every other graph stays opaque."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from connectors.model_formats.category_splits import Tree, threshold_trees
from connectors.model_formats.protobuf import Graph, Node
from connectors.model_formats.sklearn_steps import Column
from connectors.model_parts import Encoding, Linear, Link, Part, Trees

_PASSING = ("Cast", "Identity", "CastLike")
_BEHIND = ("ZipMap", "Normalizer", "Cast", "Identity", "ArgMax", "Reshape", "ArrayFeatureExtractor")
_ENDS = ("TreeEnsembleClassifier", "TreeEnsembleRegressor", "LinearClassifier", "LinearRegressor")


class _Opaque(Exception):
    pass


def labels_of(graph: Graph) -> list[str]:
    """The labels of the classes, where a node says them."""
    for node in graph.nodes:
        for name in ("classlabels_int64s", "classlabels_strings", "classlabels_ints"):
            held = node.attributes.get(name)
            if isinstance(held, list) and held:
                return [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in held]
    return []


def read_parts(graph: Graph, given: Mapping[str, Sequence[int]], inputs: Sequence[str]) -> Trees | Linear | None:
    """The trees or coefficients of a graph whose inputs hold the columns `given`; whether they answer alike is for the caller to see."""
    try:
        return _read(graph, given, tuple(inputs))
    except (_Opaque, KeyError, TypeError, ValueError, IndexError):
        return None


def _read(graph: Graph, given: Mapping[str, Sequence[int]], inputs: tuple[str, ...]) -> Trees | Linear:
    ends = [node for node in graph.nodes if node.kind in _ENDS]
    if len(ends) != 1:
        raise _Opaque
    end = ends[0]
    known = {name: [Column(input=i) for i in columns] for name, columns in given.items()}
    behind = set(end.outputs)
    for node in graph.nodes:
        if node is end:
            continue
        if behind & set(node.inputs):
            if node.kind not in _BEHIND:
                raise _Opaque
            behind |= set(node.outputs)
            continue
        columns = [known[name] for name in node.inputs if name in known]
        constants = [graph.constants[name] for name in node.inputs if name in graph.constants]
        if columns and len(columns) + len(constants) == len(node.inputs):
            known[node.outputs[0]] = _passed(node, columns, constants)
    reached = [replace(c, part=_single(c.part or Part(input=c.input))) for c in known[end.inputs[0]]]
    encode = Encoding(inputs=inputs, parts=tuple(c.part for c in reached if c.part is not None), single=True)
    return _linear(end, encode) if end.kind.startswith("Linear") else _trees(end, encode)


def _passed(node: Node, given: list[list[Column]], constants: list[list[int]]) -> list[Column]:
    attributes: dict[str, Any] = dict(node.attributes)
    columns = given[0]
    if node.kind in ("ArrayFeatureExtractor", "Gather") and len(constants) == 1 and attributes.get("axis", 1) == 1:
        return [columns[at] for at in constants[0]]
    if node.kind == "Reshape" and columns[0].part is not None and columns[0].part.levels is not None:
        return columns  # of a one-hot encoder, which answers with one dimension more
    if constants:
        raise _Opaque
    if node.kind in _PASSING:
        return columns
    if node.kind in ("Concat", "FeatureVectorizer"):
        return [column for each in given for column in each]
    if node.kind == "Scaler":
        offset, scale = (_spread(attributes[name], len(columns)) for name in ("offset", "scale"))
        return [
            column.stepped(("single", 0.0), ("subtract", o), ("single", 0.0), ("multiply", s), ("single", 0.0))
            for column, o, s in zip(columns, offset, scale, strict=True)
        ]
    if node.kind == "Imputer" and np.isnan(attributes.get("replaced_value_float", np.nan)):
        values = _spread(attributes["imputed_value_floats"], len(columns))
        return [column.stepped(("fill", value)) for column, value in zip(columns, values, strict=True)]
    if node.kind == "OneHotEncoder" and len(columns) == 1 and attributes.get("zeros", 1) == 1 and columns[0].part is None:
        held = attributes.get("cats_strings") or attributes.get("cats_int64s") or []
        levels = tuple(each.decode("utf-8") if isinstance(each, bytes) else str(each) for each in held)
        return [
            Column(
                input=columns[0].input,
                part=Part(
                    input=columns[0].input, labels=(f"={level}",), levels=levels, table=tuple((float(i == j),) for i in range(len(levels))),
                    unseen=(0.0,), missing=(float(level == ""),),
                ),
            )
            for j, level in enumerate(levels)
        ]  # fmt: skip
    raise _Opaque


def _spread(values: Sequence[float], count: int) -> list[float]:
    return [float(v) for v in values] * (count if len(values) == 1 else 1)


def _single(part: Part) -> Part:
    return part if part.levels is not None else replace(part, steps=(*part.steps, ("single", 0.0)))


def _linear(end: Node, encode: Encoding) -> Linear:
    attributes: dict[str, Any] = dict(end.attributes)
    many = len(encode.names)
    coefficients = np.asarray(attributes["coefficients"], dtype=np.float64).reshape(-1, many)
    intercepts = np.asarray(attributes.get("intercepts", [0.0]), dtype=np.float64)
    if len(coefficients) > 2 or (end.kind == "LinearRegressor" and len(coefficients) != 1):
        raise _Opaque
    link = _link(attributes)
    return Linear(coefficients=coefficients[-1], intercept=float(intercepts[-1]), link=link, encode=encode)


def _link(attributes: Mapping[str, Any]) -> Link:
    after = attributes.get("post_transform", b"NONE")
    if after not in (b"NONE", b"LOGISTIC"):
        raise _Opaque
    return "logit" if after == b"LOGISTIC" else "identity"


def _trees(end: Node, encode: Encoding) -> Trees:
    held: dict[str, Any] = dict(end.attributes)
    classifier = end.kind == "TreeEnsembleClassifier"
    kind = "class" if classifier else "target"
    ids = np.asarray(held["nodes_nodeids"], dtype=np.int64)
    tree_of = np.asarray(held["nodes_treeids"], dtype=np.int64)
    at = {(int(t), int(n)): i for i, (t, n) in enumerate(zip(tree_of, ids, strict=True))}
    wanted = _class(held, classifier)
    value = np.zeros(len(ids))
    for tree, node, which, weight in zip(*(held[f"{kind}_{name}"] for name in ("treeids", "nodeids", "ids", "weights")), strict=True):
        if which == wanted:
            value[at[tree, node]] += weight
    if held.get("aggregate_function", b"SUM") == b"AVERAGE":
        value /= len(set(tree_of.tolist()))
    elif held.get("aggregate_function", b"SUM") != b"SUM":
        raise _Opaque
    base = held.get("base_values", [0.0])
    trees = [_tree(held, np.flatnonzero(tree_of == tree), at, int(tree), value) for tree in dict.fromkeys(tree_of.tolist())]
    nodes = threshold_trees(trees, {})
    if nodes is None:
        raise _Opaque
    arrays: dict[str, Any] = nodes.arrays()
    return Trees(**arrays, base=float(base[-1]), link=_link(held), encode=encode)


def _class(held: Mapping[str, Any], classifier: bool) -> int:
    """Which weights are the last class's: where there is one number for two classes, there is just one id."""
    which = sorted(set(held["class_ids" if classifier else "target_ids"]))
    if len(which) > 2:
        raise _Opaque
    return int(which[-1])


def _tree(held: Mapping[str, Any], own: Any, at: Mapping[tuple[int, int], int], tree: int, value: Any) -> Tree:
    place = {int(node): i for i, node in enumerate(own)}
    tracks = held.get("nodes_missing_value_tracks_true") or [0] * len(value)
    rates = held.get("nodes_hitrates") or []
    told = len(set(rates)) > 1
    left, right, default, threshold = [], [], [], []
    for node in own:
        mode = held["nodes_modes"][node]
        if mode == b"LEAF":
            left.append(-1)
            right.append(-1)
            default.append(-1)
            threshold.append(np.nan)
            continue
        yes, no = (place[at[tree, int(held[name][node])]] for name in ("nodes_truenodeids", "nodes_falsenodeids"))
        limit = np.float32(held["nodes_values"][node])
        below = float(np.nextafter(limit, np.float32(-np.inf)))  # numbers are single: x < limit and x <= below are the same
        if mode not in (b"BRANCH_LEQ", b"BRANCH_LT", b"BRANCH_GTE", b"BRANCH_GT"):
            raise _Opaque
        default.append(yes if tracks[node] else no)
        turned = mode in (b"BRANCH_GTE", b"BRANCH_GT")
        left.append(no if turned else yes)
        right.append(yes if turned else no)
        threshold.append(float(limit) if mode in (b"BRANCH_LEQ", b"BRANCH_GT") else below)
    return Tree(
        left=left, right=right, default=default, feature=[int(held["nodes_featureids"][node]) for node in own], threshold=threshold,
        value=value[own].tolist(), cover=[float(rates[node]) if told else 0.0 for node in own],
    )  # fmt: skip
