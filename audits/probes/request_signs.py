"""The four signs that requests are asked about: each marks rows, tells who, and says why where the log cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.estimate import Floats, Integers
from audits.probes import boundary_probes, floods, replays
from audits.probes.client_signs import LEAST_ROWS, positions
from audits.probes.marked_rows import Marked
from audits.probes.request_scan import NO_FEATURES, Requests, column, iso, texts

LISTED = 20
"""Lines of a table at most."""
NO_CLOCK = "the log has no clock, so nobody knows how fast requests came"
NO_REFERENCE = "nothing came after the reference"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one sign says: the rows it marks, a table for readers, what is kept besides, one line for the screen; or why nothing."""

    marked: Marked | None = None
    table: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    told: str = ""
    reason: str = ""


def boundary(asked: Requests) -> Said:
    """Small steps at the cut-off, by client over the whole period and by client and bucket; without clients by bucket."""
    from audits.scan import clients

    if asked.near is None:
        return Said(reason=asked.why_no_cut)
    alone = asked.client is None
    near_before, near_now = asked.near.filter(asked.near["reference"]), asked.near.filter(~asked.near["reference"])

    def groups(rows: Any, near: Any, keys: list[str], least: int) -> tuple[Any, Floats, Floats]:
        """Rows by group, with how many are near the cut-off and how many of those are small steps."""
        every = asked.ask(clients.profiles(rows, keys, least=least))
        some = asked.ask(clients.probes_by(near, asked.step, keys))
        at = positions(_keys(every, keys), _keys(some, keys))
        return every, *(np.where(at >= 0, np.append(column(some, name), 0.0)[at], 0.0) for name in ("near", "probes"))

    before, _, steps = groups(asked.before, near_before, ["partition"] if alone else [], 1)
    prior = boundary_probes.usual(steps, column(before, "n"))
    tested = [groups(asked.now, near_now, ["partition"], LEAST_ROWS)]
    tested += [] if alone else [groups(asked.now, near_now, [], LEAST_ROWS)]
    client = np.concatenate([texts(each[0], "client") for each in tested])
    part = np.concatenate([_partition(each[0]) for each in tested])
    n = np.concatenate([column(each[0], "n") for each in tested])
    near, probes = (np.concatenate([each[place] for each in tested]) for place in (1, 2))
    own = np.full(len(n), -1) if alone else positions(client, texts(before, "client"))
    past = tuple(np.where(own >= 0, np.append(of, 0.0)[own], 0.0) for of in (steps, column(before, "n")))
    p_value = boundary_probes.p_values(probes, n, prior, (past[0], past[1]))
    hits = boundary_probes.found(probes, p_value)
    whole = set(client[hits[part[hits] < 0]].tolist())
    pairs = {(str(client[i]), int(part[i])) for i in hits.tolist() if part[i] >= 0}

    def kept(table: Any) -> NDArray[np.bool_]:
        lines = zip(table.column("client").to_pylist(), table.column("partition").to_pylist(), strict=True)
        return np.asarray([who in whole or (who, number) in pairs for who, number in lines], dtype=bool)

    small = near_now.filter((near_now["step"] > 0) & (near_now["step"] <= asked.step))
    marked = asked.counted(small, ["client"], kept)
    first, last = (np.concatenate([column(each[0], name) for each in tested]) for name in ("first", "last"))
    share = (prior[0] + past[0]) / (prior[0] + prior[1] + past[1])
    lines: dict[str, dict[str, Any]] = {}
    for i in hits[np.argsort(part[hits] >= 0, kind="stable")].tolist():
        lines.setdefault(
            f"{client[i]}|{part[i] if alone else ''}",
            {
                "client": None if alone else str(client[i]), "rows": int(n[i]), "near": int(near[i]), "probes": int(probes[i]),
                "expected": round(float(share[i] * n[i]), 3), "p_value": float(p_value[i]), "first": iso(first[i]), "last": iso(last[i]),
            },
        )  # fmt: skip
    listed = sorted(lines.values(), key=lambda line: -line["probes"])
    table = {
        "by": asked.by, "cut_off": dict(asked.cuts), "band": asked.band, "step": asked.step, "clients": listed[:LISTED],
        "in_all": len(listed), "tested": len(n),
    }  # fmt: skip
    return Said(marked=marked, table=table, told=f"{len(listed)} of {len(n):,} groups of requests feel for the cut-off")


