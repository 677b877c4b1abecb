"""Membership inference: can an outsider tell from the model's answers who was in the training data?

Training rows are the reference where a source brings it with rows = "reference"; served rows with known outcomes are the others. The two
differ by more than membership, since time has passed: training rows are weighted until they look like served ones, and the same attack on
a model that was trained on other training rows says what drift is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.probes.deciders import in_time
from audits.probes.membership_attacks import ATTACKS, FOLDS, LEAST, Area, Flags, Sides, area, attacks, unseen, weights
from audits.probes.model_rows import ModelRows, read_rows
from audits.probes.row_numbers import scale_of
from audits.probes.scorer import Scorer, scorers
from audits.probes.surrogate import units_of
from audits.probes.surrogate_trees import fold_of
from audits.slices import Slice
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.warehouse import Warehouse

ROWS = 10_000
"""Rows of either side, at most."""
SECONDS = 60.0
"""Shared among releases and sides: of a slow model fewer rows are asked about."""
APART = 0.9
"""Area under the ROC curve of telling training from served rows by their features, above which nothing is said of membership."""
NO_TRAINING = 'the reference is made of served rows; training data is a source with rows = "reference"'
NO_OUTCOMES = "{training:,} training rows and {served:,} served rows have a known outcome and an answer; it takes {least} of either"
NOT_ASKED = "the scores are no probabilities, so the model's sureness of an outcome is not known"
TOO_FAR = (
    "training and served rows are told apart by their features (AUC {value:.2f}, {effective:,.0f} training rows left after weighting), so "
    "what tells them apart by answers may be drift"
)
DRIFTED = "drift is in it: the same attack on a model that was trained on other training rows gets {value:.2f}"


@dataclass(kw_only=True)
class Asked:
    """Training and served rows with one release's answers, [row, class] or [row, 1]."""

    version: str | None
    rows: tuple[ModelRows, ModelRows]
    answers: tuple[Floats, Floats]
    scores: str
    left_out: int = 0
    """Rows of both sides that there was no time to ask about."""


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, seconds: float = SECONDS,
    progress: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Attack every release, or the logged scores where no model is loaded."""
    began = time.perf_counter()
    if evidence.reference.kind != "source":
        return {"reason": NO_TRAINING}
    parts: list[dict[str, Any]] = []
    used = available = training = left_out = 0
    try:
        with asked_of(warehouse, model, evidence, rows, progress, seconds) as several:
            for one in several:
                used, available = used + len(one.rows[1]), available + one.rows[1].available
                left_out += one.left_out
                training = max(training, len(one.rows[0]))
                parts += attacked(one, model, evidence)
                progress(f"{model.name}: membership of {len(one.rows[0]):,} training rows against {len(one.rows[1]):,} served ones")
    except CandorError as error:
        return {"reason": str(error)}
    body: dict[str, Any] = {
        "rows_used": used, "rows_available": available, "reference_rows_used": training, "parts": parts, "topics": list(ATTACKS),
        "seconds": round(time.perf_counter() - began, 2), "deadline": seconds, "left_out": left_out,
    }  # fmt: skip
    return body


@contextmanager
def asked_of(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, rows: int, progress: Callable[[str], None], seconds: float = SECONDS
) -> Iterator[Iterator[Asked]]:
    """The releases' answers about both sides; the logged scores where no model is loaded: a surrogate was trained on other things."""
    unit = (model.columns.unit,) if model.columns.unit is not None else ()
    if model.model is None or model.model.format == "surrogate":
        held = _both(warehouse, model, evidence, rows, None, unit)
        yield iter([Asked(version=None, rows=held, answers=(_wide(held[0].score), _wide(held[1].score)), scores="logged")])
        return
    with scorers(warehouse, model, evidence, progress=progress) as several:
        share = seconds / len(several)
        yield (_of_release(warehouse, model, evidence, rows, unit, scorer, share) for scorer in several)


