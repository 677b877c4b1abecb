"""The worst slices over features, as the row search found them: what the three `weak_spot_by_features` audits share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.slices import Slice
from audits.weak_spots.finding import nothing, spots
from audits.weak_spots.search import Excess, Measure

PROBE = "weak_spots"
UNSUPPORTED = "the rows hold nothing to measure it on"


def weak_spots_by_features(evidence: Evidence, name: str, unit: str, measure: Measure) -> Iterator[Measurement]:
    """The findings of one measure."""
    body = evidence.probes.get(PROBE)
    if body is None:
        return  # the run says that it was not asked for
    found = body.get("measures", {}).get(measure)
    listed = (found or {}).get("spots", [])
    if not listed:
        why = (found or {}).get("reason") or body.get("reason") or UNSUPPORTED
        yield nothing(name, unit, why, tested=(found or {}).get("tested", 0), n=body.get("rows_used", 0))
        return
    excess = Excess(
        value=_floats(listed, "excess"), low=_floats(listed, "low"), high=_floats(listed, "high"), p_value=_floats(listed, "p_value"),
        method=str(listed[0]["method"]),
    )  # fmt: skip
    n, people = _floats(listed, "n"), None
    if measure == "error_rate":
        rows = _floats(listed, "share") * float(body["rows_available"])
        people = (np.maximum(rows * excess.value, 0.0), np.maximum(rows * excess.low, 0.0), np.maximum(rows * excess.high, 0.0))
    yield spots(
        evidence, name, unit, [Slice.of(one["slice"]) for one in listed], excess, n=n, q_value=_floats(listed, "q_value"), people=people,
        tables=[_table(one, found, body, measure) for one in listed],
    )  # fmt: skip


def _floats(listed: list[dict[str, Any]], key: str) -> Floats:
    return np.asarray([one[key] for one in listed], dtype=np.float64)


def _table(one: Mapping[str, Any], found: Mapping[str, Any], body: Mapping[str, Any], measure: Measure) -> dict[str, Any]:
    """One slice's numbers for its reader, with what the search rests on."""
    left_out = ("slice", "excess", "low", "high", "p_value", "q_value", "method")
    return {
        **{key: value for key, value in one.items() if key not in left_out}, "measure": measure,
        **{key: found[key] for key in ("searched", "tested", "level", "rows_searched", "rows_tested")}, "found": len(found["spots"]),
        **{key: body[key] for key in ("rows_used", "rows_available", "created")},
    }  # fmt: skip
