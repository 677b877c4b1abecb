"""Models retrained on logged rows, out of fold: what the searches for alternatives share.

Rows are a budget, chosen by a digest of their keys. Every row is decided by a model that never saw it. Protected attributes are features
of these models only where the configuration declares them as features.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.interval import share
from audits.probes.rows import Sampled, sampled
from audits.tradeoffs.group_histograms import histograms
from audits.tradeoffs.labels import refusal
from audits.tradeoffs.thresholds import Thresholds
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

FOLDS = 3
ROWS = 20_000
LEVELS = 20
"""Levels of a categorical feature that are told apart."""

FEWEST = 300
"""Labelled rows below which nothing is retrained."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Training:
    """Rows to retrain on.

    Parameters
    ----------
    names
        Features, in the order of `matrices`.
    matrices
        One design matrix a feature: standardised numbers with a flag for missing ones, or one column a level.
    outcome, baseline
        Whether the outcome, and today's decision, is the positive value.
    fold
        0 to `FOLDS` - 1; rows of one unit share theirs.
    groups
        By attribute: positions in `Evidence.known_groups(attribute)`, -1 for unknown ones.
    """

    names: tuple[str, ...]
    matrices: tuple[Floats, ...]
    outcome: Integers
    baseline: Integers
    fold: Integers
    groups: dict[str, Integers]
    receipt: dict[str, Any]

    def design(self, dropped: Sequence[str] = ()) -> Floats:
        """The design matrix without some features."""
        return np.concatenate([m for name, m in zip(self.names, self.matrices, strict=True) if name not in dropped], axis=1)


def training(warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int) -> Training | dict[str, Any]:
    """Read the rows; a probe's body with a `reason` where nothing can be retrained on them."""
    why = _refused(model, evidence)
    found = sampled(warehouse, model, evidence, rows=rows if why is None else 0, labelled=True)
    receipt = found.receipt(evidence)
    if why is None and not found.numeric and not found.categorical:
        why = "the log has no features"
    baseline = _baseline(evidence, found) if why is None else np.zeros(0, dtype=np.int64)
    same = evidence.counts.same
    kept = np.flatnonzero((baseline >= 0) & (found.outcome >= 0)) if why is None else baseline
    outcome = found.outcome[kept] if same else 1 - found.outcome[kept]
    if why is None and (len(kept) < FEWEST or min(outcome.sum(), (1 - outcome).sum()) < FOLDS * 10):
        why = f"{len(kept):,} labelled rows with a decision are too few to retrain on"
    if why is not None:
        return {**receipt, "rows_used": len(kept), "seconds": 0.0, "reason": why, "attributes": {}}
    matrices = {name: _numeric(values[kept]) for name, values in found.numeric.items()}
    matrices |= {name: _levels(values[kept]) for name, values in found.categorical.items()}
    matrices = {name: matrix for name, matrix in matrices.items() if matrix.shape[1]}
    fold = (np.arange(len(found)) if found.unit is None else found.unit) % FOLDS
    declared = [name for name in matrices if name in model.attributes]
    return Training(
        names=tuple(matrices), matrices=tuple(matrices.values()), outcome=outcome, baseline=baseline[kept],
        fold=fold[kept], groups={name: _groups(evidence, name, found)[kept] for name in evidence.attributes},
        receipt={
            **receipt, "rows_used": len(kept), "folds": FOLDS, "features": list(matrices), "protected_features": declared,
            "protected_note": "protected attributes are features of these models only where the configuration declares them as features",
        },
    )  # fmt: skip


def _refused(model: ModelConfig, evidence: Evidence) -> str | None:
    """Why no model is retrained, whatever the rows."""
    if model.task != "binary":
        return f"models are retrained for binary tasks, and this one is {model.task}"
    if not evidence.attributes:
        return "the configuration names no protected attribute that the log has"
    if model.columns.outcome is None:
        return "the configuration maps no outcome column"
    return "no prediction carries a numeric score" if evidence.bins.score_bins is None else refusal(evidence)


def _baseline(evidence: Evidence, found: Sampled) -> Integers:
    """Today's decisions, 1 positive and -1 unknown: those logged, else those of the threshold of highest accuracy."""
    same = evidence.counts.same
    if evidence.counts.decided[0, 0, 0]:
        return found.decision if same else np.where(found.decision < 0, -1, 1 - found.decision).astype(np.int64)
    thresholds = Thresholds(of=histograms(evidence)[0])
    place = thresholds.best(share(thresholds.together.correct, thresholds.together.n))
    assert place is not None
    return np.where(np.isnan(found.score), -1, found.score >= thresholds.values[place]).astype(np.int64)


