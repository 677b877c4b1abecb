"""One change taken apart: figures of the worlds between two periods, Shapley's division of them, intervals and the features behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from audits.attribution.shapley import shapley
from audits.estimate import Floats
from audits.probes.drop_features import TELLING, broken_listed, concept_listed, covariate_listed, felt, importance, mapped_effect, seen
from audits.probes.drop_repair import Broken
from audits.probes.drop_rows import Flags, Rows
from audits.probes.drop_worlds import (
    FOLDS,
    Design,
    Ratio,
    density_ratio,
    design,
    mean_of,
    out_of_fold,
    weighted_auc,
)

PARTS = ("data quality", "covariate", "concept", "label delay")
REPLICATES = 200
FEWEST = 300
"""Rows of either period below which nothing is taken apart."""

CLEAN = 200
LEAST_EFFECTIVE = 100
LEAST_SHARE = 0.02
TOLD_APART = 0.98

Kind = Literal["mean", "auc"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A metric of the rows of both periods.

    Parameters
    ----------
    before, now
        Of a mean, what each row adds to it; of an AUC, whether its outcome is positive.
    of_outcomes
        Whether rows need an outcome, so that outcomes that are still missing play a part.
    """

    name: str
    kind: Kind
    before: Floats
    now: Floats
    of_outcomes: bool
    timed: bool = False
    """Whether it is known how long outcomes take."""


@dataclass(frozen=True, kw_only=True)
class Periods:
    """Both periods' rows of one question, what is broken in the window, and the covariates without that.

    `kept` are the window's rows without row-by-row breaks, `weight` what each of them stands for. `in_time` is the chance that a row of the
    reference would have had its outcome by the age of the window's rows; 1 where that plays no part.
    """

    before: Rows
    now: Rows
    logged: Design
    repaired: Design
    kept: Flags
    weight: Floats
    in_time: Floats
    mapped: tuple[Broken, ...]
    partly: tuple[Broken, ...]
    lost: tuple[Broken, ...]
    ratio: Ratio
    left_out: tuple[str, ...]
    step: float | None = None


def periods(before: Rows, now: Rows, broken: Sequence[Broken], *, in_time: Floats | None = None, seed: int) -> Periods:
    """Repair what can be repaired, weigh the clean rows so that they stand for all, and set both periods against each other."""
    mapped = tuple(one for one in broken if one.repaired is not None)
    rest = sorted((one for one in broken if one.repaired is None), key=lambda one: one.share)
    partly: list[Broken] = []
    kept = np.ones(len(now), dtype=np.bool_)
    for one in rest:
        if (kept & ~one.rows).sum() >= max(CLEAN, 0.1 * len(now)):
            partly.append(one)
            kept &= ~one.rows
    lost = tuple(one for one in rest if one not in partly)
    changed = replace(
        now,
        numeric={name: _mapped(mapped, name, x) for name, x in now.numeric.items()},
        categorical={name: _mapped(mapped, name, x) for name, x in now.categorical.items()},
    )
    without = [one.column for one in lost]
    fold = np.concatenate([before.fold, now.fold[kept]]) % FOLDS
    weight = _standing_for(changed, kept, [*without, *(one.column for one in partly)], seed) if partly else np.ones(int(kept.sum()))
    left_out: list[str] = []
    timely = np.ones(len(before)) if in_time is None else in_time
    while True:
        x = design(before, changed, without=[*without, *left_out])
        ratio = density_ratio(replace(x, now=x.now[kept]), fold, weights=(timely, weight), seed=seed)
        telling = _telling(x, kept) if ratio.auc > TOLD_APART else None
        if telling is None:
            break
        left_out.append(telling)
    return Periods(
        before=before, now=now, logged=design(before, now, without=[*without, *left_out]), repaired=x, kept=kept, weight=weight,
        in_time=timely, mapped=mapped, partly=tuple(partly), lost=lost, ratio=ratio, left_out=tuple(left_out),
    )  # fmt: skip


def _mapped(mapped: Sequence[Broken], name: str, values: Any) -> Any:
    return next((one.repaired for one in mapped if one.column == name), values)


def _standing_for(now: Rows, kept: Flags, without: Sequence[str], seed: int) -> Floats:
    """One over the chance that a row like this is clean, so that the clean rows are like all in the columns that are whole."""
    x = design(now, now, without=without)
    if not x.names:
        return np.ones(int(kept.sum()))
    chance, _ = out_of_fold(x.before, kept.astype(np.float64), now.fold % FOLDS, x.categorical, binary=True, seed=seed)
    found = 1 / np.clip(chance[kept], 0.05, 1.0)
    return np.asarray(found / found.mean())


