"""What Candor says of a simulated log: its own audits and signals on the evidence of each day, and what its diagnosis names.

Nothing is measured here: `examine` makes findings and signals of the evidence, `causes` names what is behind them. Beside the answer of
each signal its margin is kept, evidence less line in powers of ten (a fact: far beyond), so that the budget can be swept afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from audits.alarms.signals import signals
from audits.audit import Audit
from audits.bins import Bins
from audits.evidence import Evidence
from audits.examine import examine
from audits.finding import Cause, ModelRun, Signal
from audits.policy import thresholds
from audits.registry import AUDITS, GROUPS
from audits.tally import Tally
from benchmarks.detection.counted import Watched
from benchmarks.detection.world import Log, World, model
from connectors.alert_config import WEEKLY, Budget

FAR = 9.0
MODELS = 200
SHARE = WEEKLY.shared(MODELS)
"""The default budget, shared by as many models as one team is on call for."""

LONG = ("latency_p50", "latency_p95", "latency_p99")
"""Measures that are not asked: they carry no threshold, and no diagnosis reads them."""

AS_OF = frozenset({
    "source gone", "delivered twice", "labels late", "negative labels stop", "type change", "decimal comma", "concept drift", "prior shift",
})  # fmt: skip
"""Faults that leave no row, or whose rows look otherwise later on: each day is asked by what was known on it."""

Said = dict[str, dict[int, float]]
"""Key of a series -> analysed window -> margin."""


@cache
def watched() -> tuple[Audit, ...]:
    """Measures that a signal or a diagnosis can rest on: those of signals, and drift and quality as far as a diagnosis reads them."""
    read = {member.name for name in ("drift", "quality") for member in GROUPS[name]}
    read -= {name for name in read if name.endswith("_from_previous") or name.startswith("realised_minus_estimated")}
    kept = read | {audit.name for audit in judged_by()}
    return tuple(found for name, found in AUDITS.items() if name in kept and name not in LONG)


@cache
def judged_by() -> tuple[Audit, ...]:
    """The audits of signals alone, which quiet logs are asked for: without those that only a diagnosis reads."""
    policy = set(thresholds(model()))
    quality = {member.name for member in GROUPS["quality"]}
    drift = {member.name for member in GROUPS["drift"]} - {"drift_evidence"}
    kept = (policy | quality | {"drift_evidence", "selection_rate", "base_rate"}) - drift
    return tuple(found for name, found in AUDITS.items() if name in kept and name not in LONG)


def run_of(evidence: Evidence, audits: Sequence[Audit]) -> ModelRun:
    """Findings and signals of one evidence."""
    found = examine(evidence, thresholds(evidence.model), card={}, audits=audits)
    broken = [each for each in found.errors if each.error]
    if broken:
        raise RuntimeError(f"{broken[0].name}: {broken[0].reason}")
    return found


def margin(signal: Signal) -> float:
    """How far a signal is beyond its line; what cannot be told is as good as quiet."""
    if signal.evidence is None or signal.line is None:
        return FAR if signal.answer == "raised" else -FAR
    if signal.answer == "can't tell" and signal.evidence >= signal.line:
        return -FAR
    return max(-FAR, min(FAR - 0.5, signal.evidence - signal.line))


def key_of(signal: Signal) -> str:
    """Rule and series as one text, page or ticket first."""
    return "/".join([signal.severity, signal.rule, signal.column or "", signal.attribute or "", signal.slice, signal.version or ""])


def add(said: Said, window: int, told: Sequence[Signal]) -> None:
    """Keep the margins of one window's signals; severities that nobody is told of are left out."""
    for signal in told:
        if signal.severity != "info":
            said.setdefault(key_of(signal), {})[window] = margin(signal)


Held = tuple[Bins, Tally]


def quiet(world: World, log: Log, budget: Budget = SHARE, held: Held | None = None) -> tuple[Said, float]:
    """Margins in every analysed window of a log, from one run, and the seconds it took."""
    start = time.process_time()
    evidence = Watched(log, world, model(budget), held).evidence(world.analysed - 1)
    said: Said = {}
    windows(evidence, run_of(evidence, judged_by()), range(world.analysed), said)
    return said, time.process_time() - start


def windows(evidence: Evidence, run: ModelRun, chosen: range, said: Said, onset: int | None = None) -> None:
    """Margins of some windows as one run has them, each taken for the newest in turn.

    Of a log with a fault, up to the second window after it was noticed: later ones could only tell of thresholds above the default.
    """
    policy = thresholds(evidence.model)
    first = evidence.windows[1].start
    assert first is not None
    noticed = None
    for position, window in enumerate(evidence.windows[1:], start=1):
        assert window.start is not None
        place = (window.start - first).days
        if place not in chosen or (noticed is not None and place > noticed + 1):
            continue
        add(said, place, signals(evidence, run.findings, policy, newest=position))
        if noticed is None and onset is not None and place >= onset and raised(said, place) - raised(said, onset - 1):
            noticed = place


def raised(said: Said, window: int) -> set[str]:
    """Keys that ring in a window at the default line."""
    return {key for key, by_window in said.items() if by_window.get(window, -FAR) > 0 or by_window.get(window, -FAR) == FAR}


def faulty(
    world: World, log: Log, fault: str, onset: int, horizon: int, budget: Budget = SHARE, before: Held | None = None
) -> dict[str, Any]:
    """Margins around a fault, when it was first noticed at the default, and what the diagnosis then said.

    A key that rang in the window before the fault is no notice of it.
    """
    start = time.process_time()
    held = Watched(log, world, model(budget), before)
    last = min(onset + horizon, world.analysed) - 1
    said: Said = {}
    chosen = range(onset - 1, last + 1)
    if fault in AS_OF:
        seen: int | None = None
        for window in chosen:
            evidence = held.evidence(window)
            add(said, window, run_of(evidence, judged_by()).signals)
            if seen is None and window >= onset and raised(said, window) - raised(said, onset - 1):
                seen = window
            if seen is not None and window > seen:
                break
    else:
        evidence = held.evidence(last)
        windows(evidence, run_of(evidence, judged_by()), chosen, said, onset)
    rang = raised(said, onset - 1)
    noticed = next((window for window in range(onset, last + 1) if raised(said, window) - rang), None)
    diagnosis = {}
    if noticed is not None:
        for label, window in (("at once", noticed), ("three windows on", min(noticed + 3, last))):
            diagnosis[label] = diagnosed(held.evidence(window))
    found = {"noticed": noticed, "by": sorted(raised(said, noticed) - rang) if noticed is not None else [], "diagnosis": diagnosis}
    return {**found, "figures": said, "seconds": time.process_time() - start}


def diagnosed(evidence: Evidence) -> list[dict[str, Any]]:
    """The causes that are named, worst first."""
    run = run_of(evidence, watched())
    return [told(cause) for cause in causes_of(run, evidence)]


def causes_of(run: ModelRun, evidence: Evidence) -> Sequence[Cause]:
    """What `audits.causes` makes of a run."""
    from audits.causes import causes

    return tuple(causes(replace(run, causes=()), model=evidence.model))


def told(cause: Cause) -> dict[str, Any]:
    """A cause as far as it is compared."""
    return {"kind": cause.kind, "columns": list(cause.columns), "confidence": cause.confidence}
