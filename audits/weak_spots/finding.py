"""How weak spots are laid out: the measurement that both searches, over groups and over features, give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from audits.audit import measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.slices import Slice
from audits.weak_spots.search import Excess


def spots(
    evidence: Evidence, name: str, unit: str, slices: Sequence[Slice], excess: Excess, *, n: Floats, q_value: Floats,
    people: tuple[Floats, Floats, Floats] | None, tables: Sequence[Mapping[str, Any]],
) -> Measurement:  # fmt: skip
    """One finding a slice, in the given order, over the whole period; slices the evidence does not report bring their own name."""
    order = {one: position for position, one in enumerate(evidence.slices)}
    named = tuple(dict.fromkeys(one for one in slices if one not in order))
    order |= {one: len(evidence.slices) + position for position, one in enumerate(named)}
    place = np.asarray([order[one] for one in slices], dtype=np.int64)
    found = measurement(
        name, unit, value=excess.value, low=excess.low, high=excess.high, n=np.rint(n), method=f"{excess.method}, widened for the choice",
        slice=place, p_value=excess.p_value, tables={i: dict(table) for i, table in enumerate(tables)},
    )  # fmt: skip
    return replace(found, named=named, q_value=q_value, people=people)


def nothing(name: str, unit: str, reason: str, *, tested: int = 0, n: float = 0.0) -> Measurement:
    """One finding without a value: what was looked for and not found, or why it could not be."""
    none = np.full(1, np.nan)
    tables = {0: {"tested": tested, "found": 0}} if tested else {}
    return measurement(name, unit, value=none, low=none, high=none, n=np.asarray([round(n)]), method="", reason=reason, tables=tables)


def number(value: float) -> float | None:
    """A number for a table; None where it cannot be computed."""
    return float(value) if np.isfinite(value) else None