def _of_release(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, rows: int, unit: tuple[str, ...], scorer: Scorer, seconds: float
) -> Asked:
    """The answers of one release about the first rows of either side, in the order of a digest: as many as half the seconds allow."""
    held = _both(warehouse, model, evidence, rows, scorer.version, (*unit, *scorer.names))
    found = [in_time(scorer.predict, side.table.select(list(scorer.names)), time.monotonic() + seconds / 2) for side in held]
    first, second = (_wide(_in_order(scorer, evidence, each)) for each in found)
    before, now = (side if len(side) == len(each) else side.where(np.arange(len(each))) for side, each in zip(held, found, strict=True))
    left_out = sum(map(len, held)) - sum(map(len, found))
    return Asked(version=scorer.version, rows=(before, now), answers=(first, second), scores="model", left_out=left_out)


def _both(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, rows: int, version: str | None, extra: tuple[str, ...]
) -> tuple[ModelRows, ModelRows]:
    """Training rows, and served rows of a version that are of nobody in them; one of each unit."""
    before = read_rows(warehouse, model, evidence, rows=rows, side="reference", extra=extra)
    now = read_rows(warehouse, model, evidence, rows=rows, version=version, extra=extra)
    known = set(units_of(before, model).tolist()) | set(before.key.tolist())
    whose = units_of(now, model)
    fresh = np.asarray(
        [one not in known and key not in known for one, key in zip(whose.tolist(), now.key.tolist(), strict=True)], dtype=bool
    )
    first = np.zeros(len(now), dtype=np.bool_)
    first[np.unique(now.unit, return_index=True)[1]] = True
    return before, now.where(fresh & first)


def _wide(answers: Floats) -> Floats:
    return answers[:, None] if answers.ndim == 1 else answers


def _in_order(scorer: Scorer, evidence: Evidence, answers: Floats) -> Floats:
    """Answers by class in the log's order of classes; a class that the model does not know has none."""
    if answers.ndim == 1 or not evidence.classes:
        return answers
    missing = np.full(len(answers), np.nan)
    return np.stack([answers[:, scorer.classes.index(c)] if c in scorer.classes else missing for c in evidence.classes], axis=1)


def attacked(asked: Asked, model: ModelConfig, evidence: Evidence) -> list[dict[str, Any]]:
    """The findings of one release: each attack on everybody and on each group that is large enough, or why there is none."""
    outcome, chance, error = _known(asked, model)
    told = chance if chance is not None else error
    kept = np.isfinite(outcome) & (np.isfinite(told).reshape(len(outcome), -1).all(axis=1) if told is not None else False)
    member = np.repeat([True, False], [len(side) for side in asked.rows])
    training, served = int((kept & member).sum()), int((kept & ~member).sum())
    counts: dict[str, Any] = {"training_rows": training, "served_rows": served, "scores": asked.scores}
    head: dict[str, Any] = {"version": asked.version, "slice": Slice.all().to_json()}
    if min(training, served) < LEAST:
        why = NO_OUTCOMES.format(training=training, served=served, least=LEAST)
        return [head | counts | {"attack": name, "reason": why} for name in ATTACKS]
    if chance is not None and (chance[kept].min() < 0 or chance[kept].max() > 1):
        return [head | counts | {"attack": name, "reason": NOT_ASKED} for name in ATTACKS]
    sides = _sides(asked, model, outcome, member).where(kept)
    classes = 0 if chance is None else chance.shape[1]
    weight, apart = weights(sides, seed=evidence.seed)
    mine = weight[sides.member]
    effective = float(mine.sum() ** 2 / (mine**2).sum())
    counts |= {"domain_auc": apart.value, "effective_rows": effective}
    if apart.value > APART or effective < LEAST:
        why = TOO_FAR.format(value=apart.value, effective=effective)
        return [head | counts | {"attack": name, "reason": why} for name in ATTACKS]
    scores = attacks(sides, None if chance is None else chance[kept], None if error is None else error[kept], seed=evidence.seed)
    found = [_part(head | counts, name, score, sides, weight) for name, score in scores.items()]
    controls = control(sides, classes, weight, seed=evidence.seed)
    for part in found:
        _beside(part, controls[part["attack"]])
    for place, inside in _groups(asked, evidence, kept).items():
        sizes = {"training_rows": int((inside & sides.member).sum()), "served_rows": int((inside & ~sides.member).sum())}
        if min(sizes.values()) >= LEAST:
            where = head | counts | sizes | {"slice": evidence.slices[place].to_json()}
            found += [_part(where, name, score[inside], sides.where(inside), weight[inside]) for name, score in scores.items()]
    return found


