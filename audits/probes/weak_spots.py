"""Weak spots over the features, from rows: half of them finds candidates, the other half tests them, so that intervals hold."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.probes.candidates import Half, candidates
from audits.probes.conditions import Cut, as_slice, column_of, cuts, mask
from audits.probes.rows import Sampled, sampled
from audits.weak_spots.search import MIN_N, MOST_EXPLAINED, Cells, Flags, Measure, Sums, figure, search
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

ROWS = 100_000
LEAST = 10 * MIN_N
"""Rows with the measure, at least, on each half."""


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Search at most `rows` labelled rows of the analysed period for slices in which the model does worse.

    Returns what `Evidence.probes["weak_spots"]` is to hold: a receipt of the rows, and for each measure that the log supports the slices
    found, or why there are none.
    """
    if evidence.coverage.labelled == 0:
        return {"rows_used": 0, "rows_available": 0, "reason": "no outcome is known yet for any prediction of the period", "measures": {}}
    found = sampled(warehouse, model, evidence, rows=rows)
    progress(f"{model.name}: searching {len(found):,} of {found.available:,} labelled predictions for weak spots")
    return {**found.receipt(evidence), "measures": weak_spots(found, evidence)}


def weak_spots(rows: Sampled, evidence: Evidence) -> dict[str, Any]:
    """The findings of each measure by its name."""
    return {name: _searched(rows, x, name) for name, x in measures(rows, evidence).items()}


def measures(rows: Sampled, evidence: Evidence) -> dict[Measure, Floats]:
    """Each measure of each row, NaN where something it needs is unknown."""
    if evidence.model.task == "regression":
        return {"absolute_error": np.abs(rows.score - rows.truth)}
    found: dict[Measure, Floats] = {}
    known = (rows.decision >= 0) & (rows.outcome >= 0)
    if known.any():
        found["error_rate"] = np.where(known, (rows.decision != rows.outcome).astype(np.float64), np.nan)
    scored = np.isfinite(rows.score)
    if evidence.model.task == "binary" and scored.any() and rows.score[scored].min() >= 0 and rows.score[scored].max() <= 1:
        likely = np.where(rows.outcome == (1 if evidence.model.same else 0), rows.score, 1 - rows.score)
        loss = -np.log(np.clip(likely, sys.float_info.epsilon, 1 - sys.float_info.epsilon))
        found["log_loss"] = np.where(rows.outcome >= 0, loss, np.nan)
    return found


def _searched(rows: Sampled, x: Floats, measure: Measure) -> dict[str, Any]:
    known = np.isfinite(x)
    sides = [known & (rows.half == side) for side in (0, 1)]
    sizes = [int(side.sum()) for side in sides]
    base: dict[str, Any] = {"rows_searched": sizes[0], "rows_tested": sizes[1], "searched": 0, "tested": 0, "spots": []}
    if min(sizes) < LEAST:
        return base | {"reason": f"a search needs {2 * LEAST:,} predictions with a known outcome or more, and has {sum(sizes):,}"}
    if np.ptp(x[sides[0]]) == 0 or np.ptp(x[sides[1]]) == 0:
        return base | {"reason": f"the model does equally well on every one of {sum(sizes):,} predictions"}
    cut = cuts(rows, sides[0])
    if not cut:
        return base | {"reason": "no column has two values to tell predictions apart by"}
    codes = {column.column: column.codes(column_of(rows, column.column)) for column in cut}
    halves = [Half(codes={name: code[side] for name, code in codes.items()}, x=x[side]) for side in sides]
    chosen, sets, looked = candidates(halves[0], cut)
    cut_of = {column.column: column for column in cut}
    names = [as_slice(cut_of, one) for one in chosen]
    base["searched"] = looked
    if not chosen:
        return base | {"reason": f"none of {looked:,} slices stands out on the half that is searched"}
    member = np.stack([mask(halves[1].codes, one) for one in chosen])
    unit = None if rows.unit is None else rows.unit[sides[1]]
    spots, tested, level = _tested(halves[1].x, member, np.asarray(sets), unit, measure)
    base |= {"tested": tested, "level": level}
    searched = [mask(halves[0].codes, one) for one in chosen]
    for spot in spots:
        place = spot.pop("place")
        inside, outside = halves[0].x[searched[place]], halves[0].x[~searched[place]]
        spot |= {
            "slice": dict(names[place].levels), "words": _words(cut_of, chosen[place]),
            "conditions": [cut_of[one.column].to_json(one) for one in chosen[place]],
            "share_searched": float(searched[place].mean()), "excess_searched": float(inside.mean() - outside.mean()),
            "explains": [_words(cut_of, chosen[i]) for i in spot["explains"][:MOST_EXPLAINED]],
        }  # fmt: skip
    reason = "" if spots else f"none of the {tested:,} slices that stood out on one half is worse on the other beyond chance"
    return base | {"spots": spots, "reason": reason}


def _words(cut_of: Mapping[str, Cut], conditions: Any) -> str:
    return " and ".join(f"{one.column} {cut_of[one.column].words(one)}" for one in conditions)


def _tested(x: Floats, member: Flags, sets: Integers, unit: Integers | None, measure: Measure) -> tuple[list[dict[str, Any]], int, float]:
    """The slices that are worse on the half that did not find them, as numbers; how many were tested, and the intervals' level."""
    row = Sums(n=np.ones(len(x)), total=x, squared=x**2)
    inside = row.each(lambda values: np.asarray(member @ values))
    everybody = row.each(lambda values: np.asarray(values.sum()))
    factor = np.ones(len(member)) if unit is None else clustered(x, member, unit)
    kept = search(inside, everybody, lambda some: Cells(member=member[some], sums=row), measure, inflation=factor, rivals=sets)
    found = []
    for rank, place in enumerate(kept.slices.tolist()):
        within = inside[[place]]
        around = everybody.each(lambda values: np.asarray([values])) - within
        spot: dict[str, Any] = {"place": place, "rank": rank + 1, "n": int(within.n[0]), "n_outside": int(around.n[0])}
        for name, part in (("inside", within), ("outside", around)):
            value, low, high = figure(part.over(factor[[place]]), measure)
            spot |= {name: float(value[0]), f"{name}_low": float(low[0]), f"{name}_high": float(high[0])}
        excess = kept.excess
        spot |= {
            "share": float(within.n[0] / everybody.n), "excess": float(excess.value[rank]), "low": float(excess.low[rank]),
            "high": float(excess.high[rank]), "p_value": float(excess.p_value[rank]), "q_value": float(kept.q_value[rank]),
            "method": excess.method, "explains": kept.explains[rank].tolist(),
        }  # fmt: skip
        found.append(spot)
    return found, kept.tested, kept.level


def clustered(x: Floats, member: Flags, unit: Integers) -> Floats:
    """By slice, the variance of mean inside minus mean outside with rows summed up by unit, over that of independent rows.

    Source: K.-Y. Liang and S. L. Zeger (1986), Biometrika 73, 13-22.
    """
    found = []
    for held in member:
        inside, outside = x[held], x[~held]
        if not len(inside) or not len(outside):
            found.append(1.0)
            continue
        pull = np.where(held, (x - inside.mean()) / len(inside), -(x - outside.mean()) / len(outside))
        alone = float((pull**2).sum())
        found.append(float((np.bincount(unit, pull) ** 2).sum()) / alone if alone > 0 else 1.0)
    return np.maximum(np.asarray(found, dtype=np.float64), 1.0)
