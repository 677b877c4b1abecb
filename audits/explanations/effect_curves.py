"""How the probe of effects is told: one figure a column and release, its curve in the tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from audits.audit import measurement
from audits.evidence import Evidence
from audits.finding import Measurement

PROBE = "effects"


def ranges(evidence: Evidence, name: str, part: Literal["partial", "accumulated"]) -> Iterator[Measurement]:
    """The range of each curve with its interval; a column without a curve keeps its place, with the reason."""
    body = evidence.probes.get(PROBE, {})
    lines: list[tuple[int, int, dict[str, Any]]] = []
    taken: set[int] = set()
    for release in body.get("releases", ()):
        version = _place(evidence, release["version"])
        if version is None or version in taken:
            continue
        taken.add(version)
        shown = {"target": release["target"], "version": release["version"], "model": body["kind"], "side": body["side"]}
        shown |= {key: body.get(key) for key in ("rows_used", "rows_available", "seconds", "created")}
        for column in release["columns"]:
            if column["column"] in evidence.topics:
                table = column[part] | {"kind": column["kind"]} | shown
                lines.append((version, evidence.topics.index(column["column"]), table))
    if not lines:
        return
    # a row without an answer is in no curve, and one of a category is in two steps of it: `rows` counts it once
    n = np.asarray([np.sum(table.get("rows", table.get("n", 0))) for _, _, table in lines])
    ends = [table.pop("range", {}) for _, _, table in lines]
    value, low, high = (np.asarray([end.get(key) for end in ends], dtype=np.float64) for key in ("value", "low", "high"))  # None: NaN
    yield measurement(
        name, "score", value=value, low=low, high=high, n=n, window=0, slice=0,
        version=np.asarray([version for version, _, _ in lines]), column=np.asarray([column for _, column, _ in lines]),
        method="t" if part == "partial" else "normal",
        reason=np.asarray([table.get("reason", "") for _, _, table in lines], dtype=object),
        tables={i: table for i, (_, _, table) in enumerate(lines)},
    )  # fmt: skip


def _place(evidence: Evidence, version: str | None) -> int | None:
    """The position of a release's version; None where the log has no row of it."""
    if version is None or (len(evidence.versions) == 1 and any(p.version == version for p in evidence.tally.partitions)):
        return 0
    return evidence.versions.index(version) if version in evidence.versions else None