def control(sides: Sides, classes: int, weight: Floats, *, seed: int) -> dict[str, Area]:
    """Each attack on a model that has seen none of the rows: what it gets beyond 0.5 is drift."""
    said, spent = unseen(sides, classes, seed=seed)
    kept = ~spent
    some = sides.where(kept)
    error = np.abs(said[kept][:, 0] - some.outcome) if classes == 0 else None
    scores = attacks(some, None if classes == 0 else said[kept], error, seed=seed)
    return {name: area(score, some.member, weight[kept]) for name, score in scores.items()}


def _known(asked: Asked, model: ModelConfig) -> tuple[Floats, Floats | None, Floats | None]:
    """Of both sides: the outcome's place among the classes, or the number; the chances by class; the absolute error of a regression."""
    outcome = np.concatenate([side.outcome for side in asked.rows])
    answers = np.concatenate(asked.answers)
    if model.task == "regression":
        return outcome, None, np.abs(answers[:, 0] - outcome)
    if model.task == "multiclass":
        return np.where(outcome >= 0, outcome, np.nan).astype(np.float64), answers, None
    positive = outcome.astype(np.float64) if model.same else 1.0 - outcome
    return positive, np.column_stack([1 - answers[:, 0], answers[:, 0]]), None


def _sides(asked: Asked, model: ModelConfig, outcome: Floats, member: Flags) -> Sides:
    import pyarrow as pa

    names = [name for name in asked.rows[0].names if name in asked.rows[1].names]
    table = pa.concat_tables([side.table.select(names) for side in asked.rows], promote_options="permissive")
    whose = np.concatenate([units_of(side, model) for side in asked.rows])
    return Sides(
        member=member, numbers=np.column_stack([scale_of(table)(table), outcome]), outcome=outcome, fold=fold_of(whose.tolist(), FOLDS)
    )


def _groups(asked: Asked, evidence: Evidence, kept: Flags) -> dict[int, Flags]:
    """For each group of a protected attribute, which of the kept rows are in it."""
    found = {}
    for place, one in enumerate(evidence.slices):
        if len(one.levels) != 1 or not one.known or one.levels[0][0] not in evidence.model.attributes:
            continue
        name, level = one.levels[0]
        if all(name in side.levels for side in asked.rows):
            found[place] = np.concatenate([side.levels[name] == level for side in asked.rows])[kept]
    return found


def _part(head: dict[str, Any], name: str, score: Floats, sides: Sides, weight: Floats) -> dict[str, Any]:
    """One finding: the weighted area, and beside it the plain one. Without a control it has no p, since drift would have a small one."""
    found, plain = area(score, sides.member, weight), area(score, sides.member, np.ones(len(weight)))
    return {**head, "attack": name, **found.to_json(), "unweighted": plain.to_json(), "error": found.error}


def _beside(part: dict[str, Any], drift: Area) -> None:
    """What the same attack gets from a model that has seen none of the rows; what is left, and the p that drift alone leaves as much."""
    from scipy.special import ndtr

    error = float(np.hypot(part["error"], drift.error))
    excess, half = part["value"] - drift.value, 1.96 * error
    if error > 0:
        part["p_value"] = float(ndtr(-excess / error))
    part |= {"control": drift.to_json(), "excess": excess, "excess_low": excess - half, "excess_high": excess + half}
    if abs(drift.value - 0.5) > max(1.96 * drift.error, 0.02):
        part["note"] = DRIFTED.format(value=drift.value)
