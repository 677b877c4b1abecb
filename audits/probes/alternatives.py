"""A search for less discriminatory alternatives among models retrained on logged features: fewer features, other learners.

It counts, for each alternative, how held-out rows of each group are decided by today's decisions and by the alternative; the audit
`less_discriminatory_alternatives` judges from these counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes import retrain
from audits.probes.retrain import Training
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

CANDIDATES, STEPS = 5, 3
"""Features tried at each step, those that speak most of the attribute first, and how many are dropped together at most."""

TOLERATED = 0.01
"""Accuracy that dropping features may cost before the search goes no further that way."""


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = retrain.ROWS, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Search on at most `rows` labelled rows; the body to keep as `Evidence.probes["alternatives"]`.

    The learner is gradient boosting on the logged features. For each attribute the features most associated with it are dropped one at a
    time, then together, the drop that helps most first; a logistic regression and a shallow tree are tried on all features. Each model
    makes as many rows positive as today's decisions do. A body without attributes has a `reason`.
    """
    started = time.monotonic()
    train = retrain.training(warehouse, model, evidence, rows=rows)
    if not isinstance(train, Training):
        progress(f"{model.name}: no search for alternatives: {train['reason']}")
        return train
    used, available = train.receipt["rows_used"], train.receipt["rows_available"]
    progress(f"{model.name}: searching for alternatives on {used:,} of {available:,} labelled rows, {retrain.FOLDS} folds")
    found = Search(train)
    ways: list[dict[str, Any]] = [{"kind": "retrained", "description": "gradient boosting on all features, nothing changed", "dropped": []}]
    decisions = [found.without(())]
    for name, learner in (("logistic regression", retrain.logistic), ("a tree of depth 5", retrain.tree)):
        ways.append({"kind": "other learner", "description": f"{name} on all features", "dropped": []})
        decisions.append(retrain.at_same_share(retrain.held_out(train, learner), train.baseline))
    attributes, together = {}, dict[tuple[str, ...], Floats]()
    for attribute in model.attributes:
        if attribute in evidence.attributes:
            progress(f"{model.name}: alternatives for {attribute}")
            dropped = found.greedy(attribute)
            together |= dropped
            attributes[attribute] = _part(train, evidence, attribute, ways, decisions, dropped)
    together = {names: together[names] for names in {frozenset(names): names for names in together}.values()}
    for attribute in evidence.attributes:
        if attribute not in attributes:  # the intersection: what was found for its parts
            attributes[attribute] = _part(train, evidence, attribute, ways, decisions, together)
    body = retrain.finished(train, started, "gradient boosting", attributes)
    progress(f"{model.name}: searched for alternatives on {used:,} of {available:,} labelled rows in {body['seconds']:.0f} s")
    return body


def _part(
    train: Training, evidence: Evidence, attribute: str, ways: list[dict[str, Any]], decisions: list[Floats],
    dropped: dict[tuple[str, ...], Floats],
) -> dict[str, Any]:  # fmt: skip
    named = [
        {"kind": "without features", "description": f"gradient boosting without {' and '.join(names)}", "dropped": list(names)}
        for names in dropped
    ]
    return retrain.part(train, evidence, attribute, [*ways, *named], [*decisions, *dropped.values()])


class Search:
    """Models without some features, each fitted once."""

    def __init__(self, train: Training) -> None:
        self.train = train
        self._found: dict[frozenset[str], Floats] = {}

    def without(self, dropped: tuple[str, ...]) -> Floats:
        """Held-out decisions of the learner without these features."""
        key = frozenset(dropped)
        if key not in self._found:
            self._found[key] = retrain.at_same_share(retrain.held_out(self.train, retrain.boosting, dropped), self.train.baseline)
        return self._found[key]

    def greedy(self, attribute: str) -> dict[tuple[str, ...], Floats]:
        """Decisions without the features that speak most of an attribute: one at a time, then more of them while accuracy allows."""
        train, found = self.train, dict[tuple[str, ...], Floats]()
        full = float((self.without(()) == train.outcome).mean())
        ranked = by_association(train, attribute)
        dropped: tuple[str, ...] = ()
        for step in range(STEPS):
            left = [name for name in ranked if name not in dropped][: CANDIDATES - step]
            if len(dropped) + 1 >= len(train.names):
                break
            tried = {(*dropped, name): self.without((*dropped, name)) for name in left}
            found |= tried
            fair = {names: gap(train, attribute, way) for names, way in tried.items() if (way == train.outcome).mean() >= full - TOLERATED}
            if not fair:
                break
            dropped = min(fair, key=lambda names: fair[names])
        return found


def gap(train: Training, attribute: str, decisions: Floats) -> float:
    """The largest difference between groups in the share decided positive."""
    group = train.groups[attribute]
    n = np.bincount(group[group >= 0])
    rate = np.bincount(group[group >= 0], weights=decisions[group >= 0])[n >= 30] / n[n >= 30]
    return float(np.ptp(rate)) if len(rate) else 0.0


def by_association(train: Training, attribute: str) -> list[str]:
    """Features by how much they say of the attribute, most first: Cramér's V of the group and the feature in ten bins.

    Source: H. Cramér, Mathematical Methods of Statistics (1946), section 21.9.
    """
    group = train.groups[attribute]
    strength = {name: _association(matrix[group >= 0], group[group >= 0]) for name, matrix in zip(train.names, train.matrices, strict=True)}
    return sorted(strength, key=lambda name: (-strength[name], name))


def _association(matrix: Floats, group: np.ndarray[Any, np.dtype[np.int64]]) -> float:
    if not len(group):
        return 0.0
    first = matrix[:, 0]
    binned = np.searchsorted(np.unique(np.quantile(first, np.linspace(0, 1, 11)[1:-1])), first, side="right")
    code = binned if not set(np.unique(matrix)) <= {0.0, 1.0} else matrix @ np.arange(1, matrix.shape[1] + 1)
    place = np.unique(code, return_inverse=True)[1]
    table = np.zeros((int(place.max()) + 1, int(group.max()) + 1))
    np.add.at(table, (place, group), 1.0)
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    least = min(table.shape) - 1
    return float(np.sqrt(((table - expected) ** 2 / expected).sum() / table.sum() / least)) if least > 0 else 0.0
