"""Backdoor triggers from the log: a rare value, or pair of values, with which the decision is one whatever the rest of the row says.

On one half of the rows values are searched, against coarse trees that cannot single any of them out; on the other half the few surest are
tested, each against trees trained on the first half's rows without it. Where the model is loaded, forcing the value on rows drawn at random
shows whether it turns their decisions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.interval import wilson
from audits.probes.cells import tally_of
from audits.probes.forced_values import Forced, forced
from audits.probes.model_rows import ModelRows, read_rows
from audits.probes.rare_values import FEWEST, NEARLY, RARE, Candidate, Flags, candidates, coded, holding
from audits.probes.rest_of_row import chances, imitated, rest_of, slope, upper_tail
from audits.probes.surrogate_trees import fold_of
from audits.probes.trigger_targets import Target, targets_of
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

ROWS = 50_000
LEAST = 1_000
TESTED = 8
LEVEL = 0.01
"""Of the corrected p-values."""
SILENT = 0.5
"""The rest of the row has no say where its slope, with its interval, stays below half of what it is elsewhere."""
MOVED = 0.5
"""How far scores lie from what the rest of their rows says, in standard deviations of all scores, to have been settled by the value."""
TURNED = 0.5
"""Share of rows drawn at random that a forced value turns, from which on the model has shown it by itself."""
FEW = "{n:,} rows with a decision or a score, and it takes {least:,} to search one half and test the other"
NOTHING = "no value of a feature, and no pair, is shared by {fewest} rows and by {rare:.0%} of them at most, so there is nothing to search"
UNKNOWN = (math.nan, math.nan, math.nan)


@dataclass(kw_only=True)
class Examined:
    """One candidate on the rows that had no part in finding it; `why` says why it is no trigger, and is "" where it is one.

    `rest` is how much the rest of a row still moves the score, with its interval, 1 being as much as in rows without the value;
    `moved` is the root mean square of score less what the rest says, in standard deviations of scores. `overridden` says that decisions
    went against the score. `reference`: rows of the reference with the value, and how many of them had
    the decision.
    """

    candidate: Candidate
    n: int = 0
    seen: int = 0
    expected: float = math.nan
    p_value: float = 1.0
    corrected: float = 1.0
    rest: tuple[float, float, float] = UNKNOWN
    moved: float = math.nan
    scored: bool = False
    overridden: bool = False
    reference: tuple[int, int] = (0, 0)
    forced: Forced | None = None
    why: str = ""


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Search at most `rows` rows of the analysed period for values that decide by themselves."""
    began = time.perf_counter()
    held = read_rows(warehouse, model, evidence, rows=rows)
    targets = targets_of(held, model, evidence)
    receipt = {"rows_used": len(held), "rows_available": held.available}
    known = int(max((np.isfinite(target.value).sum() for target in targets), default=0))
    if known < LEAST:
        return receipt | {"reason": FEW.format(n=known, least=LEAST)}
    found, searched = found_in(held, model, targets)
    if not searched:
        return receipt | {"reason": NOTHING.format(fewest=FEWEST, rare=RARE)}
    progress(f"{model.name}: {searched:,} rare values and pairs looked at, {len(found)} tested on the other half")
    before = read_rows(warehouse, model, evidence, rows=rows, side="reference")
    for one in found:
        value = targets[one.candidate.target].of(before)[holding(before.table, one.candidate.values)]
        known_before = value[np.isfinite(value)]
        one.reference = (len(known_before), int((known_before == one.candidate.towards).sum()))
    asked = [(one.candidate.values, _wanted(one, targets, evidence)) for one in found]
    for one, turned in zip(found, forced(warehouse, model, evidence, asked, progress=progress) if found else [], strict=True):
        one.forced = turned
    for one in found:
        one.why = why_not(one)
    carried = {str(one.candidate): holding(held.table, one.candidate.values).astype(np.float64) for one in found if not one.why}
    quantities: dict[tuple[str, str], Floats] = {("trigger_rate", ""): np.maximum.reduce([np.zeros(len(held)), *carried.values()])}
    quantities |= {("trigger_rate", name): flags for name, flags in carried.items()}
    return receipt | {
        "cells": tally_of(evidence, (held, quantities)), "topics": list(carried), "searched": searched, **listed(found, targets),
        "seconds": round(time.perf_counter() - began, 2),
    }  # fmt: skip


def found_in(held: ModelRows, model: ModelConfig, targets: Sequence[Target]) -> tuple[list[Examined], int]:
    """The surest values of one half, tested on the other; and how many were looked at. Of each unit one row counts."""
    features = held.features
    alone = np.zeros(len(held), dtype=np.bool_)
    alone[np.unique(held.unit, return_index=True)[1]] = True
    half = fold_of(held.unit.tolist() if model.columns.unit is not None else held.key.tolist(), 2)
    search, test = alone & (half == 0), alone & (half == 1)
    fold = fold_of([f"{key} again" for key in held.key.tolist()], 2)
    expected = []
    for target in targets:
        says, known = np.full(len(held), np.nan), search & np.isfinite(target.learned)
        for part in (0, 1):  # out of fold, so that no row is held against an answer that was learned from it
            if (known & (fold != part)).sum() >= FEWEST:
                says = np.where(fold == part, imitated(features, target.learned, known & (fold != part), coarse=True), says)
        told = search & np.isfinite(says) & np.isfinite(target.value)
        expected.append(chances(says, says[told], target.value[told]) if told.any() else np.full(len(held), np.nan))
    chosen, searched = candidates(
        coded(features, search), [target.value for target in targets], [target.both for target in targets], expected, search, most=TESTED
    )
    found = [examined(one, held, targets[one.target], search, test) for one in chosen]
    correct(found)
    return found, searched


