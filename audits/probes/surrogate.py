"""Surrogates: boosted trees trained on logged scores, for logs whose model is not at hand, and how faithful they are.

A surrogate answers as the model did on rows like the logged ones, as far as the logged features say. How far that is, is measured on rows
that it did not learn from; below `FLOOR` there is none, and the sentence says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.interval import wilson, z_of
from audits.probes.cut_off import NoCutOff, learn
from audits.probes.model_rows import ModelRows, read_rows
from audits.probes.scorer import NoScorer, Scorer, target_of
from audits.probes.surrogate_kept import keep, kept
from audits.probes.surrogate_trees import TREES, Surrogate, encoding, fitted, fold_of
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.model_parts import Link

FLOOR = 0.8
"""The least fidelity, as R² out of fold, at which a surrogate is asked anything.

At 0.8 its answers miss the logged score by 0.45 standard deviations of the scores. In our worlds (docs/explanations.md) the effects of the
columns that the model uses are then still told to a tenth of the largest one; but a column that goes along with something the log lacks
looks used, the more so the lower the figure, and below 0.8 it can look like the most used of all. It is a line of ours, not a law: the
figure itself stands first on every page.
"""

ROWS = 20_000
FOLDS = 3
LEAST_ROWS = 500
"""Rows with a score, below which nothing is trained."""

VERSIONS = 4
"""The newest versions of the log that get a surrogate each."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a surrogate learns from.

    Parameters
    ----------
    rows
        The features [row].
    score
        Logged scores by [row] or [row, class]; 0 or 1 where only decisions are logged.
    decision
        As logged, NaN where unknown; see `ModelRows`.
    fold, unit
        The fold of each row, and which rows are of one unit.
    of
        "score", or "decision" where no scores are logged.
    """

    rows: pa.Table
    score: Floats
    decision: Floats
    fold: Integers
    unit: Integers
    of: str
    available: int


def surrogates(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, progress: Callable[[str], None], rows: int | None = None
) -> list[Scorer]:
    """A surrogate for each version that has one: those kept, else trained now and, in a warehouse open for writing, kept.

    Raises
    ------
    NoScorer
        None of them can be trained or is faithful enough.
    """
    found: list[Scorer] = []
    refused: list[dict[str, Any]] = []
    for version in versions(evidence):
        surrogate, told = _one(warehouse, model, evidence, version, rows=rows, progress=progress)
        if surrogate is None:
            refused.append({"version": version, "reason": told["reason"]})
            continue
        about = {"format": "surrogate", "learner": f"LightGBM, {told['trees']} trees", "rows": told["rows"], "available": told["available"]}
        found.append(
            Scorer(kind="surrogate", asked=surrogate, version=version, fidelity=told["fidelity"], target=surrogate.target, about=about)
        )
    if not found:
        raise NoScorer(f"model {model.name}: {refused[0]['reason']}")
    for scorer in found:
        scorer.about = {**scorer.about, "refused": refused}
    return found


def versions(evidence: Evidence) -> tuple[str | None, ...]:
    """The newest versions with enough rows for a surrogate each, newest first; None for all rows together where there is but one."""
    rows: dict[str, int] = {}
    newest: dict[str, int] = {}
    for partition in {p.number: p for p in (*evidence.tally.partitions, *evidence.reference_tally.partitions)}.values():
        if partition.version in evidence.versions[1:] and partition.version is not None:
            rows[partition.version] = rows.get(partition.version, 0) + partition.rows
            newest[partition.version] = max(newest.get(partition.version, partition.bucket), partition.bucket)
    large = sorted((version for version, n in rows.items() if n >= LEAST_ROWS), key=lambda version: (-newest[version], version))
    return tuple(large[:VERSIONS]) or (None,)


def _one(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, version: str | None, *, rows: int | None, progress: Callable[[str], None]
) -> tuple[Surrogate | None, dict[str, Any]]:
    """A version's surrogate, None where it is refused, and what is told of it."""
    held = kept(warehouse, model, evidence, version, rows)
    if held is not None:
        return held
    of_version = "" if version is None else f" of version {version}"
    progress(f"{model.name}: learning from logged scores{of_version}")
    lesson = lessons(warehouse, model, evidence, version, rows or ROWS)
    surrogate, told = trained(lesson, model, evidence, of_version)
    told["asked"] = rows or ROWS
    if warehouse.write:
        keep(warehouse, model, evidence, version, surrogate, told)
    return (surrogate if "reason" not in told else None), told


