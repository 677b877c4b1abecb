"""Which columns are behind the parts of a change: broken ones, those whose values moved, those along which the world changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.probes.drop_worlds import FOLDS, Design, design, fitted, mean_of, out_of_fold

if TYPE_CHECKING:
    from audits.probes.drop_apart import Periods, Question

ROWS = 4_000
"""Rows of either period over which contributions are averaged."""

MOST = 8
MATTERS = 0.03
"""Share of the mean contribution from which a column counts as one that the model looks at."""

TELLING = 0.1
"""The same of a column that tells two periods apart by itself: left out, it would be missing."""

FORESEEN = 0.002
"""Share of the squared residual that columns must foresee, out of fold, for a change of the world to lie along them."""

BEYOND = 0.1
"""Share of a column's logged values outside the reference's range from which the reference says nothing about them."""

Listed = list[dict[str, Any]]


def seen(p: Periods, *, seed: int) -> tuple[list[Any] | None, list[str]]:
    """Models of the reference's answers, where the window's answers follow the values as logged and not as mapped back; else None and why.

    Where the mean answer did not move as they foresee when the values broke (or, where that moment is not known, where the answers fit the
    mapped values better), the model never saw the broken ones: only the log is wrong.
    """
    if not p.mapped:
        return None, []
    names = ", ".join(one.column for one in p.mapped)
    answer = _answers(p)
    if answer is None:
        return None, [f"neither scores nor decisions say whether the model saw what broke in {names}"]
    before, now = answer[0], answer[1][p.kept]
    known0, known1 = np.isfinite(before), np.isfinite(now)
    x0, fold = p.repaired.before[known0], p.before.fold[known0] % FOLDS
    _, models = out_of_fold(x0, before[known0], fold, p.repaired.categorical, binary=False, seed=seed)
    said = [mean_of(models, x.now[p.kept][known1]) for x in (p.logged, p.repaired)]
    if p.step is not None:  # what else changed since the reference did not change with it
        follows = abs(p.step - float((said[0] - said[1]).mean())) < abs(p.step)
    else:
        logged, mended = (float(((each - now[known1]) ** 2).mean()) for each in said)
        follows = logged < mended
    if not follows:
        return None, [f"the model's answers do not follow what broke in {names}: only the log is wrong"]
    return models, []


def _beyond(p: Periods) -> list[str]:
    """Mapped columns whose logged values lie outside the reference's range: nothing there says how the model answers to them."""
    found = []
    for one in p.mapped:
        if one.column in p.before.numeric:
            held, now = p.before.numeric[one.column], p.now.numeric[one.column]
            outside = (now < np.nanmin(held)) | (now > np.nanmax(held))
        else:
            outside = one.rows
        if outside.mean() > BEYOND:
            found.append(one.column)
    return found


def mapped_effect(asked: Question, p: Periods, k1: Floats, *, seed: int) -> tuple[Floats | None, dict[str, Floats], list[str]]:
    """What values that could be mapped back do to a figure, by [replicate], and each column's own; None where that cannot be said.

    Models of decisions and outcomes as they were in the reference are asked about the window's rows as logged and as mapped back.
    """
    nothing = np.zeros(len(k1))
    if not p.mapped or asked.name == "base_rate":  # outcomes do not know what was logged
        return nothing, {}, []
    models, notes = seen(p, seed=seed)
    if models is None:
        return nothing, {}, notes
    beyond = _beyond(p)
    if beyond:
        return (
            None,
            {},
            [f"what broke in {', '.join(beyond)} cannot be told from a change of the world: such values were never seen before"],
        )
    x0, logged, mended, fold = p.repaired.before, p.logged.now[p.kept], p.repaired.now[p.kept], p.before.fold % FOLDS
    if asked.name == "mean_absolute_error":
        error = (p.now.score - p.now.outcome)[p.kept]

        def moved(x: Floats) -> Floats:
            return np.asarray(np.abs(error) - np.abs(error - (mean_of(models, x) - mean_of(models, mended))))
    else:
        gain = _gain(asked, p, seed)
        if gain is None:
            return None, {}, ["what broke cannot be told from a change of the world where there are several classes"]
        _, deciding = out_of_fold(x0, p.before.decision, fold, p.repaired.categorical, binary=False, seed=seed)

        def moved(x: Floats) -> Floats:
            return np.asarray(gain * (mean_of(deciding, x) - mean_of(deciding, mended)))

    def effect(x: Floats) -> Floats:
        return np.asarray(k1 @ moved(x) / k1.sum(axis=1))

    alone = {}
    for one in p.mapped:
        x = mended.copy()
        place = p.repaired.names.index(one.column) if one.column in p.repaired.names else -1
        if place >= 0:
            x[:, place] = logged[:, place]
            alone[one.column] = effect(x)
    return effect(logged), alone, []


def _answers(p: Periods) -> tuple[Floats, Floats] | None:
    """What the model said in both periods: scores, else decisions; None where there is neither."""
    for before, now in ((p.before.score, p.now.score), (p.before.decision, p.now.decision)):
        if np.isfinite(before).mean() > 0.5 and np.isfinite(now[p.kept]).mean() > 0.5:
            return before, now
    return None


