"""What the multivariate probe has found, as measurements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from audits.audit import measurement
from audits.evidence import Evidence
from audits.finding import Measurement

PROBE = "multivariate"
_KEPT = {"value", "low", "high", "p_value", "method", "n", "reason"}


def part(evidence: Evidence, name: str, unit: str) -> Iterator[Measurement]:
    """One finding about the window that the probe looked at; none where it was not run, or the window is no longer one of the log's."""
    body = evidence.probes.get(PROBE)
    if body is None:
        return
    found: dict[str, Any] = body["parts"].get(name) or {"reason": body.get("reason", "not run")}
    place = _window(evidence, body.get("window"))
    if place is None:
        return

    def number(key: str) -> Any:
        return np.asarray([np.nan if found.get(key) is None else found[key]], dtype=np.float64)

    yield measurement(
        name, unit, value=number("value"), low=number("low"), high=number("high"), p_value=number("p_value"), window=place, slice=0,
        n=np.asarray([found.get("n", found.get("rows_used", 0))]), method=str(found.get("method", "")), reason=str(found.get("reason", "")),
        tables={0: {key: value for key, value in found.items() if key not in _KEPT} | {"created": body.get("created")}},
    )  # fmt: skip


def _window(evidence: Evidence, told: dict[str, Any] | None) -> int | None:
    if told is None:
        return 0
    for place, window in enumerate(evidence.windows[1:], start=1):
        start = None if window.start is None else window.start.isoformat()
        if (start, window.first_row) == (told["start"], told["first_row"]):
            return place
    return None


def counted(evidence: Evidence, name: str) -> Iterator[Measurement]:
    """Columns that another tool calls drifted out of those it compared."""
    from audits.interval import wilson

    for block in part(evidence, name, "proportion"):
        table = block.tables[0]
        drifted, compared = table.pop("drifted", None), table.pop("compared", None)
        if drifted is None:
            yield block
            continue
        low, high = wilson(drifted, compared)
        value = np.asarray([drifted / compared])
        yield replace(block, value=value, low=np.atleast_1d(low), high=np.atleast_1d(high), n=np.asarray([compared]),
                      method=np.asarray(["wilson"], dtype=object))  # fmt: skip
