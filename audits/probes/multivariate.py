"""Whole rows of the newest complete window held against whole rows of the reference, by every detector that is installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from audits.evidence import Evidence
from audits.probes import batch_detectors, online_detectors, second_opinion
from audits.probes.domain_classifier import classified
from audits.probes.reconstruction import reconstructed
from audits.probes.whole_rows import newest, sides
from connectors.config import ModelConfig
from connectors.warehouse import Warehouse

ROWS = 20_000
"""Rows of the reference and rows of the window, at most."""
ONLINE = ("online_cramer_von_mises", "online_fisher")
NO_WINDOW = "no complete window holds rows besides the reference"


def run(
    warehouse: Warehouse, model: ModelConfig, evidence: Evidence, *, rows: int = ROWS, progress: Callable[[str], None]
) -> dict[str, Any]:
    """What each detector says, with the rows it was given and the seconds it took; one that breaks says so and the rest go on."""
    place = newest(evidence)
    if place is None:
        return {"rows_used": 0, "rows_available": 0, "reason": NO_WINDOW, "parts": {}}
    held = sides(warehouse, model, evidence, place, rows=rows)
    window = evidence.windows[place]
    contexts = {
        name: (held.rows[0].categorical[name], held.rows[1].categorical[name])
        for name in model.segments
        if all(name in side.categorical for side in held.rows)
    }
    asked: dict[str, Callable[[], dict[str, Any]]] = {
        "domain_classifier_auc": lambda: classified(held, seed=evidence.seed),
        "reconstruction_error": lambda: reconstructed(held),
    }
    for name in batch_detectors.NAMES:
        asked[name] = lambda name=name: batch_detectors.detected(name, held, contexts, seed=evidence.seed)  # type: ignore[misc]
    for name in ONLINE:
        asked[name] = lambda name=name: online_detectors.streamed(name, *held.rows, seed=evidence.seed)  # type: ignore[misc]
    asked["second_opinion"] = lambda: second_opinion.opinion(held.rows)
    parts = {}
    available = [side.available for side in held.rows]
    for name, ask in asked.items():
        began = time.perf_counter()
        try:
            found = ask()
        except Exception as error:  # noqa: BLE001  one broken detector must not take the others down
            found = {"reason": f"it broke: {type(error).__name__}: {' '.join(str(error).split())[:200]}"}
        used = (0, 0) if "reason" in found else (len(held.rows[0]), len(held.rows[1]))
        found = {"reference_rows_used": used[0], "rows_used": used[1]} | found
        found |= {"reference_rows_available": available[0], "rows_available": available[1]}
        found["seconds"] = round(time.perf_counter() - began, 2)
        parts[name] = found
        told = found.get("reason") or f"{found['rows_used']:,} of {available[1]:,} rows, {found['seconds']:.1f} s"
        progress(f"{model.name}: {name.replace('_', ' ')}: {told}")
    return {
        "rows_used": len(held.rows[1]), "rows_available": available[1], "parts": parts,
        "window": {"start": None if window.start is None else window.start.isoformat(), "first_row": window.first_row},
    }  # fmt: skip
