"""What the log's signs say of each client, put together: one entry a client, most suspicious first, with a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from reports import strings
from reports.figure import Figure

SIGNS: Final = ("extraction_score", "boundary_probe_rate", "flood_rate", "replay_rate")
FIRST: Final = "The first to look at is"
LEAST: Final = 0.05
"""Suspicion below which nothing stands out about a client."""
EVERYBODY: Final = "everybody together"
"""Who is meant where the log names no client."""


def suspects(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """Return what the whole-period figures of everybody say of each client, most suspicious first."""
    held: dict[str, Mapping[str, Any]] = {}
    for each in figures:
        if each.name in SIGNS and each.whole and not each.slice and each.version is None and each.tables:
            held.setdefault(each.name, each.tables)
    return merged(*(held.get(name, {}) for name in SIGNS))


def merged(
    copying: Mapping[str, Any], probing: Mapping[str, Any], flooding: Mapping[str, Any], replaying: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Put the tables of the four signs together, client by client."""
    clients: dict[str, dict[str, Any]] = {}

    def of(name: object) -> dict[str, Any]:
        shown = EVERYBODY if name is None else str(name)
        return clients.setdefault(shown, {"client": shown, "bursts": 0, "replays": 0})

    for each in copying.get("clients") or ():
        of(each["client"]).update({name: each.get(name) for name in ("score", "low", "high", "rows")}, signs=each.get("signs") or {})
    for each in probing.get("clients") or ():
        entry = of(each["client"])
        entry.update(probes=each.get("probes"), expected=each.get("expected"), p=each.get("p_value"))
        entry.setdefault("rows", each.get("rows"))
    for each in flooding.get("bursts") or ():
        of(each["client"])["bursts"] += 1
    for each in replaying.get("clusters") or ():
        if each.get("client") is not None:
            of(each["client"])["replays"] += int(each.get("rows") or 0)
    told = [each for each in clients.values() if suspicion(each) >= LEAST]
    return sorted(told, key=lambda each: (-suspicion(each), each["client"]))


def suspicion(each: Mapping[str, Any]) -> float:
    """Return how far up the list a client belongs: probes beyond chance, then likeness to copying, then bursts and replays."""
    probing = 1.0 if each.get("p") is not None and each["p"] < 0.001 else 0.0
    more = 0.2 * min(int(each["bursts"]), 5) + (0.2 if each["replays"] else 0.0)
    return probing + float(each.get("score") or 0.0) + more


def sentence(each: Mapping[str, Any]) -> str:
    """Say what stands out about a client.

    >>> sentence({"client": "c-9", "score": 0.91, "bursts": 1, "replays": 0})
    'c-9: its queries look like copying the model to 0.91 of 1; 1 burst of queries'
    """
    parts = []
    if each.get("score") is not None:
        parts.append(f"its queries look like copying the model to {strings.number(each['score'], 'ratio')} of 1")
    if each.get("probes") and each.get("p") is not None and each["p"] < 0.05:
        expected = each.get("expected")
        chance = f", {strings.number(expected, 'plain' if expected >= 10 else 'ratio')} by chance" if expected is not None else ""
        parts.append(f"{strings.count(each['probes'])} small steps at the cut-off{chance}")
    if each["bursts"]:
        parts.append(f"{strings.count(each['bursts'])} {'burst' if each['bursts'] == 1 else 'bursts'} of queries")
    if each["replays"]:
        parts.append(f"{strings.count(each['replays'])} repeated inputs")
    return f"{strings.name_of(each['client'])}: {'; '.join(parts) or 'nothing stands out'}"