def replayed(asked: Requests) -> Said:
    """Inputs that came more often since the reference than it explains."""
    from audits.scan import clients

    if not asked.readings:
        return Said(reason=NO_FEATURES)
    repeated = asked.engine.hold(clients.repeats(asked.held))
    sizes = asked.ask(clients.repeat_sizes(repeated))
    earlier, later, inputs = (column(sizes, name) for name in ("earlier", "later", "inputs"))
    again = replays.recurring(earlier, later, inputs)
    slack = replays.slack(earlier, later, inputs, again)
    reference = float(((earlier + later) * inputs).sum())
    rows = float(sum(p.rows for p in asked.evidence.tally.partitions if p.number not in set(asked.sides.reference)))
    if not rows:
        return Said(reason=NO_REFERENCE)
    often = asked.ask(clients.clusters(repeated, most=replays.MOST_CLUSTERS, least=replays.FEWEST + 1))
    seen, now = column(often, "earlier") + column(often, "later"), column(often, "now")
    limit = replays.allowed(seen, rows=rows, reference=reference, again=again, slack=slack)
    hits = np.flatnonzero(now > limit)
    vectors = [often.column("vector")[i].as_py() for i in hits.tolist()]
    listed = [
        {"rows": int(now[i]), "expected": round(float(rows * seen[i] / max(reference, 1.0)), 2), "allowed": int(limit[i])}
        for i in hits[:LISTED].tolist()
    ]
    marked = asked.counted(asked.now.filter(asked.now["vector"].isin(vectors)), []) if vectors else _nothing(asked)
    table = {"clusters": _with_examples(asked, listed, vectors[:LISTED]), "in_all": len(hits), "recurring": again}
    return Said(marked=marked, table=table, told=f"{len(hits):,} inputs came more often than the reference explains")


def _with_examples(asked: Requests, listed: list[dict[str, Any]], vectors: list[int]) -> list[dict[str, Any]]:
    from audits.scan import clients

    if not vectors:
        return listed
    log, bins = asked.log, asked.evidence.bins
    told = asked.ask(clients.examples(log, bins, asked.readings, asked.sides, client=asked.client, vectors=vectors)).to_pylist()
    by_vector = {line["vector"]: line for line in told}
    for line, vector in zip(listed, vectors, strict=True):
        held = by_vector[vector]
        line |= {
            "clients": held["clients"] if asked.client else None, "client": held["client"] if asked.client else None,
            "first": iso(held["first"]), "last": iso(held["last"]),
            "inputs": {reading.name: held[f"x{index}"] for index, reading in enumerate(asked.readings)},
        }  # fmt: skip
    return listed


def flooded(asked: Requests) -> Said:
    """Hours in which a client, or without clients everybody together, sent far more than ever and than others do."""
    from audits.scan import clients

    if asked.log.model.columns.time is None:
        return Said(reason=NO_CLOCK)
    hours = asked.engine.hold(clients.hourly(asked.held))
    busiest = asked.ask(clients.peaks(hours))
    if not busiest.num_rows or not int(column(busiest, "hours").sum()):
        return Said(reason=NO_REFERENCE)
    client, now = texts(busiest, "client"), column(busiest, "now")
    earlier, later = column(busiest, "earlier"), column(busiest, "later")
    limit = floods.allowances(earlier, later, now, hours=int(column(busiest, "hours").sum()))
    busy = asked.ask(hours.filter(~hours["reference"] & (hours["n"] >= floods.LEAST_ROWS)))
    at = positions(texts(busy, "client"), client)
    hits = np.flatnonzero(column(busy, "n") > limit[at])
    hits = hits[np.argsort(-column(busy, "n")[hits], kind="stable")]
    who, hour, n = texts(busy, "client"), column(busy, "hour").astype(np.int64), column(busy, "n")
    pairs = {(who[i], int(hour[i])) for i in hits.tolist()}

    def kept(table: Any) -> NDArray[np.bool_]:
        lines = zip(table.column("client").to_pylist(), table.column("hour").to_pylist(), strict=True)
        return np.asarray([pair in pairs for pair in lines], dtype=bool)

    marked = _nothing(asked)
    if pairs:
        rows = clients.in_hours(asked.now, sorted({hour for _, hour in pairs}))
        marked = asked.counted(rows.filter(rows["client"].isin(sorted({name for name, _ in pairs}))), ["client", "hour"], kept)
    bursts = [
        {
            "client": who[i] if asked.client else None, "hour": iso(float(hour[i]) * clients.HOUR_SECONDS), "rows": int(n[i]),
            "usual": int(max(earlier[at[i]], later[at[i]])), "allowed": int(limit[at[i]]),
        }
        for i in hits[:LISTED].tolist()
    ]  # fmt: skip
    table = {"by": asked.by, "bursts": bursts, "in_all": len(hits)}
    return Said(marked=marked, table=table, told=f"{len(hits):,} hours of a client's are floods")


def _nothing(asked: Requests) -> Marked:
    none: Integers = np.zeros(0, dtype=np.int64)
    empty = np.zeros(0)
    return Marked(partition=none, levels={name: np.zeros(0, dtype=object) for name in asked.groupings}, n=empty, weight=empty)


def _partition(table: Any) -> Floats:
    return column(table, "partition") if "partition" in table.column_names else np.full(table.num_rows, -1.0)


def _keys(table: Any, keys: list[str]) -> NDArray[np.object_]:
    lines = zip(*(table.column(name).to_pylist() for name in ("client", *keys)), strict=True)
    found = np.empty(table.num_rows, dtype=object)
    found[:] = list(lines)
    return found
