"""Why a figure changed between the reference and a window, from rows: broken data, who came, what the world did, outcomes not in yet."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from audits.asked_window import position_of
from audits.drift.moments import moments_by_window, reference_moments
from audits.evidence import Evidence
from audits.performance.maturity import immature, present
from audits.probes.drop_apart import FEWEST, Question, in_time, periods, take_apart
from audits.probes.drop_repair import Broken, broken_columns
from audits.probes.drop_rows import Flags, Rows, read
from audits.window import DAY, EPOCH
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

ROWS = 30_000
"""Rows of both periods together."""


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, progress: Callable[[str], None],
    window: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Take apart the changes of what the log can say: approvals, accuracy, ranking, base rate, or the error of a regression.

    Parameters
    ----------
    rows
        The most rows to read, half of them of the reference.
    window
        The window to hold against the reference; by default, for each metric the newest complete one with enough rows.

    Returns what `Evidence.probes["drop"]` is to hold: a receipt of the rows, and for each metric its change in parts or why there are none.
    """
    started = time.monotonic()
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    chosen = [position_of(evidence.windows, window)] * 2 if window is not None else newest(evidence)
    base: dict[str, Any] = {"created": now.isoformat(timespec="seconds") + "Z", "budget": rows, "metrics": {}}
    if all(place is None for place in chosen):
        return base | {"rows_used": 0, "rows_available": 0, "reason": f"no complete window after the reference has {FEWEST} rows"}
    held = read(warehouse, model, evidence, evidence.reference_tally.partitions, rows=rows // 2)
    used, available = len(held), held.available
    metrics: dict[str, Any] = {}
    for place in dict.fromkeys(place for place in chosen if place is not None):
        first, end = evidence.spans[place]
        partitions = [p for p in evidence.tally.partitions if first <= p.bucket < end]
        seen = read(warehouse, model, evidence, partitions, rows=rows // 2)
        used, available = used + len(seen), available + seen.available
        progress(f"{model.name}: taking changes apart on {len(held):,} and {len(seen):,} of {held.available:,} and {seen.available:,} rows")
        for outcomes, at in enumerate(chosen):
            if at == place:
                metrics |= answers(held, seen, evidence, outcomes=bool(outcomes), place=place)
    return base | {
        "rows_used": used, "rows_available": available, "seconds": round(time.monotonic() - started, 1), "metrics": metrics,
        "reason": "" if metrics else "the log has neither decisions nor outcomes to take a change apart of",
    }  # fmt: skip


def newest(evidence: Evidence) -> list[int | None]:
    """The windows to look at for decisions and for outcomes: the newest complete ones with enough rows, the reference's own left out.

    Windows whose outcomes are still coming are taken only where the log says how long they take.
    """
    said = immature(evidence)
    first = 2 if evidence.reference.kind == "first window" else 1
    timed = evidence.model.columns.outcome_time is not None
    found: list[int | None] = []
    for rows, judged in ((evidence.counts.rows[0, :, 0], False), (evidence.counts.labelled[0, :, 0], True)):
        able = [
            place for place in range(len(evidence.windows) - 1, first - 1, -1)
            if rows[place] >= FEWEST and not evidence.windows[place].partial and not (judged and said[place] and not timed)
        ]  # fmt: skip
        found.append(able[0] if able else None)
    return found


def answers(before: Rows, now: Rows, evidence: Evidence, *, outcomes: bool, place: int) -> dict[str, Any]:
    """Each metric about decisions, or about outcomes, by its name."""
    moment = present(evidence)
    days = np.nan if moment is None else (moment - EPOCH).total_seconds() / DAY
    ages = days - now.time
    known = [_known(rows, evidence, outcomes=outcomes) for rows in (before, now)]
    sides = before.where(known[0]), now.where(known[1])
    if min(len(side) for side in sides) < FEWEST:
        return {}
    timely = in_time(sides[0], ages) if outcomes else None
    setting = periods(*sides, broken_columns(*sides), in_time=timely, seed=evidence.seed)
    setting = replace(setting, step=step_at_onset(evidence, setting.mapped, place))
    found = {}
    period = evidence.windows[place]
    where = {
        "start": None if period.start is None else period.start.isoformat(), "end": None if period.end is None else period.end.isoformat(),
        "first_row": period.first_row, "last_row": period.last_row,
    }  # fmt: skip
    for asked in questions(*sides, evidence, outcomes=outcomes, timed=timely is not None):
        found[asked.name] = {"window": where, **take_apart(asked, setting, seed=evidence.seed)}
    return found


def step_at_onset(evidence: Evidence, mapped: Sequence[Broken], place: int) -> float | None:
    """By how much the model's mean answer moved from the window before a column's scale changed to the first window with it, from tallies.

    None where no column changed its scale, or not between two windows that both have answers.
    """
    scaled = [one for one in mapped if one.factor is not None and one.column in evidence.tally.columns]
    counts = evidence.counts
    total, n = counts.selected[0, :, 0], counts.decided[0, :, 0]
    if "score" in counts.sums and counts.total("scored")[0, 0, 0] > 0 and evidence.model.task != "multiclass":
        total, n = counts.total("score")[0, :, 0], counts.total("scored")[0, :, 0]
    if not scaled:
        return None
    column = evidence.tally.columns.index(scaled[0].column)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.log(np.abs(moments_by_window(evidence).mean[column] / reference_moments(evidence).mean[column, 0]))
        answers = total / n
    half = np.log(scaled[0].factor or 1.0) / 2
    broken = np.abs(means - 2 * half) < abs(half)
    first = place
    while first > 1 and broken[first - 1]:
        first -= 1
    if first < 2 or not broken[first] or not abs(means[first - 1]) < abs(half):
        return None
    found = float(answers[first] - answers[first - 1])
    return found if np.isfinite(found) else None


def _known(rows: Rows, evidence: Evidence, *, outcomes: bool) -> Flags:
    if not outcomes:
        return np.isfinite(rows.decision)
    answer = rows.score if evidence.model.task == "regression" else rows.decision
    return np.asarray(np.isfinite(rows.outcome) & np.isfinite(answer))


def questions(before: Rows, now: Rows, evidence: Evidence, *, outcomes: bool, timed: bool) -> list[Question]:
    """What is asked of rows with a decision, or with an outcome too."""
    sides, task = (before, now), evidence.model.task

    def of(name: str, *values: Any, auc: bool = False) -> Question:
        return Question(
            name=name, kind="auc" if auc else "mean", before=values[0].astype(np.float64), now=values[1].astype(np.float64),
            of_outcomes=outcomes, timed=timed,
        )  # fmt: skip

    if task == "regression":
        return [of("mean_absolute_error", *(np.abs(r.score - r.outcome) for r in sides))] if outcomes else []
    if not outcomes:
        return [of("selection_rate", *(r.decision for r in sides))] if task == "binary" else []
    found = [of("accuracy", *(r.decision == r.outcome for r in sides))]
    if task == "binary":
        found.append(of("base_rate", *(r.outcome for r in sides)))
        positive = [r.outcome if evidence.model.same else 1 - r.outcome for r in sides]
        scored = all(np.isfinite(r.score).all() for r in sides)
        if scored and all(10 <= y.sum() <= len(y) - 10 for y in positive):
            found.append(of("roc_auc", *positive, auc=True))
    return found
