"""Signs of attacks in who asks what: clients that feel for the cut-off, copy the model, replay requests or flood it. All rows are read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from audits.evidence import Evidence
from audits.probed_cells import ProbeTally
from audits.probes.copying import copied
from audits.probes.marked_rows import Marked, tally_of_marks
from audits.probes.request_scan import requests_of
from audits.probes.request_signs import Said, boundary, flooded, replayed
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

NOBODY = "the log names neither a client nor a unit, so nobody knows who asked what"
WITHOUT_CLIENT = "the log names no client: who asks is taken from the unit"


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int | None = None, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Look for the four signs in all rows; `rows` limits nothing here. What the log cannot tell says why, and the rest goes on."""
    began = time.perf_counter()
    asked: dict[str, Callable[[Any], Said]] = {
        "boundary_probe_rate": boundary, "extraction_score": copied, "replay_rate": replayed, "flood_rate": flooded,
    }  # fmt: skip
    body: dict[str, Any] = {"reasons": {}, "tables": {}}
    marks: dict[str, Marked] = {}
    with requests_of(warehouse, model, evidence) as found:
        for name, look in asked.items():
            started = time.perf_counter()
            said = look(found)
            if said.reason:
                body["reasons"][name] = said.reason
            if said.marked is not None:
                marks[name] = said.marked
            body["tables"][name] = said.table
            body |= said.extra
            told = said.reason or said.told
            progress(f"{model.name}: {name.replace('_', ' ')}: {told}, {time.perf_counter() - started:.1f} s")
        cells: ProbeTally | None = tally_of_marks(evidence, found.every(), marks) if marks else None
        body |= {
            "by": found.by, "who": found.client, "cut_off": dict(found.cuts) or None,
            "features_used": [each.name for each in found.readings], "note": {"unit": WITHOUT_CLIENT, "": NOBODY}.get(found.by, ""),
        }  # fmt: skip
    every = sum(p.rows for p in evidence.tally.partitions)
    body |= {"rows_used": every, "rows_available": every, "seconds": round(time.perf_counter() - began, 2)}
    return body | ({} if cells is None else {"cells": cells})
