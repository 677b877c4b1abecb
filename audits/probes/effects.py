"""How the answers follow each input: partial dependence, ICE and accumulated local effects over rows of the reference."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from audits.evidence import Evidence
from audits.probes.curves import accumulated, axis, curve_shares, edge_shares, partial
from audits.probes.level_order import order_of
from audits.probes.model_rows import ModelRows, Side, read_rows
from audits.probes.scorer import Scorer, scorers
from connectors.config import ModelConfig
from connectors.errors import CandorError
from connectors.warehouse import Warehouse

ROWS = 2_000
"""Rows that each input is varied in, at most: each is asked about some sixty times an input."""

LEAST = 500
"""Rows of the reference, below which the analysed period is asked instead."""

SECONDS = 30.0
"""When they are up, the inputs that are left get a reason instead of curves."""

LATE = "not reached within {seconds:.0f} s; with fewer rows (--rows) more inputs are"


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, progress: Callable[[str], None],
    seconds: float = SECONDS,
) -> dict[str, Any]:  # fmt: skip
    """Curves of every input of every release, over the same rows: those of the reference, or of the analysed period where it is small."""
    began = time.monotonic()
    side: Side = "reference" if sum(p.rows for p in evidence.reference_tally.partitions) >= LEAST else "analysed"
    try:
        with scorers(warehouse, model, evidence, progress=progress) as found:
            names = tuple(dict.fromkeys(name for scorer in found for name in scorer.names))
            held = read_rows(warehouse, model, evidence, rows=min(rows, ROWS), side=side, extra=names)
            releases = []
            for i, scorer in enumerate(found, start=1):
                whose = "" if scorer.version is None else f" of version {scorer.version}"
                progress(f"{model.name}: effects of {len(scorer.names)} inputs{whose}, {len(held):,} rows")
                releases.append(_release(scorer, held, began + seconds * i / len(found), LATE.format(seconds=seconds)))
            kind = found[0].kind
    except CandorError as error:
        return {"reason": str(error), "rows_used": 0, "rows_available": 0, "seconds": round(time.monotonic() - began, 2)}
    return {
        "kind": kind, "releases": releases, "side": side, "topics": list(names), **held.receipt(),
        "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip


def _release(scorer: Scorer, rows: ModelRows, until: float, late: str) -> dict[str, Any]:
    """One release's curves; after `until` the reason why there are no more."""
    table = rows.table.select(list(scorer.names))
    columns: list[dict[str, Any]] = []
    left: list[str] = []
    for name in scorer.names:
        if time.monotonic() > until:
            left.append(name)
            columns.append({"column": name, "kind": "left out", "partial": {"reason": late}, "accumulated": {"reason": late}})
            continue
        column = table.column(name)
        points, edges = axis(column, curve_shares()), axis(column, edge_shares(len(column) - column.null_count))
        if points is None or edges is None:
            reason = {"reason": "all rows have the same value"}
            columns.append({"column": name, "kind": "constant", "partial": reason, "accumulated": reason})
            continue
        order = None if edges.numeric else order_of(table, name, edges.place, len(edges))
        columns.append(
            {
                "column": name, "kind": "numeric" if edges.numeric else "categorical",
                "partial": partial(scorer.answer, table, name, points),
                "accumulated": accumulated(scorer.answer, table, name, edges, order),
            }
        )  # fmt: skip
    return {"version": scorer.version, "fingerprint": scorer.fingerprint, "target": scorer.target, "columns": columns, "left_out": left}
