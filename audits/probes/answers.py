"""The model's answers held against the logged scores: is what is asked here what people met?

A model file is held against the log row by row. A surrogate was trained on the log, so it is held against rows by trees that have not
learned from them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.interval import wilson
from audits.probes.answer_hints import hints
from audits.probes.cells import tally_of
from audits.probes.cut_off import NoCutOff, learn
from audits.probes.deciders import in_time
from audits.probes.model_rows import ModelRows, read_rows
from audits.probes.scorer import Scorer, scorers, stored
from audits.probes.surrogate import FOLDS, agreement, units_of
from audits.probes.surrogate_trees import Surrogate, fold_of
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.warehouse import Warehouse

ROWS = 20_000
SECONDS = 60.0
"""Shared among releases by their rows: of a slow model fewer rows are compared. A surrogate is at hand and needs no deadline."""
TWICE = 1_000
"""Rows that are asked a second time, in another order."""

OTHERS = 500
"""Rows of a version that a release is not declared for, to see whether it matches all the same."""

SAME = 1e-5
"""Two answers for one row that lie closer are the same: sums in single precision depend on the order that suits the batch."""

UNASKED = {"model": "surrogate_fidelity", "surrogate": "model_mismatch_rate"}
WHY = {
    "model": "the configuration names a model file, so no surrogate is asked",
    "surrogate": "the configuration names no model file (models.<name>.model): what is asked is a surrogate",
}
"""The measure that has nothing to say, and why."""

Flags = NDArray[np.bool_]


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, seconds: float = SECONDS,
    progress: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Which rows the model, or a surrogate, answers as logged; a model that breaks gives a reason.

    Rows come in the order of a digest, so the first of them, which a slow model had time for, are a draw as well.
    """
    began = time.monotonic()
    try:
        with scorers(warehouse, model, evidence, progress=progress) as found:
            names = tuple(dict.fromkeys(name for scorer in found for name in scorer.names))
            unit = () if model.columns.unit is None else (model.columns.unit,)
            held = read_rows(warehouse, model, evidence, rows=rows, extra=(*names, *unit))
            if found[0].kind == "surrogate":
                body = _surrogates(held, model, evidence, found)
            else:
                body = _releases(held, model, evidence, found, seconds) | {"deadline": seconds}
            body |= {
                "kind": found[0].kind,
                "reasons": {UNASKED[found[0].kind]: WHY[found[0].kind]},
                "inputs": list(found[0].names),
                "targets": sorted({scorer.target for scorer in found} - {""}),
            }
            noted = dict.fromkeys(note for scorer in found for note in getattr(scorer.asked, "notes", ()))  # some are made while answering
            body |= {"other_columns": _others(warehouse, model, names), "notes": list(noted), **found[0].about}
    except CandorError as error:
        return {"reason": str(error), "rows_used": 0, "rows_available": evidence.coverage.analysed, "seconds": _since(began)}
    used = len(held) - body.get("left_out", 0)
    return body | {**held.receipt(), "rows_used": used, "seconds": _since(began)}


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)


def _others(warehouse: Warehouse, model: ModelConfig, inputs: Sequence[str]) -> list[str]:
    """Columns of the log that are no input of the model: what it does not see."""
    taken = {*inputs, *(name for role, name in model.columns.named().items() if role != "client")}
    return [name for name in stored(warehouse, model) if name not in taken]


def versions_of(evidence: Evidence, rows: ModelRows) -> NDArray[np.object_]:
    """[row] The version of the model that answered it, as logged."""
    tally = evidence.tally if rows.side == "analysed" else evidence.reference_tally
    held = np.asarray([*(p.version for p in tally.partitions), None], dtype=object)
    return held[rows.partition]


def _surrogates(rows: ModelRows, model: ModelConfig, evidence: Evidence, found: Sequence[Scorer]) -> dict[str, Any]:
    """How closely each version's surrogate follows the scores of rows that it did not learn from."""
    version = versions_of(evidence, rows)
    fold = fold_of(units_of(rows, model).tolist(), FOLDS)
    fidelity, agreed = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for scorer in found:
        assert isinstance(scorer.asked, Surrogate)
        assert scorer.fidelity is not None
        own = np.ones(len(rows), dtype=np.bool_) if scorer.version is None else version == scorer.version
        if not own.any():
            continue
        mine = rows.where(own)
        answers = scorer.asked.out_of_fold(mine.table, fold[own])
        logged = imitated(mine, model, str(scorer.fidelity["of"]), len(scorer.classes))
        error = ((logged - answers) ** 2).reshape(len(answers), -1).sum(axis=1)
        fidelity[own] = 1.0 - error / scorer.fidelity["variance"]
        agreed[own] = agreement(logged, mine.decision, answers, model, of=str(scorer.fidelity["of"]))
    return {
        "cells": tally_of(evidence, (rows, {("fidelity", ""): fidelity, ("agreement", ""): agreed})),
        "surrogates": [{"version": scorer.version, "fingerprint": scorer.fingerprint, **(scorer.fidelity or {})} for scorer in found],
        "floor": (found[0].fidelity or {}).get("floor"),
    }  # fmt: skip


