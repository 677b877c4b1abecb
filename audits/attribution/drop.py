"""The findings of the probe `drop`: the change of the figure that changed most surely, with its parts in the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from audits.audit import measurement
from audits.evidence import Evidence
from audits.finding import Measurement

ANOTHER_WINDOW = "the window that was taken apart is none of this audit's: candor audit --what-if takes the newest apart"


def drop(evidence: Evidence, name: str, unit: str, metrics: Sequence[str]) -> Iterator[Measurement]:
    """One finding: the change of the headline metric among these, and why it has no parts where it has none."""
    probe = evidence.probes.get("drop")
    if probe is None:
        return
    receipt = {key: probe[key] for key in ("rows_used", "rows_available", "budget", "seconds", "created") if key in probe}
    found = {metric: probe["metrics"][metric] for metric in metrics if metric in probe.get("metrics", {})}
    if not found:
        yield _finding(name, unit, None, 0, probe.get("reason") or "no metric of this kind was taken apart", {})
        return
    first = headline(found)
    answer = found[first]
    place = position(evidence, answer["window"])
    tables = {**receipt, **answer, "metrics": {metric: rest for metric, rest in found.items() if metric != first}}
    if place is None:
        yield _finding(name, unit, None, 0, ANOTHER_WINDOW, tables)
        return
    yield _finding(name, unit, answer, place, answer["reason"], tables)


def headline(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The metric whose change is the largest for the width of its interval; the first of several alike."""

    def sure(metric: str) -> float:
        change, low, high = (found[metric].get(key) for key in ("change", "low", "high"))
        return 0.0 if change is None or low is None or high is None or high <= low else abs(change) / (high - low)

    return max(found, key=lambda metric: (bool(found[metric].get("parts")), sure(metric)))


def position(evidence: Evidence, window: Mapping[str, Any]) -> int | None:
    """The window of the evidence that the probe looked at; None where windows are cut otherwise now."""
    start = None if window["start"] is None else dt.datetime.fromisoformat(window["start"])
    for place, each in enumerate(evidence.windows[1:], start=1):
        if (each.start, each.first_row) == (start, window["first_row"]) and each.last_row == window["last_row"]:
            return place
    return None


def _finding(name: str, unit: str, answer: Mapping[str, Any] | None, place: int, reason: str, tables: dict[str, Any]) -> Measurement:
    numbers = [
        np.asarray([np.nan if answer is None or answer.get(key) is None else float(answer[key])]) for key in ("change", "low", "high")
    ]
    n = 0 if answer is None else min(answer["rows_reference"], answer["rows_window"])
    return measurement(
        name, unit, value=numbers[0], low=numbers[1], high=numbers[2], n=np.asarray([n]), method="bootstrap over rows", window=place,
        slice=0, reason=reason, tables={0: tables} if tables else {},
    )  # fmt: skip
