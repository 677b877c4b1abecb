"""Signals: of every series that is watched, whether somebody should be told, as the newest window that can be judged has it.

Three kinds of rule. Columns that drift ring by evidence (`audits.alarms.detector`), figures with an interval and a threshold by evidence
too (`audits.alarms.rechecked`); each kind has half of the model's budget of false alarms. Facts ring when they happen, outside the budget:
judged figures without an interval, those of `FACTS`, and distances between distributions for which the configuration sets a threshold of
its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audits.alarms.budget import ringing, run_length, window_length
from audits.alarms.detector import detected
from audits.alarms.drift_evidence import since, unjudged
from audits.alarms.found import Detected
from audits.alarms.rechecked import JUDGED, among, codes_of, numbers, positions, rechecked, series_of
from audits.evidence import Evidence
from audits.finding import Severity, Signal, Threshold
from audits.policy import Entries

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "drift_evidence"
FACTS = frozenset({
    "schema_change", "mixed_types", "no_data", "source_gone", "duplicate_rate", "quarantine_rate", "duplicated_timestamps",
    "repeated_window", "frozen_column", "format_change", "clock_skew", "prediction_count_mismatch", "ingest_lag", "freshness",
    "constant_column", "invariant_violations", "trigger_rate", "boundary_probe_rate", "extraction_score", "replay_rate", "flood_rate",
    "outcome_flip_rate",
})  # fmt: skip
"""Measures that state what happened and ring in the first window that does not hold their threshold, outside the budget.