def imitated(rows: ModelRows, model: ModelConfig, of: str, classes: int) -> Floats:
    """[row] or [row, class]: the logged scores that a surrogate imitates, or the logged decisions as 0 and 1."""
    if of == "score":
        return rows.score[:, :classes] if classes else rows.score
    if not classes:
        return rows.decision if model.same else 1.0 - rows.decision
    return np.where(np.isnan(rows.decision)[:, None], np.nan, rows.decision[:, None] == np.arange(classes))


def _releases(rows: ModelRows, model: ModelConfig, evidence: Evidence, found: Sequence[Scorer], seconds: float) -> dict[str, Any]:
    """How often each release answers otherwise than logged, and what that looks like; four fifths of the seconds are for its own rows."""
    version = versions_of(evidence, rows)
    mismatch, unanswered = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    releases: list[dict[str, Any]] = []
    matches: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    broken: list[tuple[Scorer, CandorError]] = []
    owned = [np.ones(len(rows), dtype=np.bool_) if scorer.version is None else version == scorer.version for scorer in found]
    drawn, asked, end = np.zeros_like(version, dtype=np.bool_), np.zeros_like(version, dtype=np.bool_), time.monotonic() + seconds
    for place, (scorer, everything) in enumerate(zip(found, owned, strict=True)):
        tolerance = float(scorer.about["tolerance"])
        began = time.monotonic()
        share = max(end - began, 0.0) * everything.sum() / max(sum(int(each.sum()) for each in owned[place:]), 1)
        until = began + share
        own = np.flatnonzero(everything)
        mine = rows.where(own)
        try:
            answers = in_time(scorer.predict, mine.table, began + 0.8 * share) if len(mine) else np.zeros(0)
            own = own[: len(answers)]
            mine = mine if len(own) == len(mine) else rows.where(own)
            wrong, distance = against(mine, answers, scorer, evidence, tolerance)
            drawn |= everything
            asked[own] = True
            releases.append(_release(scorer, mine, answers, wrong, distance, until) | {
                "left_out": int(everything.sum()) - len(own), "not_compared": [],
            })  # fmt: skip
        except CandorError as error:
            broken.append((scorer, error))
            continue
        mismatch[own] = wrong
        unanswered[own] = np.where(np.isfinite(wrong), ~known(answers), np.nan)
        for each in dict.fromkeys(version.tolist()):
            others = np.flatnonzero(version == each)
            declared = scorer.version is None or each == scorer.version
            if not declared and time.monotonic() > until:
                releases[-1]["not_compared"].append(each)
                continue
            compared = mismatch[others] if declared else _elsewhere(scorer, rows.where(others[:OTHERS]), evidence, tolerance)
            matches.append({"release": scorer.version, "version": each, **shared(compared)})
        if time.monotonic() > until:
            continue  # a hint asks about the rows again, with columns exchanged
        said += [{"release": scorer.version, **hint} for hint in hints(scorer, mine, answers, wrong, evidence, tolerance)]
    if not releases:
        raise broken[0][1]
    for scorer in found:
        refused = [*scorer.about.get("refused", ()), *({"version": each.version, "reason": str(error)} for each, error in broken)]
        scorer.about = {**scorer.about, "refused": refused}
    return {
        "cells": tally_of(evidence, (rows, {("mismatch", ""): mismatch, ("unanswered", ""): unanswered})),
        "releases": releases, "versions": matches, "hints": said, "left_out": int((drawn & ~asked).sum()),
    }  # fmt: skip


def _elsewhere(scorer: Scorer, rows: ModelRows, evidence: Evidence, tolerance: float) -> Floats:
    """[row] Whether a release answers rows of another version otherwise than logged; NaN where it cannot answer them at all."""
    try:
        return against(rows, scorer.predict(rows.table), scorer, evidence, tolerance)[0]
    except CandorError:
        return np.full(len(rows), np.nan)


def known(answers: Floats) -> Flags:
    """[row] Whether there is an answer."""
    found: Flags = np.isfinite(answers).reshape(len(answers), -1).all(axis=1)
    return found


