"""Rates of rows that a probe of the log has marked, as measurements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.probed_cells import over_cells

QUERIES, OUTCOME_FLIPS = "queries", "outcome_flips"


def marked_rate(evidence: Evidence, probe: str, name: str) -> Iterator[Measurement]:
    """Marked rows over all rows, by version, window and slice; where the log cannot tell, one figure that says why."""
    why = unknown(evidence, probe, name)
    if why:
        yield why
        return
    tables: dict[str, Any] = evidence.probes.get(probe, {}).get("tables", {})
    yield from over_cells(evidence, probe, name, "proportion", columns=[""], tables=lambda cells, column: tables.get(name))


def unknown(evidence: Evidence, probe: str, name: str, *, unit: str = "proportion") -> Measurement | None:
    """A figure without a value, with the probe's reason; None where it gave none."""
    reason = evidence.probes.get(probe, {}).get("reasons", {}).get(name)
    if reason is None:
        return None
    nothing = np.full(1, np.nan)
    return measurement(name, unit, value=nothing, low=nothing, high=nothing, n=np.zeros(1), method="", reason=str(reason))
