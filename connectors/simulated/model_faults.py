"""Faults in what the model is, and changes of the world that no pipeline is to blame for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from connectors.simulated.planting import Scene, changed, known

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from connectors.simulated.planting import Log

OLD_SHARE = 0.3
SHIFT = 0.8  # log-odds
TILT = 0.8  # how strongly rows are chosen by a feature, in standard deviations
FLIPPED = 0.35


def old_model_answers(log: Log, scene: Scene) -> Log:
    """Let `OLD_SHARE` of the rows be answered by the version before the newest, whose scores are blurred."""
    rows = scene.after & (scene.rng.random(len(scene.after)) < OLD_SHARE)
    return _older(log, scene, rows)


def model_not_pushed(log: Log, scene: Scene) -> Log:
    """Let the version before the newest answer everything again."""
    return _older(log, scene, scene.after)


def _older(log: Log, scene: Scene, rows: NDArray[np.bool_]) -> Log:
    name = scene.roles.version or ""
    seen = list(dict.fromkeys(version for version in log[name].tolist() if version is not None))
    found = changed(log, name, rows, np.asarray([seen[-2]], dtype=object))
    score = scene.roles.score
    if score not in log:
        return found
    blurred = _logit(log[score][rows]) + scene.rng.normal(0.0, 0.5, int(rows.sum()))
    return _rescored(found, scene, rows, blurred)


def score_shifted(log: Log, scene: Scene) -> Log:
    """Score with parameters of an earlier training under the same version: log-odds are higher by `SHIFT`."""
    return _rescored(log, scene, scene.after, _logit(log[scene.roles.score or ""][scene.after]) + SHIFT)


def covariate_shift(log: Log, scene: Scene) -> Log:
    """Draw rows again so that large values of a numeric feature are more frequent; what follows from them stays."""
    assert scene.numeric is not None
    values = log[scene.numeric].astype(np.float64)
    spread = np.nanstd(values) or 1.0
    return _drawn(log, scene, np.nan_to_num(TILT * np.clip((values - np.nanmean(values)) / spread, -3, 3)))


def prior_shift(log: Log, scene: Scene) -> Log:
    """Draw rows again so that the rarer outcome is more frequent; among equals of outcome nothing changes."""
    outcome = log[scene.roles.outcome or ""]
    levels, counts = np.unique(outcome[known(outcome)].astype(str), return_counts=True)
    return _drawn(log, scene, np.where(outcome.astype(str) == levels[np.argmin(counts)], 1.2, 0.0))


def concept_drift(log: Log, scene: Scene) -> Log:
    """Turn `FLIPPED` of the outcomes around among the larger half of a numeric feature: the same inputs mean something else."""
    assert scene.numeric is not None
    name, values = scene.roles.outcome or "", log[scene.numeric].astype(np.float64)
    outcome = log[name]
    with np.errstate(invalid="ignore"):
        rows = scene.after & known(outcome) & (values > np.nanmedian(values)) & (scene.rng.random(len(values)) < FLIPPED)
    levels = list(dict.fromkeys(outcome[known(outcome)].tolist()))[:2]
    turned = np.asarray([levels[1] if value == levels[0] else levels[0] for value in outcome[rows].tolist()], dtype=outcome.dtype)
    return changed(log, name, rows, turned)


def _drawn(log: Log, scene: Scene, weight: NDArray[Any]) -> Log:
    """Rows after the fault, each replaced by one drawn among them with a chance of exp(weight); identity and time stay its own."""
    rows = np.flatnonzero(scene.after)
    if not len(rows):
        return log
    chance = np.exp(weight[rows])
    picked = scene.rng.choice(rows, size=len(rows), p=chance / chance.sum())
    roles = scene.roles
    own = {roles.id, roles.time, roles.version}
    found = {name: values if name in own else _put(values, rows, values[picked]) for name, values in log.items()}
    if roles.time in log and roles.outcome_time in log:  # an outcome takes as long as it took
        time, late = (log[name or ""].astype("datetime64[us]") for name in (roles.time, roles.outcome_time))
        moved = _put(late, rows, time[rows] + (late[picked] - time[picked]))
        found[roles.outcome_time or ""] = moved.astype(log[roles.outcome_time or ""].dtype)
    return found


def _put(values: NDArray[Any], rows: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
    found = values.copy()
    found[rows] = new
    return found


def _logit(score: NDArray[Any]) -> NDArray[np.float64]:
    inside = np.clip(score.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))


def _rescored(log: Log, scene: Scene, rows: NDArray[np.bool_], odds: NDArray[np.float64]) -> Log:
    """Other scores, and the decisions that the log's own cut-off makes of them."""
    score, decision = scene.roles.score or "", scene.roles.decision
    before = log[score].astype(np.float64)
    found = changed(log, score, rows, 1 / (1 + np.exp(-odds)))
    if decision not in log:
        return found
    decided = log[decision]
    usable = known(decided) & known(before)
    levels = sorted(set(decided[usable].tolist()), key=lambda level: float(np.mean(before[usable & (decided == level)])))
    if len(levels) != 2:
        return found
    lower, upper = (before[usable & (decided == level)] for level in levels)
    cut = (np.quantile(lower, 0.99) + np.quantile(upper, 0.01)) / 2
    after = np.where(found[score][rows] >= cut, levels[1], levels[0])
    return changed(found, decision, rows & usable, after[usable[rows]])
