"""The trees and coefficients of scikit-learn's own estimators, on the columns that reach them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from connectors.model_formats.category_splits import Tree, threshold_trees
from connectors.model_formats.sklearn_steps import Opaque
from connectors.model_parts import Encoding, Linear, Link, Part, Trees
from connectors.sandbox_child import Refused

_FORESTS = ("RandomForest", "ExtraTrees", "DecisionTree", "ExtraTree")
_LINEAR = (
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "LassoLars", "ElasticNet", "ElasticNetCV", "SGDRegressor", "BayesianRidge",
    "ARDRegression", "HuberRegressor", "TheilSenRegressor", "QuantileRegressor", "Lars", "LinearSVR",
)  # fmt: skip
_IDENTITY = ("squared_error", "absolute_error", "huber", "quantile")


def read_parts(estimator: Any, inputs: Sequence[str], parts: tuple[Part, ...]) -> Trees | Linear:
    """What `estimator` is made of.

    Raises
    ------
    Opaque
        It is none of those that are a sum of trees or of columns, or answers several classes.
    """
    name = type(estimator).__name__
    if len(getattr(estimator, "classes_", (0, 1))) != 2 or not type(estimator).__module__.startswith("sklearn."):
        raise Opaque("several classes")
    if name in ("LogisticRegression", "LogisticRegressionCV") or (name == "SGDClassifier" and estimator.loss == "log_loss"):
        return _linear(estimator, Encoding(inputs=tuple(inputs), parts=parts), "logit")
    if name in _LINEAR:
        return _linear(estimator, Encoding(inputs=tuple(inputs), parts=parts), "identity")
    if name.startswith("HistGradientBoosting"):
        return _histogram(estimator, Encoding(inputs=tuple(inputs), parts=parts))
    single = Encoding(inputs=tuple(inputs), parts=parts, single=True)
    if name.startswith("GradientBoosting"):
        return _boosted(estimator, single)
    if name.startswith(_FORESTS):
        return _forest(estimator, single)
    raise Opaque(name)


def _linear(estimator: Any, encode: Encoding, link: Link) -> Linear:
    coefficients = np.asarray(estimator.coef_, dtype=np.float64).reshape(-1)
    intercept = np.asarray(estimator.intercept_, dtype=np.float64).reshape(-1)
    if len(coefficients) != len(encode.names) or len(intercept) != 1:
        raise Opaque("several outputs")
    return Linear(coefficients=coefficients, intercept=float(intercept[0]), link=link, encode=encode)


def _forest(estimator: Any, encode: Encoding) -> Trees:
    members = list(getattr(estimator, "estimators_", [estimator]))
    if estimator.n_outputs_ != 1:
        raise Opaque("several outputs")
    classifier = hasattr(estimator, "classes_")
    trees = []
    for member in members:
        held = np.asarray(member.tree_.value, dtype=np.float64)[:, 0, :]
        values = held[:, 1] / held.sum(axis=1) if classifier else held[:, 0]
        trees.append(_tree(member.tree_, values / len(members)))
    return _joined(trees, 0.0, "identity", encode)


def _boosted(estimator: Any, encode: Encoding) -> Trees:
    zero = estimator.init_ == "zero"
    if not zero and type(estimator.init_).__name__ not in ("DummyClassifier", "DummyRegressor"):
        raise Opaque("a first model of one's own")
    row = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    base = float(np.asarray(estimator._raw_predict_init(row)).reshape(-1)[0])
    scale = float(estimator.learning_rate)
    link: Link = "identity"
    if hasattr(estimator, "classes_"):
        link, twice = "logit", 2.0 if estimator.loss == "exponential" else 1.0
        base, scale = base * twice, scale * twice
    trees = [_tree(member.tree_, member.tree_.value[:, 0, 0] * scale) for member in estimator.estimators_[:, 0]]
    return _joined(trees, base, link, encode)


def _tree(tree: Any, values: Any) -> Tree:
    left, right = tree.children_left.tolist(), tree.children_right.tolist()
    goes_left = np.asarray(getattr(tree, "missing_go_to_left", np.zeros(len(left))), dtype=bool)
    return Tree(
        left=left, right=right, default=[a if g else b for a, b, g in zip(left, right, goes_left, strict=True)],
        feature=tree.feature.tolist(), threshold=tree.threshold.tolist(), value=np.asarray(values).tolist(),
        cover=tree.weighted_n_node_samples.tolist(),
    )  # fmt: skip


def _histogram(estimator: Any, encode: Encoding) -> Trees:
    loss = estimator.loss
    link: Link = "logit" if loss == "log_loss" else "identity"
    if loss != "log_loss" and loss not in _IDENTITY:
        raise Opaque(loss)
    trees = [_histogram_tree(each[0]) for each in estimator._predictors]
    return _joined(trees, float(np.asarray(estimator._baseline_prediction).reshape(-1)[0]), link, encode)


def _histogram_tree(predictor: Any) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    left = np.where(leaf, -1, nodes["left"].astype(np.int64))
    right = np.where(leaf, -1, nodes["right"].astype(np.int64))
    sets = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf):
        words = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
        sets[int(node)] = frozenset(32 * w + bit for w, word in enumerate(words) for bit in range(32) if int(word) >> bit & 1)
    return Tree(
        left=left.tolist(), right=right.tolist(), default=np.where(nodes["missing_go_to_left"].astype(bool), left, right).tolist(),
        feature=nodes["feature_idx"].tolist(), threshold=nodes["num_threshold"].tolist(), sets=sets,
        value=np.where(leaf, nodes["value"], 0.0).tolist(), cover=nodes["count"].astype(float).tolist(),
    )  # fmt: skip


def _joined(trees: Sequence[Tree], base: float, link: Link, encode: Encoding) -> Trees:
    nodes = threshold_trees(trees, {})
    if nodes is None:
        raise Opaque("too many thresholds")
    arrays: dict[str, Any] = nodes.arrays()
    return Trees(**arrays, base=base, link=link, encode=encode)


def refuse_unsound(model: Any) -> None:
    """Nothing, where every tree in `model` stays within itself: libraries walk them without looking.

    Raises
    ------
    Refused
        One does not.
    """
    for held in _held(model):
        name = type(held).__name__
        if name.startswith("HistGradientBoosting"):
            chosen = [tree.nodes["feature_idx"].max(initial=0) for several in held._predictors for tree in several]
            if max(chosen, default=0) >= held.n_features_in_:
                raise Refused("a tree in the file points out of itself")
        if name == "Tree":
            left, right, feature = held.children_left, held.children_right, held.feature
            inner, most, columns = left != -1, held.node_count, held.n_features
        elif name == "TreePredictor":
            inner, most = ~held.nodes["is_leaf"].astype(bool), len(held.nodes)
            left, right, feature = (held.nodes[each].astype(np.int64) for each in ("left", "right", "feature_idx"))
            columns = 1 << 31
            sets = held.nodes["is_categorical"].astype(bool) & inner
            if (held.nodes["bitset_idx"][sets] >= len(held.raw_left_cat_bitsets)).any():
                raise Refused("a tree in the file points out of itself")
        else:
            continue
        own = np.arange(most)
        ends = np.stack([left[inner], right[inner]])
        chosen = feature[inner]
        if most < 1 or (ends <= own[inner]).any() or (ends >= most).any() or (chosen < 0).any() or (chosen >= columns).any():
            raise Refused("a tree in the file points out of itself")


def _held(model: Any) -> Iterator[Any]:
    """Every object inside of an estimator, each once."""
    seen: set[int] = set()
    stack = [model]
    while stack:
        each = stack.pop()
        if id(each) in seen or isinstance(each, str | bytes | int | float | bool | type(None)):
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, dict):
            stack += each.values()
        elif isinstance(each, list | tuple | set) or (isinstance(each, np.ndarray) and each.dtype == object):
            stack += list(each.reshape(-1)) if isinstance(each, np.ndarray) else list(each)
        else:
            stack += getattr(each, "__dict__", {}).values()
            if type(each).__name__.startswith(("DecisionTree", "ExtraTree")) and hasattr(each, "tree_"):
                stack.append(each.tree_)
