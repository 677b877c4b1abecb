"""Where quality figures stand: by column and window, or by version and window of the whole population."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import measurement
from audits.bins import ColumnBins
from audits.drift.readings import column_counts
from audits.estimate import Floats
from audits.evidence import ColumnCounts, Evidence
from audits.finding import Measurement
from audits.interval import proportion


def binned(evidence: Evidence) -> list[tuple[int, ColumnBins, ColumnCounts]]:
    """Features, score and latency: position in `Evidence.columns`, frozen bins, counts. Decision and outcome are not among them."""
    roles = evidence.model.columns
    return [
        (position, evidence.bins.by_name[name], column_counts(evidence, name))
        for position, name in enumerate(evidence.columns)
        if name not in (roles.decision, roles.outcome)
    ]


def valued(counts: ColumnCounts) -> Floats:
    """Rows with a value, by window: on the grid or in the vocabulary, other and unseen."""
    return np.asarray(counts.windows.sum(axis=-1) + counts.special["other"] + counts.special["unseen"])


def absent(counts: ColumnCounts) -> Floats:
    """Rows without a value, by window: missing and not-a-number."""
    return counts.special["missing"] + counts.special["not_a_number"]


def column_shares(
    name: str, column: int, hits: Floats, n: Floats, rows: Floats, *, tables: Mapping[int, dict[str, Any]] | None = None, reason: str = ""
) -> Measurement:
    """Shares hits / n of one column by window, wherever the window has rows; `tables` by window. A `reason` voids them all."""
    shown = np.flatnonzero(rows > 0)
    found = proportion(hits, np.zeros_like(n) if reason else n)
    value = found.value[shown]
    places = {window: i for i, window in enumerate(shown.tolist())}
    return measurement(
        name, "proportion", value=value, low=found.low[shown], high=found.high[shown], n=np.rint(n[shown]), method=found.method,
        window=shown, slice=0, column=column, reason=np.where(np.isfinite(value), "", reason or "every value is missing").astype(object),
        tables={places[window]: table for window, table in (tables or {}).items() if window in places},
    )  # fmt: skip


def single(
    name: str, unit: str, *, value: float | None, low: float | None, high: float | None, n: int, method: str, reason: str = ""
) -> Measurement:
    """One figure about the whole population over the whole period."""
    numbers: list[NDArray[np.float64]] = [np.asarray([np.nan if x is None else x]) for x in (value, low, high)]
    return measurement(name, unit, value=numbers[0], low=numbers[1], high=numbers[2], n=np.asarray([n]), method=method, reason=reason)


def single_share(name: str, hits: int, n: int, *, reason: str) -> Measurement:
    """One share over the whole period, with its Wilson interval; `reason` is given where n is 0."""
    found = proportion([hits], [n])
    return measurement(
        name, "proportion", value=found.value, low=found.low, high=found.high, n=found.n, method=found.method,
        reason="" if n else reason,
    )  # fmt: skip