Most are counted on every row, without chance; signs of attacks were tested before they were counted. `frozen_column` and `clock_skew` have
intervals; their thresholds lie where chance seldom comes, and they ring at once because what they say is broken rather than moved.
"""

SERVICE = frozenset({
    "latency_p50", "latency_p95", "latency_p99", "cost_per_prediction", "energy_wh_per_prediction", "no_data", "source_gone", "ingest_lag",
    "freshness", "error_rate",
})  # fmt: skip
"""Measures about the service that answers, rather than about its answers."""

BAD = ("warn", "fail")


def signals(
    evidence: Evidence, findings: pa.Table, policy: Mapping[str, Threshold | Entries], *, newest: int | None = None
) -> tuple[Signal, ...]:
    """What every watched series of one model says.

    Parameters
    ----------
    findings
        Of the same evidence, judged.
    policy
        What is expected of each measure: the thresholds in force are in the findings; a severity for `drift_evidence` is read here.
    newest
        The position in `Evidence.windows` of the window that is taken for the newest; by default it is.

    A window that is still filling is only heard where it rings; else the one before it is.
    """
    last = len(evidence.windows) - 1 if newest is None else newest
    filling = evidence.windows[last].partial
    told = _drift(evidence, policy, last, filling)
    findings = watched(findings)
    if findings.num_rows:
        steady, facts = kinds(evidence, findings)
        told += _figures(evidence, findings, steady, last, filling)
        told += _facts(evidence, findings, facts, last)
    return tuple(told)


def _drift(evidence: Evidence, policy: Mapping[str, Threshold | Entries], last: int, filling: bool) -> list[Signal]:
    found = detected(evidence)
    if found is None:
        return []
    run = run_length(evidence.model.alerts.budget, window_length(evidence))
    rings, line = ringing(found.evidence, run)
    why, told = unjudged(evidence, found), []
    for k, name in enumerate(found.columns):
        t = last - 1
        if filling and t > 0 and not rings[k, t]:
            t -= 1
        if not found.judged[k, t]:
            held = np.flatnonzero(found.judged[k, : t + 1])
            if name != evidence.model.columns.outcome or not len(held):
                told.append(_of_column(evidence, found, k, t, "can't tell", severity_of(evidence, policy, name), str(why[k, t])))
                continue
            t = int(held[-1])  # outcomes come late: the newest window that has all of its own is spoken of
        drifted = bool(rings[k, t])
        answer = "raised" if drifted else "quiet" if found.evidence[k, t] <= 0 else "can't tell"
        one = _of_column(evidence, found, k, t, answer, severity_of(evidence, policy, name), _moved(found, k, t))
        began = since(evidence.windows, rings, found, k, t) if drifted else None
        told.append(replace(one, since=began, evidence=round(float(found.evidence[k, t]), 4), line=round(float(line[k, t]), 4)))
    return told


def severity_of(evidence: Evidence, policy: Mapping[str, Threshold | Entries], column: str) -> Severity:
    """A column that the model gives out, or that judges it, pages; one that it takes in makes a ticket; a policy can say otherwise."""
    set_by_user = evidence.model.policy.get(NAME)
    if set_by_user and set_by_user[-1].severity:
        entries = policy.get(NAME)
        rule = entries if isinstance(entries, Threshold) else entries[-1] if entries else None
        if rule is not None:
            return rule.severity
    roles = evidence.model.columns
    given_out = {roles.score, roles.decision, roles.outcome, *evidence.bins.class_scores}
    return "page" if column in given_out else "ticket"


def _of_column(evidence: Evidence, found: Detected, k: int, t: int, answer: Any, severity: Severity, reason: str) -> Signal:
    window, judged = evidence.windows[t + 1], bool(found.judged[k, t])
    value, low, high = (round(float(of[k, t]), 6) if judged else None for of in (found.effect, found.low, found.high))
    return Signal(
        model=evidence.model.name, rule=NAME, family="drift", severity=severity, answer=answer, column=found.columns[k],
        window_start=window.start, window_end=window.end, first_row=window.first_row, last_row=window.last_row, partial=window.partial,
        value=value, low=low, high=high, n=round(float(found.shares.windows[k, t].sum())), unit="proportion", threshold_max=found.zone,
        reason=reason,
    )  # fmt: skip


def _moved(found: Detected, k: int, t: int) -> str:
    """Which share shows most, in a few words; nothing where nothing shows."""
    if found.evidence[k, t] <= 0:
        return ""
    what, before, now = found.what(k, t), float(found.before[k, t]), float(found.now[k, t])
    if what is None:
        return f"rows moved between many levels ({float(found.effect[k, t]):.1%} of them)"
    if what in ("mean rank", "distance from the middle"):
        up = {"mean rank": ("values went up", "values went down"), "distance from the middle": ("values spread", "values drew together")}
        return up[what][int(now < before)] + f" ({what} {before:.2f} to {now:.2f})"
    return f"{what}: {before:.1%} of rows to {now:.1%}"


def watched(findings: pa.Table) -> pa.Table:
    """The findings that are judged against a threshold."""
    import pyarrow.compute as pc

    limits = pc.or_(pc.is_valid(findings.column("threshold_min")), pc.is_valid(findings.column("threshold_max")))
    return findings.filter(pc.and_(pc.is_valid(findings.column("verdict")), limits))


def kinds(evidence: Evidence, findings: pa.Table) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of some judged findings are checked again by evidence, and which are facts."""
    from audits.registry import GROUPS

    drift = {member.name for member in GROUPS["drift"]}
    names, code = codes_of(findings.column("name"))
    bounded = np.isfinite(numbers(findings, "low")) | np.isfinite(numbers(findings, "high"))
    by_chance = np.bincount(code, weights=bounded, minlength=len(names)) > 0
    facts, steady = [], []
    for name, chance in zip(names, by_chance.tolist(), strict=True):
        certain = name in FACTS or not chance
        facts.append(name in evidence.model.policy and name != NAME if name in drift else certain)
        steady.append(name not in drift and not certain)
    return np.asarray(steady, dtype=bool)[code], np.asarray(facts, dtype=bool)[code]


def _figures(evidence: Evidence, findings: pa.Table, chosen: NDArray[np.bool_], last: int, filling: bool) -> list[Signal]:
    found = rechecked(evidence, findings, chosen)
    if not len(found.row):
        return []
    rings, line = ringing(found.evidence, run_length(evidence.model.alerts.budget, window_length(evidence)))
    judged = (found.row >= 0) & among(findings.column("verdict"), JUDGED)[found.row]
    judged[:, last:] = False
    names, code = codes_of(findings.column("name"))
    rule = np.asarray(names, dtype=object)[code[found.row.max(axis=1)]]
    picked: list[tuple[int, int]] = []
    lost: list[int] = []
    for name in dict.fromkeys(rule.tolist()):
        members = np.flatnonzero(rule == name)
        held = np.flatnonzero(judged[members].any(axis=0))
        if not len(held):
            continue
        at = int(held[-1])
        for s in members[judged[members, at]].tolist():
            before = np.flatnonzero(judged[s, :at])
            waits = filling and at == last - 1 and not rings[s, at]
            if not waits or len(before):
                picked.append((s, int(before[-1]) if waits else at))
        # A series that was judged and has too few rows now: nobody can tell, which is not the same as being gone.
        few = members[~judged[members, at] & judged[members].any(axis=1) & (found.row[members, at] >= 0)]
        lost += found.row[few, at].tolist()
    rows = _rows(findings, [int(found.row[s, t]) for s, t in picked])
    told = []
    for (s, t), row in zip(picked, rows, strict=True):
        rung = bool(rings[s, t])
        answer = "raised" if rung else "quiet" if found.evidence[s, t] <= 0 else "can't tell"
        began = None
        if rung:
            calm = np.flatnonzero(~rings[s, : t + 1])
            first = int(calm[-1]) + 1 if len(calm) else 0
            began = _start(evidence, max(first + 1 - int(found.span[s, first]), 0) + 1)
        one = _of_row(evidence, row, answer, began)
        told.append(replace(one, evidence=round(float(found.evidence[s, t]), 4), line=round(float(line[s, t]), 4)))
    everybody = {_but_version(each) for each in told if each.answer == "raised" and each.version is None}
    told += [_of_row(evidence, row, "can't tell", None) for row in _rows(findings, lost)]
    return [each for each in told if each.version is None or each.answer != "raised" or _but_version(each) not in everybody]


