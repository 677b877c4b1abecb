"""Outcomes that somebody turned round: of a client, a group or a segment, for a while, against what scores led to expect. All rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.performance.maturity import immature
from audits.probes.flip_campaigns import ALPHA, DIRECTIONS, LEAST_ROWS, Campaign, Scene, again, searched, shared_by
from audits.probes.marked_rows import Marked, marked_of, tally_of_marks
from audits.probes.request_scan import column, texts
from connectors.config import ModelConfig
from connectors.partitions import Partition
from connectors.schema import model_schema
from connectors.warehouse import Engine, Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

NAME = "outcome_flip_rate"
LISTED = 20
LEAST_LABELLED = 200
"""Labelled rows of the reference that chances are learned on; with fewer, all labelled rows are taken."""
TOWARDS = 5.0
"""Rows' worth of the overall share that each bin of the score is drawn towards."""
NO_OUTCOME = "no outcome is known, so none can have been turned round"
NO_FAVORABLE = "only outcomes of which one is called favorable can be held against scores here"
NO_SCORE = "no prediction carries a score or a decision to hold outcomes against"
IMMATURE = "no window has all of its outcomes yet"
NOBODY = "the log names no client, unit, group or segment: a campaign cannot be told from a changed world"
HISTORY = "an outcome that is reported one way and then another counts as first reported: the later one is a duplicate and not kept"


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way of telling rows apart: its column in the held table, its name to readers, its levels and sums."""

    column: str
    name: str
    levels: Sequence[str]
    scene: Scene


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int | None = None, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Search all labelled rows for stretches of buckets, by client, group and segment; `rows` limits nothing here."""
    began = time.perf_counter()
    why = _lacking(model, evidence)
    if why:
        return {"reason": why}
    from audits.scan import Log, groupings, outcomes_told

    engine, schema = warehouse.engine, model_schema(model.name)
    log = Log(predictions=engine.table(schema, "predictions"), outcomes=engine.table(schema, "outcomes"), model=model)
    names = tuple(each.column for each in groupings(log))
    client = next((name for name in (model.columns.client, model.columns.unit) if log.has(name)), None)
    reference = [p.number for p in evidence.reference_tally.partitions]
    every = sorted({*reference, *(p.number for p in evidence.tally.partitions)})
    try:
        held = engine.hold(outcomes_told.told(log, evidence.bins, every, client=client))
        counted_in = _mature(evidence)
        if not counted_in:
            return {"reason": IMMATURE}
        chances, overall, learned = _chances(engine, held, reference, every)
        if not learned:
            return {"reason": NO_OUTCOME}
        expected = engine.hold(outcomes_told.expected(held, chances, overall))
        ways = _ways(engine, expected, evidence, counted_in, names, client)
        if not ways:
            return {"reason": NOBODY}
        found, tested = _campaigns(engine, expected, counted_in, ways, len(names))
        counted = expected.filter(expected["partition"].isin([p.number for p in counted_in]))
        levels = [f"level{place}" for place in range(len(names))]
        labelled = marked_of(engine.execute(counted.group_by(["partition", *levels]).aggregate(n=counted.count())), names)
        marked = _marked(engine, expected, counted_in, found, names)
    finally:
        engine.release()
    n = int(labelled.n.sum())
    table = {
        "campaigns": [_told(evidence, counted_in, way, one) for way, one in found[:LISTED]], "in_all": len(found), "tested": tested,
        "learned_on": "reference" if learned == "reference" else "all labelled rows",
    }  # fmt: skip
    body: dict[str, Any] = {
        "cells": tally_of_marks(evidence, labelled, {NAME: marked}), "note": HISTORY, "who": client, "rows_used": n,
        "rows_available": evidence.coverage.labelled,
        "tables": {NAME: table}, "seconds": round(time.perf_counter() - began, 2),
    }  # fmt: skip
    progress(f"{model.name}: {len(found)} campaigns among {n:,} outcomes, {tested:,} stretches looked at, {body['seconds']:.1f} s")
    return body


def _lacking(model: ModelConfig, evidence: Evidence) -> str:
    if model.task != "binary" or model.favorable is None:
        return NO_FAVORABLE
    if model.columns.outcome is None or not evidence.coverage.labelled:
        return NO_OUTCOME
    return NO_SCORE if evidence.bins.score_bins is None and model.columns.decision is None else ""