def lessons(warehouse: Warehouse, model: ModelConfig, evidence: Evidence, version: str | None, rows: int) -> Lesson:
    """Rows of the reference and of the analysed period, half and half where both have enough, each once."""
    sizes = {
        side: sum(p.rows for p in tally.partitions if version is None or p.version == version)
        for side, tally in (("analysed", evidence.tally), ("reference", evidence.reference_tally))
    }
    inside = {p.number for p in evidence.reference_tally.partitions} <= {p.number for p in evidence.tally.partitions}
    before = 0 if inside else min(sizes["reference"], max(rows // 2, rows - sizes["analysed"]))
    unit = (model.columns.unit,) if model.columns.unit is not None else ()
    parts: list[ModelRows] = []
    for side, most in (("analysed", rows - before), ("reference", before)):
        if most > 0 and sizes[side]:
            parts.append(read_rows(warehouse, model, evidence, rows=most, side=side, version=version, extra=unit))  # type: ignore[arg-type]
    return _together(parts, model, sum(sizes.values()) - (sizes["reference"] if inside else 0))


def _together(parts: list[ModelRows], model: ModelConfig, available: int) -> Lesson:
    import pyarrow as pa

    names = parts[0].names
    table = pa.concat_tables([part.table.select(list(names)) for part in parts], promote_options="permissive")
    score = np.concatenate([part.score for part in parts])
    decision = np.concatenate([part.decision for part in parts])
    units = np.concatenate([units_of(part, model) for part in parts])
    target, of = _target(score, decision, model)
    known = np.isfinite(target).reshape(len(target), -1).all(axis=1)
    units = units[known]
    return Lesson(
        rows=table.filter(pa.array(known)), score=target[known], decision=decision[known], fold=fold_of(units.tolist(), FOLDS),
        unit=np.unique(units.astype(str), return_inverse=True)[1].astype(np.int64), of=of, available=available,
    )  # fmt: skip


def units_of(rows: ModelRows, model: ModelConfig) -> Any:
    """[row] The unit, else the key: what decides the fold."""
    unit = model.columns.unit
    if unit is None or unit not in rows.table.column_names:
        return rows.key
    return np.asarray([*map(str, rows.table.column(unit).to_pylist()), None], dtype=object)[:-1]


def _target(score: Floats, decision: Floats, model: ModelConfig) -> tuple[Floats, str]:
    """What is imitated: the scores, else the decisions as 0 and 1 of the positive value or of each class."""
    if np.isfinite(score).any() or model.task == "regression":
        return score, "score"
    if model.task != "multiclass":
        return (decision if model.same else 1.0 - decision), "decision"
    classes = int(np.nanmax(decision, initial=-1.0)) + 1
    return np.where(np.isnan(decision)[:, None], np.nan, decision[:, None] == np.arange(classes)), "decision"


def trained(lesson: Lesson, model: ModelConfig, evidence: Evidence, of_version: str = "") -> tuple[Surrogate | None, dict[str, Any]]:
    """A surrogate with its fidelity out of fold; what is told holds a `reason` where it is refused."""
    n = len(lesson.score)
    told: dict[str, Any] = {"rows": n, "available": lesson.available, "fidelity": None}
    scores = lesson.score.reshape(n, -1)
    if n < LEAST_ROWS:
        return None, told | {"reason": f"no model file, and {n:,} rows{of_version} with a score are too few to learn from ({LEAST_ROWS})"}
    if not lesson.rows.num_columns:
        return None, told | {"reason": "no model file, and the log has no features to learn the score from"}
    if float(scores.var(axis=0).sum()) <= 0:
        return None, told | {"reason": f"no model file, and all {lesson.of}s{of_version} are the same, so there is nothing to learn"}
    classes = evidence.classes[: scores.shape[1]] if model.task == "multiclass" else ()
    link: Link = "logit" if model.task != "regression" and scores.min() >= 0 and scores.max() <= 1 else "identity"
    trees = max(2 * TREES // scores.shape[1], 50) if classes else TREES
    whole = _fitted(lesson, np.ones(n, dtype=np.bool_), link, classes, trees)
    parts = [_fitted(lesson, lesson.fold != number, link, classes, trees) for number in range(FOLDS)]
    answers = np.empty_like(lesson.score)
    for number, part in enumerate(parts):
        answers[lesson.fold == number] = part.predict(lesson.rows.filter(lesson.fold == number))
    fidelity = fidelity_of(lesson, answers, model)
    told |= {"fidelity": fidelity, "trees": trees}
    if fidelity["value"] < FLOOR:
        told["reason"] = (
            f"no model file, and trees trained on logged features explain {fidelity['value']:.0%} ({fidelity['low']:.0%} to "
            f"{fidelity['high']:.0%}) of the variance of the {lesson.of}s{of_version}, less than {FLOOR:.0%}: what they say would not be "
            f"about the model"
        )
    surrogate = Surrogate(
        encode=whole.encode, link=link, texts=whole.texts, classes=classes, target=target_of(model, evidence, classes),
        folds=tuple(parts),
    )  # fmt: skip
    return surrogate, told


def _fitted(lesson: Lesson, kept: Any, link: Link, classes: tuple[str, ...], trees: int) -> Surrogate:
    rows, score = lesson.rows.filter(kept), lesson.score[kept]
    encode = encoding(rows, score, classes)
    matrix = encode.matrix(rows)
    texts = tuple(fitted(matrix, one, link, trees=trees) for one in score.reshape(len(score), -1).T)
    return Surrogate(encode=encode, link=link, texts=texts, classes=classes, target=classes[0] if classes else "")


def fidelity_of(lesson: Lesson, answers: Floats, model: ModelConfig) -> dict[str, Any]:
    """R² of the logged scores by the answers, with its interval, and the share of decisions that come out as logged.

    R² = 1 - Σ(score - answer)² / Σ(score - mean)², over classes too. Interval: normal, from the influence of each unit on that ratio.
    """
    n = len(answers)
    score = lesson.score.reshape(n, -1)
    error = ((score - answers.reshape(n, -1)) ** 2).sum(axis=1)
    around = ((score - score.mean(axis=0)) ** 2).sum(axis=1)
    value = 1.0 - error.sum() / around.sum()
    influence = np.bincount(lesson.unit, weights=(error - (1.0 - value) * around) / around.mean())
    half = z_of() * float(np.sqrt((influence**2).sum())) / n
    found = {
        "value": float(value), "low": float(value - half), "high": float(min(value + half, 1.0)), "floor": FLOOR, "n": n, "rows": n,
        "folds": FOLDS, "of": lesson.of, "variance": float(around.mean()),
    }  # fmt: skip
    agreed = agreement(lesson.score, lesson.decision, answers, model, of=lesson.of)
    known = agreed[np.isfinite(agreed)]
    low, high = wilson(known.sum(), len(known)) if len(known) else (np.nan, np.nan)
    share = {"agreement": known.mean() if len(known) else np.nan, "agreement_low": low, "agreement_high": high}
    return found | {name: float(one) if np.isfinite(one) else None for name, one in share.items()}


def agreement(score: Floats, decision: Floats, answers: Floats, model: ModelConfig, *, of: str) -> Floats:
    """[row] Whether the answer leads to the decision that was logged, at the cut-off that follows logged decisions most; NaN if unknown."""
    if of == "decision" and answers.ndim == 1:
        favorable = (answers >= 0.5) if model.same else (answers < 0.5)
        return np.where(np.isfinite(decision), favorable == (decision > 0.5), np.nan)
    try:
        decided = learn(score, decision).decided(answers)
    except NoCutOff:
        return np.full(len(answers), np.nan)
    return np.where(np.isfinite(decision) & np.isfinite(decided), decided == decision, np.nan)
