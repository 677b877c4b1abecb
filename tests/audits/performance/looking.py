"""Looking up one figure of an audit."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np

from audits.evidence import Evidence
from audits.registry import find


def figure(evidence: Evidence, name: str, slice: Mapping[str, str] | None = None, column: str | None = None) -> SimpleNamespace:
    """The one figure over the whole period, all versions together, about a slice and, in a multiclass task, a class."""
    wanted = tuple(sorted((slice or {}).items()))
    for block in find(name)(evidence):
        for i in np.flatnonzero((block.window == 0) & (block.version == 0)):
            topic = evidence.topics[block.column[i]] if block.column[i] >= 0 else None
            if evidence.slices[block.slice[i]].levels == wanted and topic == column:
                numbers = {key: float(getattr(block, key)[i]) for key in ("value", "low", "high")}
                said = {"n": int(block.n[i]), "method": block.method[i], "reason": block.reason[i], "tables": block.tables.get(int(i))}
                return SimpleNamespace(**numbers, **said)
    raise LookupError(f"{name} of {slice} about {column}")