def _but_version(signal: Signal) -> tuple[str | None, ...]:
    """What a series is about but for its version: where all versions together ring, a version that does too is no second alarm."""
    return signal.rule, signal.slice, signal.reference_slice, signal.attribute, signal.column


def _facts(evidence: Evidence, findings: pa.Table, chosen: NDArray[np.bool_], last: int) -> list[Signal]:
    """Facts of the newest window that has them; one that is only known of the whole period is told as long as it holds."""
    row = series_of(evidence, findings, chosen)
    row[:, last:] = -1
    ill, known = among(findings.column("verdict"), BAD), codes_of(findings.column("name"))
    names = np.asarray(known[0], dtype=object)[known[1]]
    newest: dict[str, int] = {}
    for s in range(len(row)):
        held = np.flatnonzero(row[s] >= 0)
        if len(held):
            name = names[row[s, held[-1]]]
            newest[name] = max(newest.get(name, 0), int(held[-1]))
    picked: list[tuple[int, int | None]] = []
    for s in range(len(row)):
        held = np.flatnonzero(row[s] >= 0)
        if not len(held) or held[-1] < newest[names[row[s, held[-1]]]]:
            continue
        bad = (row[s] >= 0) & ill[row[s]]
        calm = np.flatnonzero(~bad[: held[-1] + 1])
        picked.append((int(row[s, held[-1]]), (int(calm[-1]) + 1 if len(calm) else 0) if bad[held[-1]] else None))
    whole = chosen & (positions(evidence, findings) == 0) & ~np.asarray([name in newest for name in known[0]], dtype=bool)[known[1]]
    picked += [(int(i), None) for i in np.flatnonzero(whole)]
    told = []
    for (_, began), row_ in zip(picked, _rows(findings, [i for i, _ in picked]), strict=True):
        answer = "raised" if row_["verdict"] in BAD else "quiet" if row_["verdict"] == "pass" else "can't tell"
        told.append(_of_row(evidence, row_, answer, None if began is None else _start(evidence, began + 1)))
    return told


def _rows(findings: pa.Table, rows: Sequence[int]) -> list[dict[str, Any]]:
    import pyarrow as pa

    kept: list[dict[str, Any]] = findings.drop_columns(["tables"]).take(pa.array(rows, pa.int64())).to_pylist()
    return kept


def _of_row(evidence: Evidence, row: Mapping[str, Any], answer: Any, began: dt.datetime | int | None) -> Signal:
    copied = ("reference_slice", "attribute", "column", "version", "window_start", "window_end", "first_row", "last_row", "value", "low",
              "high", "unit", "threshold_min", "threshold_max")  # fmt: skip
    given: dict[str, Any] = {name: row[name] for name in copied}
    return Signal(
        model=evidence.model.name, rule=row["name"], family=_family(row["name"]), severity=row["severity"] or "ticket", answer=answer,
        slice=row["slice"] or "{}", partial=bool(row["partial"]), since=began, n=row["n"] or 0, reason=row["reason"] or "", **given,
    )  # fmt: skip


def _family(name: str) -> Any:
    from audits.registry import GROUPS

    if name in SERVICE:
        return "service"
    return next((group for group in ("drift", "quality", "fairness") if any(each.name == name for each in GROUPS[group])), "performance")


def _start(evidence: Evidence, position: int) -> dt.datetime | int | None:
    window = evidence.windows[position]
    return window.start if window.start is not None else window.first_row