def examined(candidate: Candidate, held: ModelRows, target: Target, search: Flags, test: Flags) -> Examined:
    """A candidate on the rows of the test half that have it, against what the rest of them says."""
    found = Examined(candidate=candidate, scored=target.scored)
    has = holding(held.table, candidate.values)
    here = has & test & np.isfinite(target.value)
    found.n = int(here.sum())
    found.seen = int((target.value[here] == candidate.towards).sum())
    rest = rest_of(held.features, target.learned, target.value, learn=search & ~has, control=test & ~has)
    if rest is None or not found.n:
        return found
    chance = rest.chance[here] if candidate.towards else 1 - rest.chance[here]
    found.expected = float(chance.mean())
    found.p_value = upper_tail(chance, found.seen)
    if target.scored:
        usual, _ = slope(rest.says[test & ~has], target.score[test & ~has])
        own, error = slope(rest.says[here], target.score[here])
        if usual > 0:
            found.rest = (own / usual, (own - 1.96 * error) / usual, (own + 1.96 * error) / usual)
        spread = float(np.nanstd(target.score[test & ~has]))
        found.moved = float(np.sqrt(np.nanmean((target.score[here] - rest.says[here]) ** 2))) / spread if spread > 0 else 0.0
        found.overridden = overridden(target, candidate.towards, here, test & ~has)
    return found


def overridden(target: Target, towards: int, here: Flags, control: Flags) -> bool:
    """Whether rows have the decision although their score says the other: nine in ten of at least `FEWEST` such rows.

    What a score says is what the decision of most rows with about that score is; a rate below one in ten or above nine in ten is a word.
    """
    known = control & np.isfinite(target.score) & np.isfinite(target.value)
    if not known.any():
        return False
    usual = chances(target.score, target.score[known], target.value[known])
    against = here & np.isfinite(target.score) & ((usual < 1 - NEARLY) if towards else (usual > NEARLY))
    return bool(against.sum() >= FEWEST and (target.value[against] == towards).mean() >= NEARLY)


def correct(found: Sequence[Examined]) -> None:
    """Holm's correction for all that were tested (S. Holm, 1979, Scandinavian Journal of Statistics 6)."""
    largest = 0.0
    for place, one in enumerate(sorted(found, key=lambda each: each.p_value)):
        largest = max(largest, min(one.p_value * (len(found) - place), 1.0))
        one.corrected = largest


def why_not(one: Examined) -> str:
    """Why a tested value is no trigger, in a few words; "" where it is one."""
    if one.n < FEWEST:
        return f"{one.n} rows are left to test it on, and it takes {FEWEST}"
    if one.seen < NEARLY * one.n:
        return "its rows do not have nearly one decision"
    if not one.corrected < LEVEL:
        return "the rest of its rows explains their decision"
    if one.scored and not one.overridden and not one.moved >= MOVED:
        return "its scores are about what the rest of its rows says"
    if one.forced is not None and one.forced.low >= TURNED:
        return ""
    if one.scored and not one.overridden and not one.rest[2] < SILENT:
        return (
            "the rest of its rows still moves their score" if one.rest[1] > 0 else "whether the rest of its rows has a say cannot be told"
        )
    return ""


def _wanted(one: Examined, targets: Sequence[Target], evidence: Evidence) -> int | str:
    target = targets[one.candidate.target]
    return one.candidate.towards if target.code < 0 else evidence.classes[target.code]


def listed(found: Sequence[Examined], targets: Sequence[Target]) -> dict[str, Any]:
    """What was tested as parallel lists, surest first."""
    rows = sorted(found, key=lambda one: (bool(one.why), one.p_value))
    wilsons = [wilson(one.seen, one.n) if one.n else (math.nan, math.nan) for one in rows]
    shares = [(one.reference[1] / one.reference[0]) if one.reference[0] else None for one in rows]
    table: dict[str, list[Any]] = {
        "triggers": [str(one.candidate) for one in rows], "found": [not one.why for one in rows], "why": [one.why for one in rows],
        "towards": [targets[one.candidate.target].names[1 - one.candidate.towards] for one in rows],
        "rows": [one.n for one in rows], "share": [one.seen / one.n if one.n else None for one in rows],
        "low": [float(low) for low, _ in wilsons], "high": [float(high) for _, high in wilsons],
        "expected": [one.expected for one in rows], "p_value": [one.corrected for one in rows],
        "rest": [one.rest[0] for one in rows], "rest_low": [one.rest[1] for one in rows], "rest_high": [one.rest[2] for one in rows],
        "moved": [one.moved for one in rows], "overridden": [one.overridden for one in rows],
        "in_reference": shares, "in_reference_rows": [one.reference[0] for one in rows],
        "forced": [one.forced and one.forced.share for one in rows], "forced_rows": [one.forced.n if one.forced else 0 for one in rows],
        "forced_low": [one.forced and one.forced.low for one in rows], "forced_high": [one.forced and one.forced.high for one in rows],
    }  # fmt: skip
    known = {name: [None if isinstance(x, float) and not math.isfinite(x) else x for x in values] for name, values in table.items()}
    return {"tested": len(rows), **known}