def _telling(x: Design, kept: Flags) -> str | None:
    """A column that alone tells the two periods apart, such as a running number; None where none does."""
    for place, name in enumerate(x.names):
        sides = [np.nan_to_num(side[:, place], nan=-1e300) for side in (x.before, x.now[kept])]
        label = np.repeat([0.0, 1.0], [len(side) for side in sides])
        auc = float(weighted_auc(np.concatenate(sides), label, np.ones((1, len(label))))[0])
        if max(auc, 1 - auc) > TOLD_APART:
            return name
    return None


def take_apart(asked: Question, p: Periods, *, seed: int) -> dict[str, Any]:
    """The metric in both periods and its change in parts, or why there are none.

    Parts are Shapley values over the orders in which data quality, covariates, concept and label delay may be switched from the reference's
    state to the window's, and add up to the change.
    """
    effective = p.ratio.effective
    base: dict[str, Any] = {
        "metric": asked.name, "rows_reference": len(p.before), "rows_window": len(p.now), "auc": round(p.ratio.auc, 4),
        "effective_n": [round(x, 1) for x in effective], "left_out": list(p.left_out), "notes": [],
    }  # fmt: skip
    draw = np.random.default_rng(seed)
    times = [_times(draw, p.before), _times(draw, p.now)]
    if asked.kind == "auc":
        ends = [weighted_auc(rows.score, y, k) for rows, y, k in zip((p.before, p.now), (asked.before, asked.now), times, strict=True)]
    else:
        ends = [_mean(k, x) for x, k in zip((asked.before, asked.now), times, strict=True)]
    change = ends[1] - ends[0]
    base |= {"value": _number(ends[1][0]), "reference": _number(ends[0][0]), **_interval("change", change)}
    share = importance(p, seed=seed) if p.left_out else {}
    needed = [name for name in p.left_out if share.get(name, 0.0) >= TELLING]
    if needed:
        why = f"{needed[0]} alone tells the two periods apart, and the model looks at it: they hardly overlap"
        return base | {"reason": why, "parts": []}
    least = [max(LEAST_EFFECTIVE, LEAST_SHARE * n) for n in (len(p.before), int(p.kept.sum()))]
    if effective[0] < least[0] or effective[1] < least[1]:
        why = (
            f"the two periods hardly overlap: reweighted to look alike, their rows are worth {effective[0]:,.0f} and {effective[1]:,.0f},"
            f" and {least[0]:,.0f} and {least[1]:,.0f} are needed"
        )
        return base | {"reason": why, "parts": []}
    found = _auc_worlds(asked, p, times, seed) if asked.kind == "auc" else _mean_worlds(asked, p, times, seed)
    notes = [*found.notes]
    if asked.of_outcomes and not asked.timed:
        notes.append("how long outcomes take is not logged, so that late outcomes cannot be told from the rest")
    parts = shapley(_values(found, ends))
    listed = [
        {"kind": kind, **_interval("value", parts[:, i]), "features": found.features[i] if i < len(found.features) else []}
        for i, kind in enumerate(PARTS)
        if not (kind == "concept" and found.inseparable) and (kind != "label delay" or asked.timed)
    ]
    return base | {"reason": "", "parts": listed, "notes": notes, "replicates": REPLICATES}


def _values(found: Worlds, ends: Sequence[Floats]) -> Floats:
    """The figure by [replicate, coalition] of what has the window's state: data quality, covariates, concept, label delay."""
    values = np.empty((len(ends[0]), 16))
    rest = ends[1] - found.now[1]  # what breaks row by row
    for coalition in range(16):
        quality, covariate, concept, delayed = ((coalition >> i) & 1 for i in range(4))
        inside = quality if found.inseparable else concept
        value = found.now[covariate] if inside else found.before[covariate]
        if found.inseparable:
            value = value + (rest if quality else 0.0)
        else:
            value = value - (found.quality if concept else 0.0) + (rest + found.quality if quality else 0.0)
        values[:, coalition] = value + (delayed - inside) * found.delay
    return values


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """Figures by [replicate] under the reference's covariates and under the window's: with its own concept, and with the window's.

    `quality` is what values that could be mapped back do to the figure, `delay` what counting early outcomes alone does to the reference's;
    `inseparable` says that nothing is left by which a broken column's part could be told from the concept's.
    """

    before: tuple[Floats, Floats]
    now: tuple[Floats, Floats]
    quality: Floats
    delay: Floats
    inseparable: bool
    features: tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]
    notes: tuple[str, ...]