def against(rows: ModelRows, answers: Floats, scorer: Scorer, evidence: Evidence, tolerance: float) -> tuple[Floats, Floats]:
    """[row] 1 where the answer is not what was logged, NaN where nothing was; and the distance between the two.

    An answer that is no number is a mismatch. Of several classes the largest distance counts. Where no score is logged, decisions are held
    against those at the cut-off that follows the log most, and there is no distance.
    """
    if not len(rows):
        return np.zeros(0), np.zeros(0)
    logged = rows.score
    if np.isfinite(logged).any():
        both = answers[:, ordered(scorer, evidence)] if answers.ndim == 2 else answers
        distance = np.abs(logged - both).reshape(len(rows), -1).max(axis=1)
        there = known(logged)
        wrong = ~(distance <= tolerance)
        return np.where(there, wrong, np.nan), np.where(there, distance, np.nan)
    try:
        decided = learn(answers, rows.decision).decided(answers)
    except NoCutOff:
        return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    return np.where(np.isfinite(rows.decision), decided != rows.decision, np.nan), np.full(len(rows), np.nan)


def ordered(scorer: Scorer, evidence: Evidence) -> list[int]:
    """The columns of a model's answers in the order of the log's classes.

    Raises
    ------
    CandorError
        The model does not know a class of the log.
    """
    unknown = [name for name in evidence.classes if name not in scorer.classes]
    if unknown:
        listed = ", ".join(scorer.classes[:5])
        raise CandorError(f'the log has the class "{unknown[0]}", which the model does not know; it answers for {listed}')
    return [scorer.classes.index(name) for name in evidence.classes]


def shared(wrong: Floats) -> dict[str, Any]:
    """How many rows of those that can be compared mismatch."""
    compared = wrong[np.isfinite(wrong)]
    low, high = wilson(compared.sum(), len(compared))
    share = {"share": compared.mean() if len(compared) else np.nan, "low": low, "high": high}
    numbers = {name: float(value) if np.isfinite(value) else None for name, value in share.items()}
    return {"rows": len(compared), "mismatched": int(compared.sum()), **numbers}


def _release(scorer: Scorer, rows: ModelRows, answers: Floats, wrong: Floats, distance: Floats, until: float) -> dict[str, Any]:
    """One release's line."""
    apart = distance[np.isfinite(distance)]
    quantiles = np.quantile(apart, [0.5, 0.95]).tolist() if len(apart) else [None, None]
    asked, unstable = _twice(scorer, rows, answers, until)
    return {
        "version": scorer.version, "fingerprint": scorer.fingerprint, **shared(wrong), "rows_used": len(rows),
        "missing_answers": int((~known(answers)).sum()) if len(rows) else 0, "asked_twice": asked, "unstable": unstable,
        "difference_p50": quantiles[0], "difference_p95": quantiles[1], "unseen": unseen_levels(scorer, rows),
    }  # fmt: skip


def _twice(scorer: Scorer, rows: ModelRows, answers: Floats, until: float) -> tuple[int, int]:
    """Rows asked again in the opposite order while there is time, and those with another answer."""
    places = np.arange(min(len(rows), TWICE))[::-1]
    if not len(places) or time.monotonic() > until:
        return 0, 0
    again = in_time(scorer.predict, rows.table.take(places), until)
    places = places[: len(again)]
    first = answers[places]
    same = np.isclose(first, again, rtol=SAME, atol=SAME, equal_nan=True)
    return len(places), int((~same.reshape(len(places), -1).all(axis=1)).sum())


def unseen_levels(scorer: Scorer, rows: ModelRows) -> list[dict[str, Any]]:
    """Levels of categories that the model was not trained with, where it says which it was trained with."""
    from connectors.model_columns import texts

    shown = scorer.trees() or scorer.linear()
    if shown is None:  # an opaque model may still have told while it answered
        told = getattr(scorer.asked, "unseen", {})
        return [{"column": name, "levels": list(levels)[:10], "rows": None} for name, levels in told.items()]
    found = []
    for part in shown.encode.parts:
        name = shown.encode.inputs[part.input]
        if part.levels is None or name not in rows.table.column_names:
            continue
        levels, code = texts(rows.table.column(name))
        new = np.asarray([level is not None and level not in part.levels for level in levels], dtype=np.bool_)
        n = int(new[code].sum())
        if n:
            found.append(
                {"column": name, "levels": sorted(str(level) for level, one in zip(levels, new, strict=True) if one)[:10], "rows": n}
            )
    return found
