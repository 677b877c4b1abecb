"""Reports: the same figure in HTML, CSV and JSON, the same bytes for the same run, and nothing a hostile name could do."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from audits.finding import AuditRun
from connectors.errors import UsageError
from reports import strings
from reports.charts import Mark
from reports.figure import figures
from reports.registry import render
from reports.suppression import suppressed

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("x")',
    "\u202ereversed",
    "a\x00b\nc",
    "أنثى",
    "{{ 7*7 }}",
    "</style><b>",
    'O\'Neil & "Sons"',
)
Make = Callable[..., AuditRun]
Row = Callable[..., dict[str, Any]]


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: bytes) -> Reader:
    """Parse a page."""
    reader = Reader()
    reader.feed(page.decode())
    return reader


def cells(page: bytes) -> list[str]:
    """Return the text of all table cells."""
    return [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page.decode(), re.S)]


def rows(table: bytes) -> list[dict[str, str]]:
    """Read a CSV report."""
    return list(csv.DictReader(io.StringIO(table.decode("utf-8"), newline="")))


def test_the_same_run_gives_the_same_bytes(lender: AuditRun) -> None:
    for format_ in ("html", "csv", "json"):
        assert render("audit", format_, lender) == render("audit", format_, lender, model="loans")


def test_each_figure_is_the_same_in_html_csv_and_json(lender: AuditRun) -> None:
    page = cells(render("audit", "html", lender))
    table = rows(render("audit", "csv", lender))
    record = json.loads(render("audit", "json", lender))["runs"][0]["findings"]
    assert len(table) == len(record) == lender.runs[0].findings.num_rows
    for row, found in zip(table, record, strict=True):
        assert (row["name"], json.loads(row["slice"])) == (found["name"], found["slice"])
        for name in ("value", "low", "high", "n"):
            number = found["estimate"][name]
            assert row[name] == ("" if number is None else repr(number))
        assert row["verdict"] == (found["verdict"] or "")
        people = found["people"] or {"value": None, "low": None, "high": None}
        for column, part in (("people", "value"), ("people_low", "low"), ("people_high", "high")):
            assert row[column] == ("" if people[part] is None else repr(people[part]))
    seen = set(page)
    whole = [
        f
        for f in record
        if f["slice"]
        and f["estimate"]["value"] is not None
        and f["window"]["start"] == "2026-03-01T00:00:00Z"
        and f["window"]["end"] == "2026-03-31T00:00:00Z"
    ]
    assert len(whole) > 20
    for found in whole:
        unit = strings.display_unit(found["name"], found["unit"])
        estimate = found["estimate"]
        edge = (found["threshold"] or {}).get("min") or (found["threshold"] or {}).get("max")
        value, interval = strings.parts(estimate["value"], estimate["low"], estimate["high"], unit, against=edge)
        assert {value, interval, strings.count(estimate["n"])} <= seen
        if found["people"] is not None:
            assert strings.people(*(found["people"][part] for part in ("value", "low", "high"))) in seen
    assert any(found["people"] for found in whole)


def test_a_withheld_figure_leaves_no_number_of_people(lender: AuditRun) -> None:
    table = rows(render("audit", "csv", lender))
    record = json.loads(render("audit", "json", lender))["runs"][0]["findings"]
    gone = [(row, found) for row, found in zip(table, record, strict=True) if row["suppressed"]]
    assert gone
    assert not [row for row, found in gone if row["people"] or row["people_low"] or row["people_high"] or found["people"]]


def test_numbers_in_json_and_csv_are_those_of_the_run(lender: AuditRun) -> None:
    record = json.loads(render("audit", "json", lender))["runs"][0]["findings"]
    values = lender.runs[0].findings.column("value").to_pylist()
    kept = [(found["estimate"]["value"], value) for found, value in zip(record, values, strict=True) if not found.get("suppressed")]
    assert len(kept) > 1000
    assert all(a == b for a, b in kept)


def test_json_is_canonical_and_has_no_nan(lender: AuditRun) -> None:
    text = render("audit", "json", lender).decode()
    record = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert text == json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"
    assert set(record) == {"format", "id", "created", "code_revision", "policy", "data", "bins", "policy_changes", "runs"}
    assert set(record["runs"][0]["findings"][0]) == {
        "name",
        "unit",
        "version",
        "slice",
        "reference_slice",
        "attribute",
        "column",
        "window",
        "estimate",
        "p_value",
        "q_value",
        "people",
        "tables",
        "threshold",
        "verdict",
        "reason",
    }


def test_small_cells_are_blank_in_every_format(lender: AuditRun) -> None:
    table = rows(render("audit", "csv", lender))
    small = [row for row in table if json.loads(row["slice"]).get("race") == "Pacific"]
    assert len(small) > 30
    for row in small:
        assert [row[name] for name in ("value", "low", "high", "n", "verdict")] == [""] * 5
        assert row["suppressed"] == "suppressed"
    assert all(row["n"] == "" or int(float(row["n"])) >= 10 or row["value"] == "" for row in table)
    assert "suppressed" in cells(render("audit", "html", lender))
    record = json.loads(render("audit", "json", lender))["runs"][0]["findings"]
    assert sum(found.get("suppressed", False) for found in record) == sum(row["suppressed"] != "" for row in table)


def test_the_page_loads_nothing_and_runs_nothing(lender: AuditRun) -> None:
    page = render("audit", "html", lender, marks=[Mark(at=lender.created.replace(day=12, hour=0), kind="release", text="v2")])
    reader = read(page)
    assert not {"script", "link", "iframe", "img", "object", "embed", "form", "base"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in ("style", "src", "srcset", "action")]
    assert {value[:1] for name, value in reader.attributes if name == "href" and value} == {"#"}
    assert not re.search(rb"https?:|//[a-z]|url\(|@import", page)


def test_the_policy_of_the_page_names_its_one_style_sheet(lender: AuditRun) -> None:
    page = render("audit", "html", lender).decode()
    style = re.findall(r"<style>(.*?)</style>", page, re.S)
    assert len(style) == 1
    policy = unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0])
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_every_link_inside_the_page_leads_somewhere_and_ids_are_unique(lender: AuditRun) -> None:
    reader = read(render("audit", "html", lender))
    ids = [value for name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {str(value)[1:] for name, value in reader.attributes if name == "href"} <= set(ids)


def test_every_chart_has_alt_text_and_a_table(lender: AuditRun) -> None:
    page = render("audit", "html", lender).decode()
    charts = re.findall(r"<figure.*?</figure>", page, re.S)
    assert len(charts) > 15
    for chart in charts:
        assert re.search(r'role="img" aria-label="[^"]{20,}"', chart)
        assert "<table>" in chart


def test_the_page_says_what_it_rests_on(lender: AuditRun) -> None:
    text = " ".join(" ".join(read(render("audit", "html", lender)).text).split())
    assert "received 281,204 = accepted 279,500 + duplicate 1,100 + quarantined 604" in text
    for needed in (lender.id, lender.policy, lender.data, lender.bins, lender.code_revision, "1–30 Mar 2026", "1 Jan – 28 Feb 2026"):
        assert needed in text
    assert "the log has no latency_ms column" in text
    assert "division by zero in column channel" in text
    assert "no outcomes are known yet for this window" in text
    for attribute in ("sex", "race", "age", "race × sex"):
        assert attribute in text


def test_what_needs_attention_comes_first_and_worst_first(lender: AuditRun) -> None:
    page = render("audit", "html", lender).decode()
    section = page.split('id="attention"')[1].split("</section>")[0]
    assert re.search(
        r"Approval ratio Female/Male 0\.7\d \[0\.\d\d, 0\.\d\d\], n = 41,200, about [\d,]+ people in this period, below 0\.80", section
    )
    assert "Population stability index of income" in section
    assert "OK over the whole period" in section
    order = re.findall(r'<li><span class="status (\w+)"', section)
    assert order == sorted(order, key=lambda verdict: strings.SEVERITY_ORDER[verdict])


def test_an_onset_is_dated(one: Make, finding: Row, judged: Row) -> None:
    import datetime as dt

    days = [dt.datetime(2026, 3, day) for day in range(1, 7)]
    about: dict[str, Any] = {"slice": {"sex": "F"}, "reference_slice": {"sex": "M"}, "attribute": "sex", "n": 900}
    found = [judged(finding("impact_ratio", "ratio", 0.7, low=0.68, high=0.72, **about), 0.8)]
    for day, value in zip(days, (0.9, 0.9, 0.7, 0.9, 0.7, 0.6), strict=True):
        window = {"window_start": day, "window_end": day + dt.timedelta(days=1), "whole": False}
        found.append(judged(finding("impact_ratio", "ratio", value, low=value - 0.02, high=value + 0.02, **about, **window), 0.8))
    text = render("audit", "html", one(*found)).decode()
    assert "below 0.80 since 5 Mar 2026" in text
    assert "outside in 3 of 6 complete windows" in text


def test_a_run_with_nothing_in_it_still_reads_well(one: Make) -> None:
    import dataclasses

    bare = one()
    model = dataclasses.replace(bare.runs[0], card={}, errors=[])
    page = render("audit", "html", dataclasses.replace(bare, runs=[model])).decode()
    assert "Nothing outside its policy" in page
    assert "No protected attribute was audited." in page
    assert rows(render("audit", "csv", bare)) == []


def test_a_log_without_a_clock(one: Make, finding: Row) -> None:
    blocks = [
        {"window_start": None, "window_end": None, "first_row": i * 5000, "last_row": i * 5000 + 4999, "whole": False} for i in range(4)
    ]
    whole = {"window_start": None, "window_end": None, "first_row": 0, "last_row": 19_999}
    found = [finding("accuracy", "proportion", 0.8, low=0.7, high=0.9, n=5000, **place) for place in (whole, *blocks)]
    page = render("audit", "html", one(*found)).decode()
    assert "rows 0–19,999" in page
    assert "rows 15,000–19,999" in page


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_ever_text(one: Make, name: str, finding: Row, judged: Row) -> None:
    import dataclasses

    about = {"slice": {name: name}, "attribute": name, "n": 400}
    found = [
        finding("selection_rate", "proportion", 0.4, low=0.35, high=0.45, **about),
        judged(finding("impact_ratio", "ratio", 0.5, low=0.4, high=0.6, reference_slice={name: "b"}, reason=name, **about), 0.8),
        judged(
            finding(
                "population_stability_index",
                "index",
                0.5,
                low=0.4,
                high=0.6,
                column=name,
                tables={"labels": [name, "z"], "edges": None, "reference": [50, 50], "window": [90, 20]},
            ),
            None,
            0.2,
        ),
        finding("accuracy", "proportion", None, n=0, reason=name),
    ]
    run = one(*found)
    card = {**run.runs[0].card, "title": name, "owner": name, "environment": name, "attributes": json.dumps([name])}
    run = dataclasses.replace(run, runs=[dataclasses.replace(run.runs[0], card=card)])
    page = render("audit", "html", run, marks=[Mark(at=run.created, kind="release", text=name)])
    reader = read(page)
    assert not {"script", "img", "b"} & set(reader.tags)
    assert not [key for key, _ in reader.attributes if key.startswith("on")]
    assert "\u202e" not in page.decode()
    assert b"\x00" not in page
    shown = "".join(reader.text)
    assert strings.safe(name) in shown
    table = rows(render("audit", "csv", run))
    assert {row["column"].removeprefix("'") for row in table} >= {name}
    assert json.loads(render("audit", "json", run))["runs"][0]["findings"][0]["slice"] == {name: name}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_csv_text_cannot_be_a_formula(one: Make, text: str, finding: Row) -> None:
    table = rows(render("audit", "csv", one(finding("missing_rate", "proportion", -0.5, column=text, reason=text, attribute=text))))
    assert table[0]["column"] == table[0]["reason"] == "'" + text
    assert table[0]["value"] == "-0.5"  # a number stays a number


def test_csv_follows_rfc_4180(one: Make, finding: Row) -> None:
    table = render("audit", "csv", one(finding("missing_rate", "proportion", 0.5, column='a"b,c\nd'))).decode()
    assert table.endswith("\r\n")
    assert '"a""b,c\nd"' in table
    assert table.split("\r\n")[0].startswith("run,model,name,unit,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audti", "html"), r'no report template "audti"; did you mean "audit"\?'),
        (("audit", "docx"), 'no format "docx"; it has html, csv, json'),
        (("audit", "pdf"), "PDF comes later; html, csv, json work today"),
    ],
)
def test_what_does_not_exist_is_answered_with_what_does(lender: AuditRun, arguments: tuple[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        render(*arguments, lender)


def test_a_wrong_model_is_answered_with_the_nearest(lender: AuditRun) -> None:
    with pytest.raises(UsageError, match='did you mean "loans"'):
        render("audit", "html", lender, model="loan")


def test_suppression_is_what_reports_show(lender: AuditRun) -> None:
    found = suppressed(list(figures(lender.runs[0].findings)))
    table = rows(render("audit", "csv", lender))
    assert [f.suppressed for f in found] == [row["suppressed"] != "" for row in table]


def test_one_problem_is_told_once(one: Make, finding: Row, judged: Row) -> None:
    bad = {"low": 0.1, "high": 0.2, "n": 500}
    cross = [{"slice": {"race": r, "sex": "F"}, "attribute": "race,sex"} for r in ("a", "b", "c")]
    found = [judged(finding("impact_ratio", "ratio", 0.15, **bad, **place), 0.8) for place in cross]
    found += [
        judged(finding(name, "distance", 0.15, column="income", **bad), None, 0.05)
        for name in ("population_stability_index", "hellinger_distance")
    ]
    found += [judged(finding("accuracy", "proportion", 0.15, version=version, **bad), 0.8) for version in (None, "v1", "v2")]
    page = render("audit", "html", one(*found)).decode()
    section = unescape(page.split('id="attention"')[1].split("</section>")[0])
    assert section.count("<li>") == 3
    assert "also b · F, c · F" in section
    assert "also Hellinger distance" in section
    assert "also version v1, version v2" in section


def test_a_remark_on_a_figure_is_a_footnote_said_once(one: Make, finding: Row) -> None:
    remark = "immature: 24 % of outcomes known"
    page = render("audit", "html", one(*(finding(name, "proportion", 0.5, reason=remark) for name in ("accuracy", "f1")))).decode()
    assert page.count(remark) == 1
    assert page.count("<sup>1</sup>") == 2


def test_versions_stand_side_by_side(one: Make, finding: Row) -> None:
    page = cells(
        render("audit", "html", one(*(finding("accuracy", "proportion", v, low=v, high=v, version=f"v{v}") for v in (0.25, 0.75))))
    )
    assert {"v0.25", "v0.75"} <= set(page)
    assert any(cell.startswith("25.0%") and "n = 93,500" in cell for cell in page)