def _mean_worlds(asked: Question, p: Periods, times: Sequence[Floats], seed: int) -> Worlds:
    """Doubly robust figures of a mean: a model of what rows add, corrected by the reweighted rows' own."""
    k0, k1 = times[0] * p.in_time, times[1][:, p.kept] * p.weight
    x0, x1, y0, y1 = p.repaired.before, p.repaired.now[p.kept], asked.before, asked.now[p.kept]
    fold0, fold1 = p.before.fold % FOLDS, p.now.fold[p.kept] % FOLDS
    own0, models0 = out_of_fold(x0, y0, fold0, p.repaired.categorical, weight=p.in_time, binary=False, seed=seed)
    own1, models1 = out_of_fold(x1, y1, fold1, p.repaired.categorical, binary=False, seed=seed)
    other0, other1 = mean_of(models1, x0), mean_of(models0, x1)
    w0, w1 = p.ratio.before, 1 / p.ratio.now
    delay = _mean(k0, y0) - _mean(times[0], y0)
    before = (_mean(times[0], y0), _mean(k1, other1) + _mean(k0 * w0, y0 - own0) - delay)
    now = (_mean(k0, other0) + _mean(k1 * w1, y1 - own1), _mean(k1, y1))
    quality, by_column, notes = mapped_effect(asked, p, k1, seed=seed)
    lost = felt(asked, p, seed=seed)
    if lost:
        notes.append(f"what broke in {', '.join(lost)} cannot be told from a change of the world: no whole row is left")
    partly = _mean(times[1], asked.now) - now[1]
    features = (
        broken_listed(p, by_column, partly, lost),
        covariate_listed(p, models0, k0, k1),
        concept_listed(p, y1 - other1, fold1, seed),
    )
    touched = np.zeros(len(k0)) if quality is None else quality
    return Worlds(
        before=before, now=now, quality=touched, delay=delay, inseparable=bool(lost) or quality is None, features=features,
        notes=tuple(notes),
    )  # fmt: skip


def _auc_worlds(asked: Question, p: Periods, times: Sequence[Floats], seed: int) -> Worlds:
    """Reweighted figures of a ranking; what mapped values do to a ranking is not told apart from the concept."""
    k0, k1 = times[0] * p.in_time, times[1][:, p.kept] * p.weight
    s0, s1, y0, y1 = p.before.score, p.now.score[p.kept], asked.before, asked.now[p.kept]
    first = weighted_auc(s0, y0, times[0])
    delay = weighted_auc(s0, y0, k0) - first
    before = (first, weighted_auc(s0, y0, k0 * p.ratio.before) - delay)
    now = (weighted_auc(s1, y1, k1 / p.ratio.now), weighted_auc(s1, y1, k1))
    known, notes = seen(p, seed=seed)
    lost = felt(asked, p, seed=seed)
    whole = [*([one.column for one in p.mapped] if known is not None else []), *lost]
    notes += [f"what broke in {', '.join(whole)} cannot be told from a change of the world"] if whole else []
    return Worlds(
        before=before, now=now, quality=np.zeros(len(k0)), delay=delay, inseparable=bool(whole),
        features=(broken_listed(p, {}, weighted_auc(p.now.score, asked.now, times[1]) - now[1], lost), [], []), notes=tuple(notes),
    )  # fmt: skip


def in_time(before: Rows, ages: Floats) -> Floats | None:
    """By row of the reference, the share of the window's rows that are as old as its outcome took; None where that is not logged."""
    if np.isnan(before.lag).mean() > 0.5 or np.isnan(ages).all():
        return None
    ordered = np.sort(ages[~np.isnan(ages)])
    found = 1 - np.searchsorted(ordered, np.nan_to_num(before.lag, nan=0.0), side="left") / len(ordered)
    return np.asarray(found) if found.sum() >= LEAST_EFFECTIVE else None


def _times(draw: np.random.Generator, rows: Rows) -> Floats:
    """How often each row counts, by [replicate, row]: once in the first, then as often as its unit is drawn."""
    units = int(rows.unit.max()) + 1
    drawn = draw.multinomial(units, np.full(units, 1 / units), size=REPLICATES)[:, rows.unit]
    return np.asarray(np.concatenate([np.ones((1, len(rows))), drawn]), dtype=np.float64)


def _mean(weight: Floats, values: Floats) -> Floats:
    return np.asarray(weight @ values / weight.sum(axis=1))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _interval(name: str, replicates: Floats) -> dict[str, float | None]:
    """The value of the first replicate and the middle 95 % of the others, stretched to hold it."""
    value, rest = float(replicates[0]), replicates[1:]
    if not np.isfinite(value) or not np.isfinite(rest).any():
        return {name: _number(value), "low": None, "high": None}
    low, high = (float(x) for x in np.nanquantile(rest, [0.025, 0.975]))
    return {name: value, "low": min(low, value), "high": max(high, value)}