def _chances(engine: Engine, held: ir.Table, reference: list[int], every: list[int]) -> tuple[list[tuple[int, float]], float, str]:
    """The chance of a favorable outcome by bin of the score, overall, and what it was learned on; "" where nothing is labelled."""
    from audits.scan import outcomes_told

    for name, numbers in (("reference", reference), ("all", every)):
        table = engine.execute(outcomes_told.by_bin(held, numbers))
        n, good = column(table, "n"), np.nan_to_num(column(table, "favorable"))
        if n.sum() >= (LEAST_LABELLED if name == "reference" else 1):
            overall = float(good.sum() / n.sum())
            share = (good + TOWARDS * overall) / (n + TOWARDS)
            bins = column(table, "bin").astype(np.int64)
            return list(zip(bins.tolist(), share.tolist(), strict=True)), overall, name
    return [], 0.5, ""


def _mature(evidence: Evidence) -> list[Partition]:
    """The partitions of windows whose outcomes are all in: those that come early are not like those that come late."""
    whys = immature(evidence)
    ripe = [span for span, why in zip(evidence.spans[1:], whys[1:], strict=True) if not why]
    return [p for p in evidence.tally.partitions if any(first <= p.bucket < end for first, end in ripe)]


def _ways(
    engine: Engine, expected: ir.Table, evidence: Evidence, partitions: Sequence[Partition], names: Sequence[str], client: str | None
) -> list[Way]:
    """The sums of each way of telling rows apart: by client, and by each group and segment."""
    from audits.scan import outcomes_told

    places = [("client", client, outcomes_told.of_clients(expected, LEAST_ROWS))] if client is not None else []
    asked = [*places, *((f"level{place}", name, expected) for place, name in enumerate(names))]
    everybody = engine.execute(outcomes_told.sums_by(expected, ["partition"]))
    found = []
    for key, name, rows in asked:
        table = engine.execute(outcomes_told.sums_by(rows, ["partition", key]))
        levels = tuple(sorted({text for text in texts(table, key).tolist() if text is not None}))
        if levels and (key == "client" or len(levels) > 1):
            found.append(Way(column=key, name=str(name), levels=levels, scene=_scene(evidence, partitions, table, key, levels, everybody)))
    return found


def _scene(
    evidence: Evidence, partitions: Sequence[Partition], table: Any, key: str, levels: Sequence[str], everybody: Any
) -> Scene:
    sides = []
    for held in (partitions, evidence.reference_tally.partitions):
        buckets = _buckets(held)
        at = {p.number: buckets.index(p.bucket) for p in held}
        sides.append((_laid(table, key, levels, at, len(buckets)), _laid(everybody, None, [""], at, len(buckets))[0]))
    overlap = {p.number for p in partitions} & {p.number for p in evidence.reference_tally.partitions}
    past = 0.0 if overlap else 1.0  # a first window that is the reference is analysed as well
    return Scene(
        now=sides[0][0], everybody=sides[0][1], past=past * sides[1][0].sum(axis=1), past_everybody=past * sides[1][1].sum(axis=0),
        reference=sides[1][0], open_ended=key == "client",
    )  # fmt: skip


def _laid(table: Any, key: str | None, levels: Sequence[str], at: dict[int, int], buckets: int) -> Floats:
    """Sums by [level, bucket, quantity]; lines of other partitions are left out."""
    from audits.scan.outcomes_told import SUMS

    order = {name: place for place, name in enumerate(levels)}
    named = texts(table, key).tolist() if key is not None else [""] * table.num_rows
    place = np.asarray([order.get(name, -1) for name in named], dtype=np.int64)
    bucket = np.asarray([at.get(int(number), -1) for number in column(table, "partition").tolist()], dtype=np.int64)
    kept = (place >= 0) & (bucket >= 0)
    found = np.zeros((len(levels), buckets, len(SUMS)))
    values = np.stack([np.nan_to_num(column(table, name)) for name in SUMS], axis=1)
    np.add.at(found, (place[kept], bucket[kept]), values[kept])
    return found


def _campaigns(
    engine: Engine, expected: ir.Table, partitions: Sequence[Partition], ways: Sequence[Way], groupings: int
) -> tuple[list[tuple[Way, Campaign]], int]:
    """Campaigns, surest first; each without the rows of those before it, so that none is named for what another did, and beyond what
    others of the same groups and versions share at the time."""
    looked = [(way, *searched(way.scene)) for way in ways]
    tested = sum(count for _, _, count in looked)
    line = ALPHA / max(tested, 1)
    hopeful = sorted(((way, one) for way, found, _ in looked for one in found if one.p_value <= line), key=lambda pair: pair[1].p_value)
    kept: list[tuple[Way, Campaign]] = []
    for way, found in hopeful[: 5 * LISTED]:
        inside, everybody = _strata(engine, expected, partitions, (way, found), kept, groupings)
        one = again(found, inside.sum(axis=0), way.scene, shared_by(inside, everybody))
        if one.p_value <= line:
            kept.append((way, one))
    return kept, tested


