"""How well all features together predict a protected attribute: boosted trees, every row predicted by trees that have not seen it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.interval import mover, share, wilson
from audits.performance.roc_auc import delong, interval
from audits.probes.rows import Sampled
from audits.slices import OTHER, UNKNOWN

MOST_ROWS = 20_000
"""More rows would take minutes and change the figures little."""

FOLDS = 3
MOST_LEVELS = 60
BINS = 20
LEAST = 200
"""Rows of known groups, at least."""

FEW = 30
"""Groups smaller than this are left out."""


def predicted_groups(rows: Sampled, attributes: Sequence[str]) -> dict[str, Any]:
    """Figures for each attribute, or {"reason": ...}."""
    matrix, categorical = inputs(rows)
    return {name: _predicted(rows, name, matrix, categorical) for name in attributes}


def inputs(rows: Sampled) -> tuple[Floats, list[bool]]:
    """Features as a matrix, texts as codes by frequency (beyond the 60 most frequent one code), and which columns are codes."""
    columns: list[Floats] = list(rows.numeric.values())
    for texts in rows.categorical.values():
        held, n = np.unique(np.asarray([text for text in texts if text is not None], dtype=str), return_counts=True)
        order = {str(held[i]): code for code, i in enumerate(np.lexsort([held, -n])[:MOST_LEVELS])}
        columns.append(np.asarray([np.nan if text is None else order.get(text, MOST_LEVELS) for text in texts], dtype=np.float64))
    flags = [False] * len(rows.numeric) + [True] * len(rows.categorical)
    return np.column_stack(columns) if columns else np.zeros((len(rows), 0)), flags


def _predicted(rows: Sampled, name: str, matrix: Floats, categorical: list[bool]) -> dict[str, Any]:
    texts = rows.levels[name]
    held, n = np.unique(np.asarray(texts.tolist(), dtype=str), return_counts=True)
    levels = [str(level) for level, size in zip(held, n, strict=True) if level not in (UNKNOWN, OTHER) and size >= FEW]
    known = np.isin(np.asarray(texts.tolist(), dtype=str), levels)
    if not matrix.shape[1]:
        return {"reason": "the log has no feature"}
    if len(levels) < 2:
        return {"reason": f"fewer than two known groups have {FEW} rows"}
    if known.sum() < LEAST:
        return {"reason": f"needs {LEAST} rows of known groups, and has {int(known.sum())}"}
    truth = np.searchsorted(np.asarray(levels), np.asarray(texts[known].tolist(), dtype=str)).astype(np.int64)
    unit = np.arange(len(truth)) if rows.unit is None else rows.unit[known]
    if rows.unit is not None and min(len(np.unique(unit[truth == k])) for k in range(len(levels))) < FOLDS:
        return {"reason": f"a group has fewer than {FOLDS} units, so that none can be held out"}
    chances = out_of_fold(matrix[known], truth, unit, categorical)
    return figures(truth, chances, levels) | {
        "rows": int(known.sum()),
        "folds": FOLDS,
        "left_out": [str(x) for x in held if x not in levels],
    }


def out_of_fold(matrix: Floats, truth: Integers, unit: Integers, categorical: list[bool]) -> Floats:
    """The chance of each group for each row, by trees that saw neither the row nor any other of its unit; groups weigh alike."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
    from threadpoolctl import threadpool_limits

    chances = np.zeros((len(truth), int(truth.max()) + 1))
    if len(np.unique(unit)) == len(unit):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(matrix, truth)
    else:
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(matrix, truth, unit)
    for train, test in folds:
        trees = HistGradientBoostingClassifier(
            max_iter=50, max_leaf_nodes=15, learning_rate=0.15, min_samples_leaf=20, l2_regularization=1.0, class_weight="balanced",
            categorical_features=categorical, early_stopping=False, random_state=0,
        )  # fmt: skip
        with threadpool_limits(1, user_api="openmp"):  # on a busy machine threads wait for each other longer than they work
            trees.fit(matrix[train], truth[train])
            chances[np.ix_(test, trees.classes_)] = trees.predict_proba(matrix[test])
    return chances


def figures(truth: Integers, chances: Floats, levels: Sequence[str]) -> dict[str, Any]:
    """Balanced accuracy, recall by group, AUC of two groups, and the contingency table of groups by prediction in at most 20 bins."""
    size = len(levels)
    said = np.argmax(chances, axis=1)
    n = np.bincount(truth, minlength=size).astype(np.float64)
    hits = np.bincount(truth[said == truth], minlength=size).astype(np.float64)
    recall, ends = share(hits, n), wilson(hits, n)
    low, high = mover(list(recall), [(ends[0][k], ends[1][k]) for k in range(size)], [1 / size] * size)
    found: dict[str, Any] = {
        "levels": list(levels), "balanced_accuracy": float(recall.mean()), "balanced_accuracy_low": float(low),
        "balanced_accuracy_high": float(high), "chance": 1 / size, "recall": dict(zip(levels, recall.tolist(), strict=True)),
    }  # fmt: skip
    if size == 2:
        place = binned(chances[:, 1], BINS)
        table = np.stack([np.bincount(place[truth == k], minlength=BINS) for k in (0, 1)])
        spots = np.unique(chances[:, 1], return_inverse=True)[1]
        fine = [np.bincount(spots[truth == k], minlength=int(spots.max()) + 1)[None, :].astype(np.float64) for k in (1, 0)]
        value, variance = delong(fine[0], fine[1])
        below, above, _ = interval(value, variance, fine[0].sum(axis=1), fine[1].sum(axis=1))
        found |= {"auc": float(value[0]), "auc_low": float(below[0]), "auc_high": float(above[0])}
    else:
        parts = max(BINS // size, 1)
        place = np.zeros(len(truth), dtype=np.int64)
        for k in range(size):
            mine = said == k
            place[mine] = k * parts + binned(chances[mine, k], parts)
        table = np.stack([np.bincount(place[truth == k], minlength=size * parts) for k in range(size)])
    return found | {"table": table.tolist()}


def binned(x: Floats, parts: int) -> Integers:
    """Places 0 to parts - 1 of values by their rank, equal values together."""
    if not len(x):
        return np.zeros(0, dtype=np.int64)
    edges = np.unique(np.quantile(x, np.arange(1, parts) / parts)) if parts > 1 else np.zeros(0)
    return np.searchsorted(edges, x, side="right").astype(np.int64)
