"""Who copies the model: the six signs of each client, over the whole period and bucket by bucket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from audits.estimate import Floats
from audits.probes.client_signs import (
    LEAST_CLIENTS,
    LEAST_ROWS,
    SIGNS,
    Population,
    Profiles,
    Scores,
    figures,
    positions,
    profiles_of,
    scored,
)
from audits.probes.request_scan import NO_FEATURES, Requests, column, iso, texts
from audits.probes.request_signs import LISTED, Said

NOBODY = "the log names neither a client nor a unit, so nobody knows who asked what"
TOO_FEW = f"fewer than {LEAST_CLIENTS} clients sent {LEAST_ROWS} requests: nothing tells what an ordinary client does"
SAID = ("rows_a_bucket", "coverage", "new_rows", "surprise", "one_at_a_time", "local_variation")


def copied(asked: Requests) -> Said:
    """A score of each client, and of each client in each bucket, held against the reference's clients, or else against each other."""
    from audits.scan import clients

    if asked.client is None:
        return Said(reason=NOBODY)
    if not asked.readings:
        return Said(reason=NO_FEATURES)
    before = profiles_of(asked.ask(clients.profiles(asked.before, [], least=LEAST_ROWS)))
    whole_table = asked.ask(clients.profiles(asked.now, [], least=LEAST_ROWS))
    parts_table = asked.ask(clients.profiles(asked.now, ["partition"], least=LEAST_ROWS))
    whole, parts = profiles_of(whole_table), profiles_of(parts_table, rate=column(parts_table, "n"))
    ordinary, past = (before, before) if len(before) >= LEAST_CLIENTS else (whole, None)
    if len(ordinary) < LEAST_CLIENTS:
        return Said(reason=TOO_FEW)
    population = _population(asked)
    most = _busiest(asked, ordinary, reference=past is not None)
    tests = len(whole) + len(parts)
    of_whole, of_parts = (
        scored(groups, usual, _own(groups, past), population, tests=tests)
        for groups, usual in ((whole, ordinary), (parts, replace(ordinary, rate=most)))
    )
    lines = [*_lines(asked, whole, of_whole, whole_table, population), *_lines(asked, parts, of_parts, parts_table, population)]
    lines.sort(key=lambda line: (-line["score"], -line["rows"], line["client"]))
    first: dict[str, dict[str, Any]] = {}
    for line in lines:
        first.setdefault(line["client"], line)
    table = {
        "by": asked.by, "signs": list(SIGNS), "ordinary": len(ordinary), "against": "each other" if past is None else "reference",
        "fence": round(of_whole.fence, 3), "clients": list(first.values())[:LISTED], "tested": tests,
    }  # fmt: skip
    kept = ("score", "low", "high", "rows", "client")
    extra: dict[str, Any] = {"clients": len(whole), "clients_tested": tests, "extraction": _by_bucket(lines)}
    if lines:
        extra["extraction_whole"] = {name: lines[0][name] for name in kept}
    highest = lines[0]["score"] if lines else 0.0
    return Said(table=table, extra=extra, told=f"{len(whole):,} clients, the highest scores {highest:.2f}")


def _own(groups: Profiles, past: Profiles | None) -> Any:
    return np.full(len(groups), -1) if past is None else positions(groups.client, past.client)


def _population(asked: Requests) -> Population:
    from audits.scan import clients

    sizes, rare = asked.ask(clients.cell_sizes(asked.held)), asked.ask(clients.rarities(asked.held))
    deviation = rare.column("deviation").to_pylist()[0]
    return Population(sizes=column(sizes, "n"), cells=column(sizes, "cells"), deviation=float(deviation or 0.0))


def _busiest(asked: Requests, ordinary: Profiles, *, reference: bool) -> Floats:
    """Of each ordinary client the most rows in one bucket."""
    from audits.scan import clients

    rows = asked.before if reference else asked.now
    table = asked.ask(clients.busiest(rows))
    return column(table, "most")[positions(ordinary.client, texts(table, "client"))]


def _lines(asked: Requests, groups: Profiles, found: Scores, table: Any, population: Population) -> list[dict[str, Any]]:
    """One line a group, numbers rounded for readers; `bucket` is None for the whole period."""
    value = figures(groups, population)[0]
    shown = value.copy()
    shown[0], shown[1], shown[5] = np.exp(value[0]), np.exp(value[1]), np.exp(-value[5])
    bucket_of = {p.number: p.bucket for p in asked.evidence.tally.partitions}
    number = column(table, "partition") if "partition" in table.column_names else np.full(len(groups), -1.0)
    first, last = column(table, "first"), column(table, "last")
    return [
        {
            "client": str(groups.client[i]), "score": round(float(found.score[i]), 4), "low": round(float(found.low[i]), 4),
            "high": round(float(found.high[i]), 4), "rows": int(groups.n[i]), "bucket": bucket_of.get(int(number[i])),
            "first": iso(first[i]), "last": iso(last[i]), "signs": dict(zip(SIGNS, _told(found.signs[:, i]), strict=True)),
            "figures": dict(zip(SAID, _told(shown[:, i]), strict=True)),
        }
        for i in range(len(groups))
    ]  # fmt: skip


def _told(values: Floats) -> list[float | None]:
    return [round(float(each), 4) if np.isfinite(each) else None for each in values]


def _by_bucket(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The highest line of each bucket that has one; lines come highest first."""
    best: dict[int, dict[str, Any]] = {}
    for line in lines:
        if line["bucket"] is not None:
            best.setdefault(line["bucket"], line)
    return [{name: best[bucket][name] for name in ("bucket", "score", "low", "high", "rows", "client")} for bucket in sorted(best)]
