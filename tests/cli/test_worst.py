"""Which finding is said first, since when, and where its link leads."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from audits.finding import Coverage, ModelRun, Reference
from dashboard.commands.worst import counts, link, worst
from dashboard.url_state import decode
from reports.figure import Figure

DAYS = [dt.datetime(2026, 8, day) for day in (3, 10, 17, 24)]


def row(name: str, verdict: str | None, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": name, "unit": "ratio", "version": None, "slice": "{}", "reference_slice": None, "attribute": None, "column": None,
        "window_start": DAYS[0], "window_end": DAYS[-1], "first_row": None, "last_row": None, "partial": False, "whole": True,
        "value": 0.7, "low": 0.6, "high": 0.75, "n": 900, "method": "", "p_value": None, "q_value": None, "tables": None,
        "threshold_min": 0.8, "threshold_max": None, "severity": "ticket", "rationale": "", "verdict": verdict, "reason": "",
    }  # fmt: skip
    return plain | more


def run_of(*rows: dict[str, Any]) -> ModelRun:
    findings = pa.Table.from_pylist(list(rows))
    return ModelRun(
        model="loans", task="binary", card={}, reference=Reference(kind="rows"), findings=findings, errors=(),
        coverage=Coverage(available=1, used=1, analysed=1, quarantined=0, duplicate=0, labelled=0),
    )  # fmt: skip


def by_sex(verdict: str | None, **more: Any) -> dict[str, Any]:
    return row("impact_ratio", verdict, slice='{"sex": "Female"}', reference_slice='{"sex": "Male"}', attribute="sex", **more)


def test_verdict_then_severity_then_distance() -> None:
    # Distances below the threshold of 0.8: 0.7 is an eighth of it, 0.4 a half.
    run = run_of(
        row("a", "warn", severity="page", value=0.1),
        row("b", "fail", severity="ticket", value=0.4),
        row("c", "fail", severity="page", value=0.7),
        row("d", "fail", severity="page", value=0.4),
        row("e", "pass", value=0.9),
        row("f", None),
        row("g", "insufficient", value=0.1),
    )
    assert [each.figure.name for each in worst([run])] == ["d", "c", "b", "a"]
    assert counts(run) == {"warn": 1, "fail": 3, "pass": 1, None: 1, "insufficient": 1}


def test_since_is_the_start_of_the_last_unbroken_stretch() -> None:
    def steps(*verdicts: str) -> list[dict[str, Any]]:
        return [by_sex(verdict, whole=False, window_start=at) for verdict, at in zip(verdicts, DAYS, strict=True)]

    def found(*verdicts: str) -> Any:
        (only,) = worst([run_of(by_sex("fail"), *steps(*verdicts))])
        return only.since

    assert found("fail", "pass", "fail", "warn") == DAYS[2]
    assert found("fail", "fail", "fail", "fail") == DAYS[0]
    assert found("fail", "fail", "fail", "pass") is None


def test_where_no_whole_period_is_bad_the_latest_windows_are_listed() -> None:
    run = run_of(row("a", "pass"), row("a", "pass", whole=False), row("a", "warn", whole=False, window_start=DAYS[1]))
    (only,) = worst([run])
    assert only.figure.window_start == only.since == DAYS[1]
    assert worst([run_of(row("a", "pass"))]) == []


def test_the_sentence_names_groups_interval_and_threshold() -> None:
    (only,) = worst([run_of(by_sex("fail"))])
    for part in ("Female", "Male", "0.70", "0.60", "0.75", "900", "below 0.80"):
        assert part in only.sentence


@pytest.mark.parametrize(
    ("figure", "page"),
    [
        (Figure(model="loans", name="impact_ratio", slice={"sex": "Female"}, attribute="sex"), "/fairness"),
        (Figure(model="loans", name="population_stability_index", slice={}, column="income"), "/drift"),
        (Figure(model="loans", name="missing_rate", slice={}, column="income"), "/data"),
        (Figure(model="loans", name="roc_auc", slice={}), "/performance"),
    ],
)
def test_a_link_opens_the_page_of_the_measure(figure: Figure, page: str) -> None:
    from urllib.parse import parse_qsl

    where, _, query = link(figure).partition("?")
    assert where == page
    view, complaints = decode(dict(parse_qsl(query)))
    assert complaints == ()
    assert view.model == "loans"
    assert view.column == figure.column
    assert view.group == ("Female" if page == "/fairness" else None)
    assert view.attribute == figure.attribute