def _groups(evidence: Evidence, attribute: str, found: Sampled) -> Integers:
    """The place of each row's group among the known ones."""
    place = np.full(len(found), -1, dtype=np.int64)
    for i, position in enumerate(evidence.known_groups(attribute).tolist()):
        levels = evidence.slices[position].levels
        inside = np.ones(len(found), dtype=np.bool_)
        for name, level in levels:
            inside &= found.levels[name] == level
        place[inside] = i
    return place


def _numeric(values: Floats) -> Floats:
    """A standardised column, missing values at the median, and a flag for them where there are any."""
    missing = ~np.isfinite(values)
    if missing.all():
        return np.zeros((len(values), 0))
    filled = np.where(missing, np.median(values[~missing]), values)
    low, high = np.quantile(filled, [0.005, 0.995])
    clipped = np.clip(filled, low, high) if high > low else filled  # one wild value would flatten all others
    spread = clipped.std()
    column = (clipped - clipped.mean()) / spread if spread > 0 else np.zeros(len(values))
    return np.stack([column, missing], axis=1).astype(np.float64) if missing.any() else column[:, None]


def _levels(values: NDArray[np.object_]) -> Floats:
    """One column for each of the most frequent levels; missing is a level."""
    texts = np.asarray(["\0" if value is None else str(value) for value in values.tolist()])
    names, code, counts = np.unique(texts, return_inverse=True, return_counts=True)
    kept = np.argsort(-counts, kind="stable")[:LEVELS]
    return (code[:, None] == kept).astype(np.float64) if len(names) > 1 else np.zeros((len(values), 0))


def held_out(train: Training, learner: Callable[[], Any], dropped: Sequence[str] = ()) -> Floats:
    """The probability of the positive outcome for every row, from a model fitted on the other folds."""
    from threadpoolctl import threadpool_limits

    design = train.design(dropped)
    found = np.zeros(len(design))
    with threadpool_limits(1):  # on a busy machine threads wait for each other longer than they work
        for fold in range(FOLDS):
            inside = train.fold == fold
            fitted = learner().fit(design[~inside], train.outcome[~inside])
            found[inside] = fitted.predict_proba(design[inside])[:, 1]
    return found


def at_same_share(scores: Floats, baseline: Integers) -> Floats:
    """Decisions by score that make as many rows positive as the baseline does; ties go by the order of rows."""
    order = np.argsort(-scores, kind="stable")
    found = np.zeros(len(scores))
    found[order[: int(baseline.sum())]] = 1.0
    return found


def counted(train: Training, attribute: str, groups: int, decisions: Sequence[Floats], against: Integers) -> list[Any]:
    """Rows by [group, way, outcome, decision held against, way's decision], expected ones where a decision is a probability."""
    group = train.groups[attribute]
    inside = group >= 0
    cell = ((group * 2 + train.outcome) * 2 + against)[inside]
    found = np.zeros((groups, len(decisions), 2, 2, 2))
    every = np.bincount(cell, minlength=groups * 4)
    for way, chance in enumerate(decisions):
        up = np.bincount(cell, weights=chance[inside], minlength=groups * 4)
        found[:, way] = np.stack([every - up, up], axis=-1).reshape(groups, 2, 2, 2)
    listed: list[Any] = np.round(found, 6).tolist()
    return listed


def part(
    train: Training, evidence: Evidence, attribute: str, ways: Sequence[dict[str, Any]], decisions: Sequence[Floats]
) -> dict[str, Any]:
    """What a probe keeps about one attribute; the first way is the learner retrained without any change.

    Every way is counted against today's decisions, and against that first way: a model retrained on a budget of rows may be worse than
    the one in use for want of rows alone, and what a change costs is told by the same learner with and without it.
    """
    slices = [dict(evidence.slices[int(i)].levels) for i in evidence.known_groups(attribute)]
    return {
        "slices": slices, "ways": list(ways), "against_today": counted(train, attribute, len(slices), decisions, train.baseline),
        "against_unchanged": counted(train, attribute, len(slices), decisions, decisions[0].astype(np.int64)),
    }  # fmt: skip


def finished(train: Training, started: float, learner: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """A probe's body."""
    return {
        **train.receipt, "learner": learner, "seconds": round(time.monotonic() - started, 1), "reason": "", "attributes": attributes
    }  # fmt: skip


def boosting() -> Any:
    """A gradient-boosted classifier, small and deterministic."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=0)


def logistic() -> Any:
    """A logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(solver="newton-cholesky", max_iter=50)


def tree() -> Any:
    """A tree that a person can read."""
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=5, min_samples_leaf=50, random_state=0)
