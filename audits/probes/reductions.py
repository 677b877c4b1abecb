"""Models retrained under a fairness constraint, out of fold: fairlearn's exponentiated gradient on logged features.

It counts how held-out rows of each group are decided by today's decisions and by each model; the audits `reductions_frontier` and
`less_discriminatory_alternatives` judge from these counts.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes import retrain
from audits.probes.retrain import Flags, Training
from audits.tradeoffs.labels import ENOUGH
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

STRENGTHS = (0.01, 0.05)
"""Largest difference that the constraint allows while training."""

ITERATIONS = 8
"""Steps of the exponentiated gradient; its optional linear programmes after each step are left out, which halves the time."""

CONSTRAINTS = ("demographic_parity", "equalized_odds")


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = retrain.ROWS, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Retrain on at most `rows` labelled rows; the body to keep as `Evidence.probes["reductions"]`.

    The learner is a logistic regression on the logged features, with false positives and false negatives weighted so that without a
    constraint it would make as many rows positive as today's decisions do. The groups are used while training, not when deciding. A body
    without attributes has a `reason`.
    """
    started = time.monotonic()
    train = retrain.training(warehouse, model, evidence, rows=rows)
    if not isinstance(train, Training):
        progress(f"{model.name}: no reductions: {train['reason']}")
        return train
    used, available = train.receipt["rows_used"], train.receipt["rows_available"]
    progress(f"{model.name}: retraining under constraints on {used:,} of {available:,} labelled rows, {retrain.FOLDS} folds")
    scores = retrain.held_out(train, retrain.logistic)
    plain = retrain.at_same_share(scores, train.baseline)
    cut = float(np.clip(scores[plain > 0].min() if plain.any() else 0.5, 0.02, 0.98))
    attributes = {}
    for attribute in model.attributes:
        if attribute not in evidence.attributes:
            continue
        ways: list[dict[str, Any]] = [{"kind": "retrained", "description": "logistic regression without constraint", "dropped": []}]
        decisions = [plain]
        for constraint in CONSTRAINTS:
            for strength in STRENGTHS:
                progress(f"{model.name}: {constraint} by {attribute}, strength {strength:g}")
                chances = constrained(train, attribute, constraint, strength, cut)
                if chances is not None:
                    words = f"logistic regression under {constraint.replace('_', ' ')} by {attribute}, gap at most {strength:g}"
                    ways.append({"kind": "reduction", "description": words, "dropped": [], "constraint": constraint, "strength": strength})
                    decisions.append(chances)
        attributes[attribute] = retrain.part(train, evidence, attribute, ways, decisions)
    body = retrain.finished(train, started, "logistic regression", attributes)
    progress(f"{model.name}: retrained under constraints on {used:,} of {available:,} labelled rows in {body['seconds']:.0f} s")
    return body


def constrained(train: Training, attribute: str, constraint: str, strength: float, cut: float) -> Floats | None:
    """The chance of a positive decision for each row, from models fitted on the other folds; None where no two groups have enough rows."""
    from fairlearn.reductions import DemographicParity, EqualizedOdds, ErrorRate, ExponentiatedGradient
    from threadpoolctl import threadpool_limits

    moment = {"demographic_parity": DemographicParity, "equalized_odds": EqualizedOdds}[constraint]
    design, group = train.design(), train.groups[attribute]
    found = np.zeros(len(design))
    for fold in range(retrain.FOLDS):
        inside = train.fold == fold
        used = ~inside & _usable(train, attribute, ~inside)
        if len(np.unique(group[used])) < 2:
            return None
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")  # pandas and convergence notices of a search over weights
            fitted = ExponentiatedGradient(
                retrain.logistic(), moment(difference_bound=strength), objective=ErrorRate(costs={"fp": cut, "fn": 1 - cut}),
                eps=strength, max_iter=ITERATIONS, run_linprog_step=False,
            )  # fmt: skip
            fitted.fit(design[used], train.outcome[used], sensitive_features=group[used])
            used_models = [(weight, fitted.predictors_[i]) for i, weight in fitted.weights_.items() if weight > 0]
            found[inside] = np.sum([weight * one.predict(design[inside]) for weight, one in used_models], axis=0)
    return np.clip(found, 0.0, 1.0)


def _usable(train: Training, attribute: str, rows: Flags) -> Flags:
    """Rows of known groups that have `ENOUGH` of these rows, with both outcomes."""
    group = train.groups[attribute]
    kept = np.zeros(len(group), dtype=np.bool_)
    for place in np.unique(group[rows & (group >= 0)]).tolist():
        inside = group == place
        outcomes = train.outcome[inside & rows]
        if len(outcomes) >= ENOUGH and 0 < outcomes.sum() < len(outcomes):
            kept |= inside
    return kept
