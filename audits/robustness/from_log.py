"""Rates of rows that a probe of the log has marked, as measurements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np

from audits.audit import measurement
from audits.estimate import Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import over_cells

QUERIES, OUTCOME_FLIPS = "queries", "outcome_flips"


def marked_rate(evidence: Evidence, probe: str, name: str) -> Iterator[Measurement]:
    """Marked rows over all rows, for everybody, by window; where the log cannot tell, one figure that says why.

    Groups are not listed: an attack is one finding, and not another for each group that its rows belong to.
    """
    why = unknown(evidence, probe, name)
    if why:
        yield why
        return
    tables: dict[str, Any] = evidence.probes.get(probe, {}).get("tables", {})
    for block in over_cells(evidence, probe, name, "proportion", columns=[""], tables=lambda cells, column: tables.get(name)):
        yield _kept(block, np.flatnonzero((block.slice == 0) & (block.version == 0)))


def _kept(block: Measurement, places: Integers) -> Measurement:
    """Some of the figures of a measurement."""
    parts: dict[str, Any] = {
        field.name: value[places]
        for field in fields(block)
        if isinstance(value := getattr(block, field.name), np.ndarray) and field.name != "q_value"
    }
    order = {int(place): position for position, place in enumerate(places.tolist())}
    return replace(block, **parts, tables={order[place]: table for place, table in block.tables.items() if place in order})


def unknown(evidence: Evidence, probe: str, name: str, *, unit: str = "proportion") -> Measurement | None:
    """A figure without a value, with the probe's reason; None where it gave none."""
    reason = evidence.probes.get(probe, {}).get("reasons", {}).get(name)
    if reason is None:
        return None
    nothing = np.full(1, np.nan)
    return measurement(name, unit, value=nothing, low=nothing, high=nothing, n=np.zeros(1), method="", reason=str(reason))
