"""Figures of worlds between the reference and a window: what a metric would be if only some of what changed had changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.probes.drop_rows import Rows

FOLDS = 3
MOST_LEVELS = 60
TREES = {"num_leaves": 15, "learning_rate": 0.08, "min_data_in_leaf": 40, "lambda_l2": 5.0, "feature_fraction": 0.9, "max_cat_to_onehot": 8}
ROUNDS = 80
CLIPPED = 0.002
"""Share of the largest density ratios that are cut to the next largest: a handful of rows must not speak for all."""

Texts = NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Design:
    """Covariates of both periods as one matrix: categories as codes of their levels, the most frequent first; missing is NaN."""

    names: tuple[str, ...]
    categorical: tuple[int, ...]
    before: Floats
    now: Floats


def design(before: Rows, now: Rows, *, without: Sequence[str] = ()) -> Design:
    """The covariates of the reference and of the window, in the same columns."""
    names = [name for name in (*before.numeric, *before.categorical) if name not in without]
    left, right, categorical = [], [], []
    for place, name in enumerate(names):
        if name in before.numeric:
            left.append(before.numeric[name])
            right.append(now.numeric[name])
            continue
        categorical.append(place)
        rank = _ranks(before.categorical[name])
        left.append(_coded(before.categorical[name], rank))
        right.append(_coded(now.categorical[name], rank))
    empty = np.zeros((len(before), 0)), np.zeros((len(now), 0))
    return Design(
        names=tuple(names), categorical=tuple(categorical), before=np.column_stack(left) if left else empty[0],
        now=np.column_stack(right) if right else empty[1],
    )  # fmt: skip


def _ranks(values: Texts) -> dict[str, float]:
    """The levels of the reference by frequency; what is rarer or new shares one code after them."""
    levels = [level for level, _ in Counter(value for value in values.tolist() if value is not None).most_common(MOST_LEVELS)]
    return {level: float(place) for place, level in enumerate(levels)}


def _coded(values: Texts, rank: Mapping[str, float]) -> Floats:
    return np.asarray([np.nan if value is None else rank.get(value, float(MOST_LEVELS)) for value in values.tolist()], dtype=np.float64)


def fitted(x: Floats, y: Floats, categorical: Sequence[int], *, weight: Floats | None = None, binary: bool, seed: int) -> Any:
    """Boosted trees, small and the same on every run."""
    import lightgbm

    data = lightgbm.Dataset(x, label=y, weight=weight, categorical_feature=list(categorical), free_raw_data=True)
    least = min(int(TREES["min_data_in_leaf"]), max(len(y) // 20, 5))
    options = {
        **TREES, "min_data_in_leaf": least, "objective": "binary" if binary else "regression", "verbosity": -1, "num_threads": 1,
        "seed": seed, "deterministic": True, "force_row_wise": True,
    }  # fmt: skip
    return lightgbm.train(options, data, num_boost_round=ROUNDS)


def out_of_fold(
    x: Floats, y: Floats, fold: Integers, categorical: Sequence[int], *, weight: Floats | None = None, binary: bool, seed: int
) -> tuple[Floats, list[Any]]:
    """The prediction for each row of a model that has not seen it, and the models by fold."""
    found, models = np.zeros(len(y)), []
    for k in range(FOLDS):
        inside = fold == k
        w = None if weight is None else weight[~inside]
        models.append(fitted(x[~inside], y[~inside], categorical, weight=w, binary=binary, seed=seed))
        if inside.any():
            found[inside] = models[-1].predict(x[inside])
    return found, models


def mean_of(models: Sequence[Any], x: Floats) -> Floats:
    """The mean prediction of several models for rows that none has seen."""
    return np.asarray(np.mean([model.predict(x) for model in models], axis=0), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How much likelier the covariates of a row are in the window than in the reference.

    Parameters
    ----------
    before, now
        By row of the reference and of the window, means 1 under the reference (and 1/ratio under the window).
    auc
        How well the periods are told apart, out of fold.
    """

    before: Floats
    now: Floats
    auc: float

    @property
    def effective(self) -> tuple[float, float]:
        """Rows of the reference, and of the window, that the reweighted ones are worth (Kish)."""
        return effective_size(self.before), effective_size(1 / self.now)


def effective_size(weight: Floats) -> float:
    """(Σ w)² / Σ w².

    Source: L. Kish (1965), Survey Sampling.

    >>> effective_size(np.array([1.0, 1.0, 0.0]))
    2.0
    """
    return float(weight.sum() ** 2 / max((weight**2).sum(), 1e-300))


def density_ratio(x: Design, fold: Integers, *, weights: tuple[Floats, Floats], seed: int) -> Ratio:
    """p(x | window) / p(x | reference) from a classifier that tells the two apart, each row by one that has not seen it.

    `fold` is that of each row, the reference's first; `weights` are what rows of the two periods count.

    Source: S. Bickel, M. Brückner and T. Scheffer (2009), Journal of Machine Learning Research 10, 2137-2155.
    """
    n, m = len(x.before), len(x.now)
    if not x.names:
        return Ratio(before=np.ones(n), now=np.ones(m), auc=0.5)
    both, label = np.concatenate([x.before, x.now]), np.concatenate([np.zeros(n), np.ones(m)])
    w = np.concatenate([part * len(part) / part.sum() for part in weights])
    chance, _ = out_of_fold(both, label, fold, x.categorical, weight=w, binary=True, seed=seed)
    chance = np.clip(chance, 1e-4, 1 - 1e-4)
    odds = chance / (1 - chance) * n / m
    before, now = _clipped(odds[:n]), 1 / _clipped(1 / odds[n:])
    return Ratio(before=before / before.mean(), now=now, auc=float(weighted_auc(chance, label, w[None])[0]))


def _clipped(values: Floats) -> Floats:
    return np.minimum(values, np.quantile(values, 1 - CLIPPED))


def weighted_auc(score: Floats, positive: Floats, weight: Floats) -> Floats:
    """Area under the ROC curve by weights [replicate, row], ties counting half; NaN where one kind weighs nothing.

    >>> weighted_auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([0.0, 0, 1, 1]), np.ones((1, 4)))
    array([0.875])
    """
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    up = np.add.reduceat(weight[:, order] * positive[order], starts, axis=1)
    down = np.add.reduceat(weight[:, order] * (1 - positive[order]), starts, axis=1)
    below = np.cumsum(down, axis=1) - down / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((up * below).sum(axis=1) / (up.sum(axis=1) * down.sum(axis=1)))
