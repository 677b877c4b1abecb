"""A run as JSON: complete, without NaN; what `candor audit --json` writes."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from audits.finding import COLUMNS, AuditRun, ModelRun
from audits.record import CHANGE, COVERAGE, REFERENCE
from audits.record_signals import as_json

if TYPE_CHECKING:
    import pyarrow as pa


def to_json(run: AuditRun) -> dict[str, Any]:
    """The whole run as JSON values, complete and without NaN; `interfaces.md` describes it."""
    return {
        "format": run.format, "id": run.id, "created": _iso(run.created), "code_revision": run.code_revision, "policy": run.policy,
        "data": run.data, "bins": run.bins,
        "policy_changes": [{name: getattr(each, name) for name in CHANGE} | {"since": _iso(each.since)} for each in run.policy_changes],
        "runs": [_model(each) for each in run.runs],
    }  # fmt: skip


def _model(each: ModelRun) -> dict[str, Any]:
    reference = {name: getattr(each.reference, name) for name in REFERENCE}
    return {
        "model": each.model,
        "task": each.task,
        "reference": reference | {"start": _iso(each.reference.start), "end": _iso(each.reference.end)},
        "coverage": {name: getattr(each.coverage, name) for name in COVERAGE},
        "findings": _findings(each.findings),
        "errors": [{"name": failure.name, "reason": failure.reason, "error": failure.error} for failure in each.errors],
        "signals": [as_json(signal) for signal in each.signals], "causes": [as_json(cause) for cause in each.causes],
    }


def _findings(table: pa.Table) -> list[dict[str, Any]]:
    """Each column leaves Arrow once; slices, windows and thresholds that repeat are decoded once and shared."""
    decoded: dict[str | None, Any] = {None: None}
    windows: dict[tuple[Any, ...], dict[str, Any]] = {}
    thresholds: dict[tuple[Any, ...], dict[str, Any] | None] = {}

    def decode(text: str | None) -> Any:
        if text not in decoded:
            decoded[text] = json.loads(str(text))
        return decoded[text]

    found = []
    columns = (table.column(name).to_pylist() for name in COLUMNS)
    for (
        name, unit, version, place, reference, attribute, column, start, end, first, last, partial, _, value, low, high, n, method, p, q,
        people, fewest, largest, tables, least, most, severity, rationale, source, since, until, verdict, reason,
    ) in zip(*columns, strict=True):  # fmt: skip
        window = (start, end, first, last, partial)
        if window not in windows:
            windows[window] = {"start": _iso(start), "end": _iso(end), "first_row": first, "last_row": last, "partial": partial}
        limits = (least, most, severity, rationale, source, since, until)
        if limits not in thresholds:
            judged = least is not None or most is not None
            limit = {"min": least, "max": most, "severity": severity, "rationale": rationale, "source": source}
            limit |= {"since": _iso(since), "until": _iso(until)}
            thresholds[limits] = limit if judged else None
        found.append(
            {
                "name": name, "unit": unit, "version": version, "slice": decode(place), "reference_slice": decode(reference),
                "attribute": attribute, "column": column, "window": windows[window],
                "estimate": {"value": value, "low": low, "high": high, "n": n, "method": method}, "p_value": p, "q_value": q,
                "people": None if people is None else {"value": people, "low": fewest, "high": largest},
                "tables": None if tables is None else json.loads(tables), "threshold": thresholds[limits], "verdict": verdict,
                "reason": reason,
            }
        )  # fmt: skip
    return found


def _iso(when: dt.datetime | None) -> str | None:
    return None if when is None else f"{when.isoformat()}Z"
