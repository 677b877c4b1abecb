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
from audits.tradeoffs.confusion import listed
from audits.tradeoffs.group_histograms import GroupHistograms, levels
from audits.tradeoffs.labels import degenerate
from audits.tradeoffs.paired import Paired
from audits.tradeoffs.points import at

NOT_SEARCHED = "they need rows: run candor audit --what-if"
FEW_ROWS = "fewer than two groups have 30 of the rows used, with both outcomes"
KINDS: Mapping[str, tuple[str, ...]] = {"alternatives": ("features", "learners"), "reductions": ("reductions",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """The alternatives that the probes found about one attribute, for tables; what they searched; and what not, with the reason."""

    alternatives: list[dict[str, Any]]
    searched: list[str]
    missing: list[dict[str, str]]


def probed(evidence: Evidence, of: GroupHistograms, costs: Floats | None) -> Probed:
    """Hold the ways that the probes counted against the same learner without any change, and that one against today's decisions."""
    found = Probed(alternatives=[], searched=[], missing=[])
    for probe, kinds in KINDS.items():
        body = evidence.probes.get(probe)
        counted = counts_of(evidence, of, body)
        if counted is None:
            found.missing.extend({"kind": kind, "reason": why_not(evidence, of, body)} for kind in kinds)
            continue
        names = levels(evidence, of.slices[counted.kept])
        today, unchanged = (
            judged(Paired(counts=rows, same=of.same, allowed=of.allowed[counted.kept]), costs)
            for rows in (counted.against_today, counted.against_unchanged)
        )
        beside = [{"loss": at(listed(today.loss), way), "gain": at(listed(today.gain), way)} for way in range(len(counted.ways))]
        told = [{**way, "today": numbers} for way, numbers in zip(counted.ways, beside, strict=True)]
        found.alternatives.extend(described(today, [0], [{**told[0], "against": "today's decisions"}], names, costs))
        changed = range(1, len(told))
        named = [{**told[way], "against": told[0]["description"]} for way in changed]
        for each in described(unchanged, changed, named, names, costs):
            gained = each["today"]["gain"]["value"]
            if each["kept"] and not (gained is not None and gained > 1):
                each |= {"kept": False, "why": "its impact ratio is no higher than that of today's decisions"}
            found.alternatives.append(each)
        found.searched.extend(kinds)
    return found


def why_not(evidence: Evidence, of: GroupHistograms, body: Mapping[str, Any] | None) -> str:
    """Why a probe says nothing about an attribute."""
    if body is None:
        return NOT_SEARCHED
    if body.get("reason"):
        return str(body["reason"])
    if evidence.attributes[of.attribute] not in body.get("attributes", {}):
        return "models are retrained for one attribute at a time"
    return FEW_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a probe counted about an attribute.

    Parameters
    ----------
    against_today, against_unchanged
        Rows by [group, way, outcome, decision held against, the way's decision].
    ways
        What each way is; the first is the learner retrained without any change.
    kept
        Which groups of the attribute have enough rows, and are in these.
    """

    against_today: Floats
    against_unchanged: Floats
    ways: Sequence[Mapping[str, Any]]
    kept: NDArray[np.bool_]


def counts_of(evidence: Evidence, of: GroupHistograms, body: Mapping[str, Any] | None) -> Counted | None:
    """What a probe counted about an attribute; None where it counted nothing, or fewer than two groups have enough rows."""
    name = evidence.attributes[of.attribute]
    part = None if body is None else body.get("attributes", {}).get(name)
    if not part or not part["ways"]:
        return None
    order = {tuple(sorted(levels.items())): place for place, levels in enumerate(part["slices"])}
    places = np.asarray([order.get(evidence.slices[int(i)].levels, -1) for i in of.slices], dtype=np.int64)
    rows = []
    for against in ("against_today", "against_unchanged"):
        every = np.asarray(part[against], dtype=np.float64)
        rows.append(np.where((places >= 0)[:, None, None, None, None], every[np.maximum(places, 0)], 0.0))
    outcomes = rows[0][:, 0].sum(axis=(2, 3))
    kept = ~degenerate(outcomes[:, 1], outcomes[:, 0])
    if kept.sum() < 2:
        return None
    return Counted(against_today=rows[0][kept], against_unchanged=rows[1][kept], ways=part["ways"], kept=kept)


def receipt(evidence: Evidence) -> dict[str, Any] | None:
    """What the probes say of their rows, the search among features and learners first."""
    bodies = [evidence.probes[name] for name in KINDS if name in evidence.probes]
    return None if not bodies else about(bodies[0])


def about(body: Mapping[str, Any]) -> dict[str, Any]:
    """A probe's own account: rows used, rows there were, time, period, learner, folds and features."""
    return {name: value for name, value in body.items() if name != "attributes"}
