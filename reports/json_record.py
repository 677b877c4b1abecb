"""A run as canonical JSON: the shape of `candor audit --json`, keys sorted, no NaN, small cells withheld."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from audits.finding import AuditRun, ModelRun
from audits.run_json import to_json
from reports.alert_lines import NONE, AlertsOfPeriod
from reports.figure import Figure

WITHHELD = {"p_value": None, "q_value": None, "people": None, "tables": None, "verdict": None, "suppressed": True}


def findings(run: AuditRun, model: ModelRun, figures: Sequence[Figure], alerts: AlertsOfPeriod = NONE) -> bytes:
    """Return one model of a run as bytes that are the same for the same run; a withheld finding says `suppressed`.

    Signals about groups repeat figures of findings, of which some are withheld: only those about everybody leave.
    `alerts` are listed beside the findings, without figures.
    """
    whole = to_json(replace(run, runs=[model]))
    found = whole["runs"][0]["findings"]
    whole["runs"][0]["findings"] = [_shown(each, figure) for each, figure in zip(found, figures, strict=True)]
    whole["runs"][0]["signals"] = [each for each in whole["runs"][0]["signals"] if not each["slice"] and each["attribute"] is None]
    whole["runs"][0]["alerts"] = [each.as_json() for each in alerts.lines]
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return (text + "\n").encode("utf-8", "backslashreplace")


def _shown(found: dict[str, Any], figure: Figure) -> dict[str, Any]:
    if not figure.suppressed:
        return found | {"tables": figure.tables}
    blank = {"value": None, "low": None, "high": None, "n": None, "method": figure.method}
    return found | WITHHELD | {"estimate": blank, "reason": figure.reason}