def _strata(
    engine: Engine, expected: ir.Table, partitions: Sequence[Partition], one: tuple[Way, Campaign],
    others: Sequence[tuple[Way, Campaign]], groupings: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Sums by [stratum, quantity] of a campaign's rows and of everybody's at the time, without the rows of other campaigns.

    Strata are versions of the model and cells of all groups and segments but the campaign's own.
    """
    from audits.scan import outcomes_told

    part = _part(partitions, *one)
    rows = outcomes_told.beyond(expected, [_part(partitions, *each) for each in others])
    keys = [f"level{place}" for place in range(groupings) if f"level{place}" != one[0].column]
    asked = (outcomes_told.within(rows, part), rows.filter(rows["partition"].isin(list(part.partitions))))
    version = {p.number: p.version for p in partitions}
    found, order = [], dict[Any, int]()
    for some in asked:
        table = engine.execute(outcomes_told.sums_by(some, ["partition", *keys]))
        lines = list(zip(*(table.column(name).to_pylist() for name in ("partition", *keys)), strict=True))
        place = np.asarray([order.setdefault((version[line[0]], *line[1:]), len(order)) for line in lines], dtype=np.int64)
        values = np.stack([np.nan_to_num(column(table, name)) for name in outcomes_told.SUMS], axis=1)
        found.append((place, values))
    laid = [np.zeros((max(len(order), 1), len(outcomes_told.SUMS))) for _ in found]
    for target, (place, values) in zip(laid, found, strict=True):
        np.add.at(target, place, values)
    return laid[0], laid[1]


def _part(partitions: Sequence[Partition], way: Way, one: Campaign) -> Any:
    from audits.scan.outcomes_told import Part

    buckets = set(_buckets(partitions)[one.start : one.end])
    return Part(column=way.column, level=way.levels[one.cell], partitions=[p.number for p in partitions if p.bucket in buckets])


def _buckets(partitions: Sequence[Partition]) -> list[int]:
    return sorted({p.bucket for p in partitions})


def _marked(
    engine: Engine, expected: ir.Table, partitions: Sequence[Partition], found: Sequence[tuple[Way, Campaign]], names: tuple[str, ...]
) -> Marked:
    """The outcomes of campaigns, each weighed by how likely it is that it was turned round: the excess over all that went this way."""
    from audits.scan import outcomes_told

    parts: list[Marked] = []
    for place, (way, one) in enumerate(found):
        rows = outcomes_told.beyond(expected, [_part(partitions, *each) for each in found[:place]])
        favorable = (False, True, None)[one.direction]
        table = engine.execute(outcomes_told.marked(rows, _part(partitions, way, one), favorable=favorable, levels=len(names)))
        hit = marked_of(table, names)
        parts.append(replace(hit, weight=hit.n * min(one.excess / max(one.contradicted, 1.0), 1.0)))
    levels = {name: np.concatenate([np.zeros(0, dtype=object), *(part.levels[name] for part in parts)]) for name in names}
    return Marked(
        partition=np.concatenate([np.zeros(0, dtype=np.int64), *(part.partition for part in parts)]), levels=levels,
        n=np.concatenate([np.zeros(0), *(part.n for part in parts)]), weight=np.concatenate([np.zeros(0), *(p.weight for p in parts)]),
    )  # fmt: skip


def _told(evidence: Evidence, partitions: Sequence[Partition], way: Way, one: Campaign) -> dict[str, Any]:
    """A campaign for readers; first and last name windows by their start, or their first row."""
    buckets = _buckets(partitions)[one.start : one.end]
    held = [
        window for (first, end), window in zip(evidence.spans[1:], evidence.windows[1:], strict=True)
        if any(first <= bucket < end for bucket in buckets)
    ]  # fmt: skip
    ends = [None if window.start is None else window.start.isoformat() for window in (held[0], held[-1])]
    return {
        "by": "client" if way.column == "client" else way.name, "column": way.name, "level": way.levels[one.cell],
        "direction": DIRECTIONS[one.direction], "first": ends[0], "last": ends[1], "first_row": held[0].first_row,
        "last_row": held[-1].last_row, "rows": int(one.n), "contradicted": int(one.contradicted), "expected": round(one.expected, 1),
        "p_value": one.p_value,
    }  # fmt: skip
