"""Alternatives that needed rows: what the probes counted, held against today's decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats
from audits.evidence import Evidence
from audits.tradeoffs.alternatives import described, judged
from audits.tradeoffs.histograms import Histograms, levels
from audits.tradeoffs.labels import degenerate
from audits.tradeoffs.paired import Paired

NOT_SEARCHED = "they need rows: run candor audit --what-if"
FEW_ROWS = "fewer than two groups have 30 of the rows used, with both outcomes"
KINDS: Mapping[str, tuple[str, ...]] = {"alternatives": ("features", "learners"), "reductions": ("reductions",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """The alternatives that the probes found about one attribute, for tables; what they searched; and what not, with the reason."""

    alternatives: list[dict[str, Any]]
    searched: list[str]
    missing: list[dict[str, str]]


def probed(evidence: Evidence, of: Histograms, costs: Floats | None) -> Probed:
    """Hold the ways that the probes counted against today's decisions."""
    found = Probed(alternatives=[], searched=[], missing=[])
    for probe, kinds in KINDS.items():
        body = evidence.probes.get(probe)
        counted = counts_of(evidence, of, body)
        if counted is None:
            found.missing.extend({"kind": kind, "reason": why_not(evidence, of, body)} for kind in kinds)
            continue
        rows, ways, kept = counted
        paired = Paired(counts=rows, same=of.same, allowed=of.allowed[kept])
        held, names = judged(paired, costs), levels(evidence, of.slices[kept])
        found.alternatives.extend(described(held, range(len(ways)), ways, names, costs))
        found.searched.extend(kinds)
    return found


def why_not(evidence: Evidence, of: Histograms, body: Mapping[str, Any] | None) -> str:
    """Why a probe says nothing about an attribute."""
    if body is None:
        return NOT_SEARCHED
    if body.get("reason"):
        return str(body["reason"])
    if evidence.attributes[of.attribute] not in body.get("attributes", {}):
        return "models are retrained for one attribute at a time"
    return FEW_ROWS


def counts_of(
    evidence: Evidence, of: Histograms, body: Mapping[str, Any] | None
) -> tuple[Floats, Sequence[Mapping[str, Any]], NDArray[np.bool_]] | None:
    """Rows that a probe counted about an attribute, by [group, way, outcome, decision, the way's decision], its ways and the groups used.

    None where it counted nothing, or fewer than two groups have enough rows. The first way is the retrained model without any change.
    """
    name = evidence.attributes[of.attribute]
    part = None if body is None else body.get("attributes", {}).get(name)
    if not part or not part["ways"]:
        return None
    order = {tuple(sorted(levels.items())): place for place, levels in enumerate(part["slices"])}
    places = [order.get(found.levels, -1) for found in (evidence.slices[int(i)] for i in of.slices)]
    every = np.asarray(part["counts"], dtype=np.float64)
    rows = np.stack([every[place] if place >= 0 else np.zeros(every.shape[1:]) for place in places])
    outcomes = rows[:, 0].sum(axis=(2, 3))
    kept = ~degenerate(outcomes[:, 1], outcomes[:, 0])
    if kept.sum() < 2:
        return None
    return rows[kept], part["ways"], kept


def receipt(evidence: Evidence) -> dict[str, Any] | None:
    """What the probes say of their rows, the search among features and learners first."""
    bodies = [evidence.probes[name] for name in KINDS if name in evidence.probes]
    return None if not bodies else about(bodies[0])


def about(body: Mapping[str, Any]) -> dict[str, Any]:
    """A probe's own account: rows used, rows there were, time, period, learner, folds and features."""
    return {name: value for name, value in body.items() if name != "attributes"}