def _gain(asked: Question, p: Periods, seed: int) -> Floats | None:
    """By how much a figure's row grows with the chance of a favorable decision."""
    if asked.name != "accuracy":
        return np.ones(int(p.kept.sum()))
    if np.nanmax(p.before.outcome, initial=0.0) > 1 or np.nanmax(p.before.decision, initial=0.0) > 1:
        return None
    x0, fold = p.repaired.before, p.before.fold % FOLDS
    _, models = out_of_fold(x0, p.before.outcome, fold, p.repaired.categorical, binary=False, seed=seed)
    return 2 * np.clip(mean_of(models, p.repaired.now[p.kept]), 0.0, 1.0) - 1


def felt(asked: Question, p: Periods, *, seed: int) -> list[str]:
    """The columns that are lost as a whole and that the model's answers depended on in the reference."""
    if not p.lost or asked.name == "base_rate":
        return []
    share = importance(p, seed=seed)
    return [one.column for one in p.lost if share.get(one.column, 0.0) >= MATTERS]


def importance(p: Periods, *, seed: int) -> dict[str, float]:
    """How much of the model's answers in the reference each column makes; nothing where neither scores nor decisions are logged."""
    answer = _answers(p)
    if answer is None:
        return {}
    x = design(p.before, p.before)
    known = np.isfinite(answer[0])
    model = fitted(x.before[known], answer[0][known], x.categorical, binary=False, seed=seed)
    size = np.abs(contributions(model, x.before[:ROWS])).mean(axis=0)
    return dict(zip(x.names, (size / max(float(size.sum()), 1e-300)).tolist(), strict=True))


def contributions(model: Any, x: Floats) -> Floats:
    """What each column adds to the prediction of each row, by [row, column] (TreeSHAP).

    Source: S. M. Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67.
    """
    return np.asarray(model.predict(x, pred_contrib=True), dtype=np.float64)[:, :-1]


def broken_listed(p: Periods, by_column: dict[str, Floats], partly: Floats, lost: Sequence[str]) -> Listed:
    """The broken columns with what each does to the figure, where that can be said column by column."""
    found: Listed = []
    for one in (*p.mapped, *p.partly, *p.lost):
        entry: dict[str, Any] = {"column": one.column, "kind": one.kind, "share": round(one.share, 4)}
        if one.factor is not None:
            entry["factor"] = round(one.factor, 4)
        if one.column in by_column:
            entry |= _ends(by_column[one.column])
        elif one in p.partly and len(p.partly) == 1:
            entry |= _ends(partly)
        elif one in p.lost:
            entry["felt"] = one.column in lost
        found.append(entry)
    return sorted(found, key=lambda entry: -abs(entry.get("value") or 0.0))


def covariate_listed(p: Periods, models: Sequence[Any], k0: Floats, k1: Floats) -> Listed:
    """The columns by what the move of their values adds, as the reference's relation has it, largest first."""
    x = p.repaired
    if not x.names:
        return []
    sides = []
    for rows, k in ((x.before[:ROWS], k0[:, :ROWS]), (x.now[p.kept][:ROWS], k1[:, :ROWS])):
        sides.append(k @ contributions(models[0], rows) / k.sum(axis=1, keepdims=True))
    moved = sides[1] - sides[0]
    order = np.argsort(-np.abs(moved[0]), kind="stable")[:MOST]
    return [{"column": x.names[i], **_ends(moved[:, i])} for i in order.tolist()]


def concept_listed(p: Periods, residual: Floats, fold: Integers, seed: int) -> Listed:
    """The columns along which the window departs from what the reference foresees, by their share; none where it does so everywhere."""
    x = p.repaired
    if not x.names:
        return []
    rows = x.now[p.kept]
    foreseen, models = out_of_fold(rows, residual, fold, x.categorical, binary=False, seed=seed)
    spread = float(((residual - residual.mean()) ** 2).sum())
    if spread <= 0 or 1 - float(((residual - foreseen) ** 2).sum()) / spread < FORESEEN:
        return []
    size = np.abs(contributions(models[0], rows[:ROWS])).mean(axis=0)
    share = size / max(float(size.sum()), 1e-300)
    order = np.argsort(-share, kind="stable")[: MOST // 2]
    return [
        {"column": x.names[i], "share": round(float(share[i]), 4), **_where(x, i, rows[:, i], residual)}
        for i in order.tolist()
        if share[i] > 0
    ]


def _where(x: Design, place: int, values: Floats, residual: Floats) -> dict[str, Any]:
    """The stretch of a numeric column, of fifths of the rows, in which the residual departs most from its mean."""
    known = ~np.isnan(values)
    if place in x.categorical or known.sum() < 100:
        return {}
    edges = np.unique(np.quantile(values[known], [0.2, 0.4, 0.6, 0.8]))
    fifth = np.searchsorted(edges, values[known], side="right")
    n = np.bincount(fifth, minlength=len(edges) + 1)
    total = np.bincount(fifth, weights=residual[known] - residual.mean(), minlength=len(edges) + 1)
    best = int(np.argmax(np.abs(total) / np.sqrt(np.maximum(n, 1))))
    ends = [None, *edges.tolist(), None]
    return {"from": ends[best], "to": ends[best + 1], "departs": round(float(total[best] / max(n[best], 1)), 6)}


def _ends(replicates: Floats) -> dict[str, float]:
    low, high = (float(x) for x in np.quantile(replicates[1:], [0.025, 0.975]))
    value = float(replicates[0])
    return {"value": value, "low": min(low, value), "high": max(high, value)}
