"""Declared invariants counted on every row of the log: one scan, and exact cells by partition and group."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from audits.evidence import Evidence
from audits.probed_cells import ANALYSED, REFERENCE, ProbeTally
from connectors.config import ModelConfig
from connectors.invariant_check import kinds_of, problem
from connectors.invariant_grammar import Condition, parse
from connectors.schema import columns_of, model_schema
from connectors.warehouse import Warehouse

BROKEN, UNTOLD = "invariant_violations", "untold"
NONE = "the configuration declares no invariants: [[models.{model}.invariants]]"


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int | None = None, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Count on all rows of both sides how often each declared invariant is broken; `rows` limits nothing here.

    A condition that this log cannot be asked says why, and the others are counted.
    """
    began = time.perf_counter()
    if not model.invariants:
        return {"reason": NONE.format(model=model.name)}
    kinds = kinds_of(columns_of(warehouse.connection, model.name, "predictions"))
    listed: dict[str, dict[str, Any]] = {}
    conditions: dict[str, Condition] = {}
    for each in model.invariants:
        listed[each.name] = {"never": each.never, "severity": each.severity}
        try:
            found = parse(each.never)
        except ValueError as error:
            listed[each.name]["reason"] = str(error)
            continue
        why = problem(found, kinds)
        if why is None:
            conditions[each.name] = found
        else:
            listed[each.name]["reason"] = why
    parts = [_side(warehouse, model, evidence, conditions, side) for side in (ANALYSED, REFERENCE)] if conditions else []
    counted = sum(p.rows for p in evidence.tally.partitions)
    body: dict[str, Any] = {"invariants": listed, "rows_used": counted, "rows_available": counted, "topics": list(listed)}
    body["seconds"] = round(time.perf_counter() - began, 2)
    if parts:
        body["cells"] = parts[0] + parts[1]
    progress(f"{model.name}: {len(conditions)} invariants held against {counted:,} rows, {body['seconds']:.1f} s")
    return body


def _side(warehouse: Warehouse, model: ModelConfig, evidence: Evidence, conditions: Mapping[str, Condition], side: int) -> ProbeTally:
    """The cells of one side."""
    from audits.scan import Log, groupings
    from audits.scan.invariants import violations_by, violations_table

    partitions = (evidence.tally if side == ANALYSED else evidence.reference_tally).partitions
    engine = warehouse.engine
    log = Log(predictions=engine.table(model_schema(model.name), "predictions"), outcomes=None, model=model)
    names = [grouping.column for grouping in groupings(log)]
    protected = [i for i, name in enumerate(names) if name in model.attributes]
    records: dict[str, list[Any]] = {}
    try:
        counted = engine.hold(violations_table(log, evidence.bins, list(conditions.values()), [p.number for p in partitions]))
        for family in (protected, *([i] for i in range(len(names)) if i not in protected)):
            table = engine.execute(violations_by(counted, family, len(conditions)))
            for name, values in _records(table, evidence, {names[i]: f"level{i}" for i in family}, tuple(conditions)).items():
                records.setdefault(name, []).extend(values)
    finally:
        engine.release()
    of_number = {p.number: p for p in partitions}
    parts = [of_number[number] for number in records.pop("partition")]
    where: dict[str, Sequence[Any]] = {"version": [p.version for p in parts], "bucket": [p.bucket for p in parts]}
    return ProbeTally.of_records({**records, **where, "side": [side] * len(parts)})


def _records(table: Any, evidence: Evidence, levels: Mapping[str, str], names: Sequence[str]) -> dict[str, list[Any]]:
    """One record for each condition, partition and slice that some groupings tell apart; all are 0 or 1 a row, so squares are sums."""
    held = {name: table.column(column).to_pylist() for name, column in levels.items()}
    number = np.asarray(table.column("partition").to_pylist(), dtype=np.int64)
    whole = not levels or any(name in evidence.model.attributes for name in levels)
    sets = {found.attributes for found in evidence.slices if set(found.attributes) <= set(levels) and (found.attributes or whole)}
    found: dict[str, list[Any]] = {name: [] for name in ("partition", "slice", "quantity", "column", "n", "total", "squares")}
    for attributes in sorted(sets):
        order = {tuple(level for _, level in one.levels): i for i, one in enumerate(evidence.slices) if one.attributes == attributes}
        place = np.asarray([order.get(pair, -1) for pair in zip(*(held[name] for name in attributes), strict=True)], dtype=np.int64)
        place = place if attributes else np.zeros(len(number), dtype=np.int64)
        for index, name in enumerate(names):
            sums = {key: np.asarray(table.column(f"{key}{index}").to_pylist(), dtype=np.float64) for key in ("broken", "told")}
            rows = np.asarray(table.column("rows").to_pylist(), dtype=np.float64)
            for quantity, total, n in ((BROKEN, sums["broken"], sums["told"]), (UNTOLD, rows - sums["told"], rows)):
                kept = (place >= 0) & (n > 0)
                found["partition"] += number[kept].tolist()
                found["slice"] += [evidence.slices[i].to_json() for i in place[kept]]
                found["quantity"] += [quantity] * int(kept.sum())
                found["column"] += [name] * int(kept.sum())
                found["n"] += n[kept].tolist()
                found["total"] += total[kept].tolist()
                found["squares"] += total[kept].tolist()
    return found
