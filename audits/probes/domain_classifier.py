"""Whether a classifier can tell rows of the window from rows of the reference, out of fold, and by which columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.probes.whole_rows import Sides, spread

FOLDS = 5
LEAST = 100
"""Rows of either side, at least."""


def classified(held: Sides, *, seed: int) -> dict[str, Any]:
    """AUC of boosted trees out of fold, that of a straight line beside it, and which columns give the window away."""
    sizes = (len(held.reference), len(held.window))
    if min(sizes) < LEAST or not held.names:
        held_rows = f"there are {sizes[0]:,} and {sizes[1]:,}"
        return {"reason": f"a classifier needs {LEAST} rows of either side and a column that varies; {held_rows}"}
    x = np.concatenate([held.reference, held.window])
    y = np.concatenate([np.zeros(sizes[0]), np.ones(sizes[1])])
    draw = np.random.default_rng(seed)
    fold = np.concatenate([rows.fold for rows in held.rows]) % FOLDS  # a unit's rows stay together, or trees would know them again
    if any(np.ptp(y[part]) == 0 if part.any() else True for part in (fold == number for number in range(FOLDS))):
        return {"reason": f"too few units to be dealt out over {FOLDS} folds"}
    answers = {name: np.zeros(len(y)) for name in ("lightgbm", "logistic")}
    drops = np.zeros((FOLDS, len(held.names)))
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        fitted = {"lightgbm": _trees(x[train], y[train], seed), "logistic": _line(x[train], y[train])}
        for name, model in fitted.items():
            answers[name][test] = model(x[test])
        drops[number] = _given_away(fitted["lightgbm"], x[test], y[test], held, draw)
    value, error = auc(answers["lightgbm"], y)
    straight, straight_error = auc(answers["logistic"], y)
    half = 1.959964 * error
    order = np.argsort(-drops.mean(axis=0))
    from scipy.special import ndtr

    return {
        "value": value, "low": max(value - half, 0.0), "high": min(value + half, 1.0), "n": sizes[1], "method": "delong",
        "p_value": float(ndtr(-(value - 0.5) / error)) if error > 0 else None, "learner": "lightgbm",
        "logistic": {"value": straight, "low": straight - 1.959964 * straight_error, "high": straight + 1.959964 * straight_error},
        "features": [held.names[i] for i in order], "importance": [float(drops[:, i].mean()) for i in order],
        **{f"importance_{end}": [spread(drops[:, i])[side] for i in order] for side, end in enumerate(("low", "high"))},
    }  # fmt: skip


def _trees(x: Floats, y: Floats, seed: int) -> Any:
    import lightgbm

    options = {
        "objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20, "seed": seed, "deterministic": True,
        "force_row_wise": True, "num_threads": 2, "verbosity": -1, "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1,
    }  # fmt: skip
    model = lightgbm.train(options, lightgbm.Dataset(x, y), num_boost_round=60)
    return lambda rows: np.asarray(model.predict(rows, num_threads=2), dtype=np.float64)


def _line(x: Floats, y: Floats) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=200).fit(x, y)
    return lambda rows: np.asarray(model.decision_function(rows), dtype=np.float64)


def _given_away(model: Any, x: Floats, y: Floats, held: Sides, draw: np.random.Generator) -> Floats:
    """How much AUC on rows it was not trained on is lost when a column's values are dealt out anew."""
    whole = auc(model(x), y)[0]
    lost = np.zeros(len(held.names))
    for place in range(len(held.names)):
        dealt = x.copy()
        own = held.owner == place
        dealt[:, own] = dealt[draw.permutation(len(x))][:, own]
        lost[place] = whole - auc(model(dealt), y)[0]
    return lost


def auc(score: Floats, y: Floats) -> tuple[float, float]:
    """Area under the ROC curve, ties half, and its standard error (DeLong).

    >>> value, error = auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
    >>> round(value, 3), round(error, 3)
    (0.75, 0.354)
    """
    from scipy.stats import rankdata

    ones, zeros = y == 1, y == 0
    n, m = int(ones.sum()), int(zeros.sum())
    ranks = rankdata(score)
    over = (ranks[ones] - rankdata(score[ones])) / m
    under = 1 - (ranks[zeros] - rankdata(score[zeros])) / n
    variance = (over.var(ddof=1) / n if n > 1 else 0.0) + (under.var(ddof=1) / m if m > 1 else 0.0)
    return float(over.mean()), float(np.sqrt(variance))
