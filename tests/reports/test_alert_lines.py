"""Alerts of a period in a report: who answered and how fast, the same in HTML, CSV and JSON, and never a number."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from html import unescape

import pytest

from audits.alert_state import Alert
from audits.finding import AuditRun, Signal
from reports.alert_lines import NONE, AlertsOfPeriod, of_period
from reports.registry import render

DAY = dt.datetime(2026, 3, 10)
HOUR = dt.timedelta(hours=1)


def alert(rule: str, fired: dt.datetime | None, **more: object) -> Alert:
    """An alert about women's approval ratio unless it says otherwise."""
    slice_ = str(more.pop("slice", "{}"))
    signal = Signal(model="loans", rule=rule, family="fairness", severity="page", answer="raised", slice=slice_, value=0.123456, n=4,
                    column=more.pop("column", None))  # type: ignore[arg-type]
    plain = {"key": signal.key, "occurrence": 1, "signal": signal, "state": "firing", "severity": "page", "opened": DAY, "updated": DAY,
             "since": None, "needed": 2, "fired": fired, "incident": "i1"}  # fmt: skip
    return Alert(**(plain | more))  # type: ignore[arg-type]


@pytest.fixture
def period() -> AlertsOfPeriod:
    """Three fired, of which one was acknowledged after two hours and one was over after five; one is older, one never fired."""
    return of_period(
        [
            alert("impact_ratio", DAY, slice='{"sex": "Female"}', state="acknowledged", acknowledged=DAY + 2 * HOUR, acknowledged_by="Ana"),
            alert("missing_rate", DAY + HOUR, column="debt", severity="ticket", state="resolved", resolved=DAY + 6 * HOUR,
                  resolved_by="candor"),
            alert("drift_evidence", DAY + 2 * HOUR, column="income"),
            alert("accuracy", DAY - 90 * 24 * HOUR), alert("volume", None), alert("f1", DAY, drill=True),
        ],
        "loans", DAY - 24 * HOUR,
    )  # fmt: skip


def test_the_period_counts_what_fired_in_it(period: AlertsOfPeriod) -> None:
    assert [line.figure.name for line in period.lines] == ["drift_evidence", "missing_rate", "impact_ratio"]
    # 2 h to the one acknowledgement; 5 h from firing at 1:00 to the one end at 6:00
    assert period.said() == "3 alerts fired, 1 was acknowledged after 2 h (median), 1 was resolved after 5 h (median)."
    assert of_period([], "loans", None).said() == "No alert fired in this period."
    assert of_period([alert("accuracy", DAY)], "cards", None) == NONE


def test_html_csv_and_json_tell_the_same_alerts(lender: AuditRun, period: AlertsOfPeriod) -> None:
    page = unescape(re.sub(r"<[^>]+>", " ", render("audit", "html", lender, alerts=period).decode()))
    page = re.sub(r"\s+", " ", page)
    table = [row for row in csv.DictReader(io.StringIO(render("audit", "csv", lender, alerts=period).decode())) if row["record"] == "alert"]
    record = json.loads(render("audit", "json", lender, alerts=period))["runs"][0]["alerts"]
    assert period.said() in page
    assert "10 Mar 2026, 02:00 UTC, Ana" in page
    assert len(table) == len(record) == len(period.lines)
    for row, found, line in zip(table, record, period.lines, strict=True):
        assert line.about in page
        assert (row["name"], row["column"], row["severity"], row["state"]) == (
            found["rule"], found["column"] or "", found["severity"], found["state"],
        )  # fmt: skip
        assert json.loads(row["slice"]) == found["slice"]
        for name in ("fired", "acknowledged", "resolved"):
            assert row[name] == (found[name] or "")
        assert row["acknowledged_by"] == (found["acknowledged_by"] or "")
        assert not any(row[name] for name in ("value", "low", "high", "n"))  # four people may have raised it


def test_no_number_of_an_alert_leaves(lender: AuditRun, period: AlertsOfPeriod) -> None:
    for format_ in ("html", "csv", "json"):
        assert b"0.123456" not in render("audit", format_, lender, alerts=period)


def test_without_alerts_there_is_no_section(lender: AuditRun) -> None:
    assert b'id="alerts"' not in render("audit", "html", lender)
    assert json.loads(render("audit", "json", lender))["runs"][0]["alerts"] == []
