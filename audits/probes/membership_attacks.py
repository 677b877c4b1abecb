"""Telling training rows from served ones by what a model says of them, and how much of that is no membership but drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers

Flags = NDArray[np.bool_]
ATTACKS = ("loss", "confidence", "likelihood")
FOLDS = 3
TREES = 60
STEPS = 20
LEAST = 100
"""Rows of either side, at least; of the training rows after weighting."""
SMALLEST = 1e-6
FURTHEST = 20.0
"""The largest weight, as a multiple of the average one."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Training rows and served rows together.

    Parameters
    ----------
    member
        Which rows are training rows.
    numbers
        The features as [row, number], and last the outcome.
    outcome
        The place of the outcome among the classes; of a regression the number.
    fold
        By row; rows of one unit share it.
    """

    member: Flags
    numbers: Floats
    outcome: Floats
    fold: Integers

    def where(self, kept: Flags) -> Sides:
        """Some of the rows."""
        return Sides(member=self.member[kept], numbers=self.numbers[kept], outcome=self.outcome[kept], fold=self.fold[kept])


@dataclass(frozen=True, kw_only=True)
class Area:
    """An area under the ROC curve with its standard error."""

    value: float
    error: float

    def to_json(self) -> dict[str, float]:
        """With its interval at 95 %."""
        return {"value": self.value, "low": max(self.value - 1.96 * self.error, 0.0), "high": min(self.value + 1.96 * self.error, 1.0)}


def area(score: Floats, member: Flags, weight: Floats) -> Area:
    """The chance that a training row's score is above a served row's, ties half, training rows weighted; with DeLong's standard error.

    The variance is that of the two sides' placements, each row's share of the other side that it beats, weighted as the rows are
    (E. DeLong, D. DeLong and D. Clarke-Pearson, 1988, Biometrics 44); weights are taken as given.

    >>> found = area(np.asarray([3.0, 2.0, 1.0, 2.0]), np.asarray([True, True, False, False]), np.ones(4))
    >>> found.value, round(found.error, 4)
    (0.875, 0.1768)
    """
    mine, theirs, w = score[member], score[~member], weight[member]
    w = w / w.sum()
    ordered = np.sort(theirs)
    beaten = (np.searchsorted(ordered, mine, side="left") + np.searchsorted(ordered, mine, side="right")) / (2 * len(theirs))
    value = float(w @ beaten)
    order = np.argsort(mine, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(w[order])])
    below, upto = (total[np.searchsorted(mine[order], theirs, side=side)] for side in ("left", "right"))
    losing = 1 - (below + upto) / 2
    effective = 1 / float((w**2).sum())
    first = float((w**2) @ (beaten - value) ** 2) * effective / max(effective - 1, 1)
    second = float(losing.var(ddof=1)) / len(theirs) if len(theirs) > 1 else 0.0
    return Area(value=value, error=float(np.sqrt(first + second)))


def attacks(sides: Sides, chance: Floats | None, error: Floats | None, *, seed: int) -> dict[str, Floats]:
    """By attack, a score by row: the larger, the likelier a training row.

    Parameters
    ----------
    chance
        [row, class] what the model gives each class, or None of a regression.
    error
        [row] the absolute error of a regression, or None.

    "loss": minus the loss of the true outcome. "confidence": the largest chance given to any class, for which no outcome is needed.
    "likelihood": how much surer of the true outcome the model is than of served rows like this one: its log-odds less their mean given
    features and outcome, over their spread, both learned from served rows that had no part in it.
    """
    if chance is None:
        assert error is not None
        sure = -np.log(np.maximum(error, SMALLEST))
        return {"loss": -error, "likelihood": _beyond(sides, sure, seed=seed)}
    true = np.clip(chance[np.arange(len(chance)), sides.outcome.astype(np.int64)], SMALLEST, 1 - SMALLEST)
    sure = np.log(true) - np.log1p(-true)
    return {"loss": np.log(true), "confidence": chance.max(axis=1), "likelihood": _beyond(sides, sure, seed=seed)}


def _beyond(sides: Sides, sure: Floats, *, seed: int) -> Floats:
    """How far each row lies above served rows like it, in their spread; each row is held against trees that its fold had no part in."""
    found = np.full(len(sure), np.nan)
    for number in range(FOLDS):
        learn, ask = ~sides.member & (sides.fold != number), sides.fold == number
        mean = _trees(sides.numbers[learn], sure[learn], {"objective": "regression"}, seed=seed)
        usual = mean(sides.numbers)
        left = sure - usual
        held = ~sides.member & ask  # the spread is that of rows which the trees have not seen either
        edges = np.unique(np.quantile(usual[held], np.arange(1, STEPS) / STEPS)) if held.any() else np.zeros(0)
        step = np.searchsorted(edges, usual, side="right")
        n = np.bincount(step[held], minlength=len(edges) + 1)
        squares = np.bincount(step[held], weights=left[held] ** 2, minlength=len(edges) + 1)
        spread = np.sqrt((squares + 10 * float((left[held] ** 2).mean())) / (n + 10)) if held.any() else np.ones(len(edges) + 1)
        found[ask] = (left / np.maximum(spread[step], 1e-9))[ask]
    return found


def weights(sides: Sides, *, seed: int) -> tuple[Floats, Area]:
    """Weights that make training rows look like served ones, 1 for served rows; and how well features and outcome tell the two apart.

    The odds of being served, out of fold: importance weights (H. Shimodaira, 2000, Journal of Statistical Planning and Inference 90).
    """
    odds = np.ones(len(sides.member))
    served = (~sides.member).astype(np.float64)
    told = np.full(len(served), np.nan)
    for number in range(FOLDS):
        learn = sides.fold != number
        told[~learn] = _trees(sides.numbers[learn], served[learn], {"objective": "binary"}, seed=seed)(sides.numbers[~learn])
    likely = np.clip(told, 0.01, 0.99)
    odds = likely / (1 - likely)
    mine = odds[sides.member] / odds[sides.member].mean()
    weight = np.ones(len(served))
    weight[sides.member] = np.minimum(mine, FURTHEST)
    apart = area(told, ~sides.member, np.ones(len(served)))
    return weight, apart


def unseen(sides: Sides, classes: int, *, seed: int) -> tuple[Floats, Flags]:
    """What a model says that has seen none of the rows asked about, as [row, class] or [row, 1]; and which rows it was trained on.

    It learns features to outcomes from half of the training rows. What tells the other half from served rows by its answers is drift: the
    world has moved on since training, or other people come.
    """
    draw = np.random.default_rng(seed)
    spent = sides.member & (draw.random(len(sides.member)) < 0.5)
    x = sides.numbers[:, :-1]
    if classes == 0:
        return _trees(x[spent], sides.outcome[spent], {"objective": "regression"}, seed=seed)(x)[:, None], spent
    if classes == 2:
        likely = _trees(x[spent], sides.outcome[spent], {"objective": "binary"}, seed=seed)(x)
        return np.stack([1 - likely, likely], axis=1), spent
    return _trees(x[spent], sides.outcome[spent], {"objective": "multiclass", "num_class": classes}, seed=seed)(x), spent


def _trees(x: Floats, y: Floats, options: Mapping[str, Any], *, seed: int) -> Any:
    import lightgbm

    given = {
        "num_leaves": 15, "learning_rate": 0.08, "min_data_in_leaf": 30, "seed": seed % 2**31, "deterministic": True,
        "force_row_wise": True, "num_threads": 1, "verbosity": -1, **options,
    }  # fmt: skip
    data = lightgbm.Dataset(x, y, params={"feature_pre_filter": False, "verbosity": -1})
    booster = lightgbm.train(given, data, num_boost_round=TREES)
    return lambda rows: np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)
