"""A run's findings as CSV (RFC 4180, UTF-8): one row per finding, small cells blank."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from audits.finding import AuditRun, ModelRun
from reports import strings
from reports.alert_lines import COLUMNS as OF_ALERTS
from reports.alert_lines import NONE, AlertsOfPeriod
from reports.figure import Figure

COLUMNS: Final = (
    "run",
    "model",
    "name",
    "unit",
    "version",
    "slice",
    "reference_slice",
    "attribute",
    "column",
    "window_start",
    "window_end",
    "first_row",
    "last_row",
    "partial",
    "whole",
    "value",
    "low",
    "high",
    "n",
    "method",
    "p_value",
    "q_value",
    "people",
    "people_low",
    "people_high",
    "threshold_min",
    "threshold_max",
    "severity",
    "rationale",
    "threshold_source",
    "threshold_since",
    "threshold_until",
    "verdict",
    "reason",
    "suppressed",
)
# A spreadsheet runs a cell that starts with one of these as a formula.
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def findings(run: AuditRun, model: ModelRun, figures: Sequence[Figure], alerts: AlertsOfPeriod = NONE) -> bytes:
    """Return the findings of a model, then the alerts of the period, one row each (`record` says which).

    Numbers are written in full, as in the JSON, and times as RFC 3339; an alert has no number.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow((*COLUMNS, "record", *OF_ALERTS))
    blank = [""] * len(OF_ALERTS)
    for figure in figures:
        known = {"run": run.id, "model": model.model, "suppressed": strings.SUPPRESSED if figure.suppressed else ""}
        writer.writerow([*(cell(known[name] if name in known else getattr(figure, name)) for name in COLUMNS), "finding", *blank])
    for line in alerts.lines:
        about = {name: getattr(line.figure, name) for name in ("name", "version", "slice", "reference_slice", "attribute", "column")}
        known = {"run": run.id, "model": model.model, "severity": line.severity} | about
        told = [cell(getattr(line, name)) for name in OF_ALERTS]
        writer.writerow([*(cell(known.get(name)) for name in COLUMNS), "alert", *told])
    return text.getvalue().encode("utf-8", "replace")


def cell(value: Any) -> str:
    """Write one value; text that a spreadsheet would run as a formula gets a quote in front.

    >>> cell("=1+1"), cell(-0.5), cell(None), cell(True)
    ("'=1+1", '-0.5', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="auto") + "Z"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_RISKY) else value
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True, separators=(", ", ": ")) if value else "{}"
