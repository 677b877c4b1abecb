"""One run, one set of figures: the JSON of the audit, the snapshot that pages read, the pages, and the report as JSON, CSV and HTML."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from audits import gaps
from audits.registry import GROUPS
from audits.run_json import to_json
from connectors.published import open_published
from dashboard import data
from dashboard.serve import CONFIG
from reports import strings
from reports.figure import Figure
from reports.registry import render
from tests.real.conftest import Audited

PICKED = 500
NUMBERS = ("value", "low", "high", "n")


TOLD = {*gaps.NAMES, "criteria_conflict", "detectable_gap", *(audit.name for name in ("tradeoffs", "weak_spots") for audit in GROUPS[name])}
"""What the HTML does not list line by line."""


@pytest.fixture(scope="module")
def audit_json(employment: Audited) -> list[dict[str, Any]]:
    """Give the findings as `candor audit --json` writes them, by position."""
    found: list[dict[str, Any]] = json.loads(json.dumps(to_json(employment.run), allow_nan=False))["runs"][0]["findings"]
    return found


@pytest.fixture(scope="module")
def picked(audit_json: list[dict[str, Any]]) -> list[int]:
    """Give the positions of many findings, at random but the same ones each time."""
    return sorted(random.Random(20261121).sample(range(len(audit_json)), PICKED))


def identity(found: Mapping[str, Any]) -> tuple[Any, ...]:
    """Tell what a finding of the JSON is about."""
    window = found["window"]
    return (found["name"], found["version"], found["slice"], found["reference_slice"], found["attribute"], found["column"],
            window["first_row"], window["last_row"], window["partial"])  # fmt: skip


def about(figure: Figure) -> tuple[Any, ...]:
    """Tell what a figure is about, in the same order."""
    return (figure.name, figure.version, figure.slice, figure.reference_slice, figure.attribute, figure.column,
            figure.first_row, figure.last_row, figure.partial)  # fmt: skip


def printed(figure: Figure) -> tuple[str, str, str]:
    """Write value, interval and n as readers see them."""
    unit = strings.display_unit(figure.name, figure.unit)
    return (*strings.parts(figure.value, figure.low, figure.high, unit, against=strings.limit(figure)), strings.count(figure.n))


def test_the_snapshot_holds_what_the_json_says(employment: Audited, audit_json: list[dict[str, Any]], picked: list[int]) -> None:
    """The pages read the snapshot: the same finding in the same place, to the last digit."""
    with open_published(employment.config) as published:
        rows = published.table("select * from findings where model = 'employment' order by position").to_pylist()
    assert len(rows) == len(audit_json)
    for place in picked:
        figure, found = Figure.of(rows[place]), audit_json[place]
        assert about(figure) == identity(found)
        assert tuple(getattr(figure, name) for name in NUMBERS) == tuple(found["estimate"][name] for name in NUMBERS)
        assert (figure.verdict, figure.reason, figure.q_value) == (found["verdict"], found["reason"], found["q_value"])


def test_report_json_and_csv_hold_what_the_audit_says(employment: Audited, audit_json: list[dict[str, Any]], picked: list[int]) -> None:
    """The same numbers in full, or withheld in both; what is withheld is about few people or would give them away."""
    report = json.loads(render("audit", "json", employment.run))["runs"][0]["findings"]
    table = list(csv.DictReader(io.StringIO(render("audit", "csv", employment.run).decode("utf-8"), newline="")))
    assert len(report) == len(table) == len(audit_json)
    open_ones = 0
    for place in picked:
        found, ours, line = audit_json[place], report[place], table[place]
        assert identity(ours) == identity(found)
        assert (line["name"], line["version"] or None, json.loads(line["slice"])) == (found["name"], found["version"], found["slice"])
        assert bool(ours.get("suppressed")) == bool(line["suppressed"])
        if ours.get("suppressed"):
            assert all(ours["estimate"][name] is None and line[name] == "" for name in NUMBERS)
            continue
        open_ones += 1
        for name in NUMBERS:
            expected = found["estimate"][name]
            assert ours["estimate"][name] == expected
            assert line[name] == ("" if expected is None else repr(expected))
        assert (line["verdict"] or None) == ours["verdict"] == found["verdict"]
    assert open_ones > PICKED / 2


def test_the_html_prints_what_the_json_says(employment: Audited, audit_json: list[dict[str, Any]]) -> None:
    """Every whole-period figure about a group, a gap or everybody that the report JSON shows stands in a line of the HTML, as printed.

    Estimates are printed where nothing is realised, and all outcomes of this log are known. A change stands in the line of its measure.
    Other gaps are drawn, and what is in `TOLD` is said in sentences and tables of its own form.
    """
    page = render("audit", "html", employment.run).decode("utf-8")
    lines = set()
    for line in re.findall(r"<tr>.*?</tr>", page, flags=re.DOTALL):
        cells = [
            re.sub(r"<sup>.*?</sup>|<small>.*?</small>|<svg.*?</svg>", "", cell, flags=re.DOTALL)
            for cell in re.findall(r"<t[hd].*?</t[hd]>", line, flags=re.DOTALL)
        ]
        lines.add(tuple(unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in cells))
    joined = {" | ".join(cells) for cells in lines}
    report = json.loads(render("audit", "json", employment.run))["runs"][0]["findings"]
    checked = changes = 0
    for found in report:
        whole = found["window"]["first_row"] == 0 and found["window"]["last_row"] == len(employment.rows) - 1
        if not whole or found["column"] or found["version"] or found.get("suppressed") or found["estimate"]["value"] is None:
            continue
        if found["name"].endswith("_change") and not found["slice"]:
            unit = strings.display_unit(found["name"], found["unit"])
            _, interval = strings.parts(*(found["estimate"][name] for name in NUMBERS[:3]), unit)
            base = strings.glossary.term(found["name"].removesuffix("_change")).title
            assert any(line.startswith(base) and interval in line for line in joined), (found["name"], interval)
            changes += 1
        if found["name"] in TOLD or strings.glossary.term(found["name"]).family == "estimated":
            continue
        if not found["slice"] and not found["attribute"] and strings.glossary.term(found["name"]).family not in ("performance", "quality"):
            continue
        figure = Figure(name=found["name"], unit=found["unit"], slice=found["slice"], reference_slice=found["reference_slice"], whole=True,
                        threshold_min=(found["threshold"] or {}).get("min"), threshold_max=(found["threshold"] or {}).get("max"),
                        **{name: found["estimate"][name] for name in NUMBERS})  # fmt: skip
        wanted = " | ".join(printed(figure))
        title = strings.glossary.term(figure.name).title
        group = strings.group(figure.slice) if figure.slice else ""
        assert any(line.startswith(title) and group in line and wanted in line for line in joined), (figure.name, group, wanted)
        checked += 1
    assert checked > 200
    assert changes > 10


@pytest.mark.parametrize("attribute", ["SEX", "RAC1P", "RAC1P,SEX"])
def test_the_fairness_page_prints_what_the_json_says(
    employment: Audited, audit_json: list[dict[str, Any]], attribute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Value and interval of every rate in the table of groups."""
    config = str(employment.config.path)
    monkeypatch.setenv(CONFIG, config)
    app = AppTest.from_string("from dashboard.app import run\nrun(only='fairness')", default_timeout=60)
    app.query_params["attribute"] = attribute
    app.run()
    assert not app.exception
    html = " ".join(element.proto.body for element in app.get("html"))
    words = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    snapshot = data.current(config)
    assert snapshot is not None
    run = data.runs(snapshot)[0]["run"]
    by_identity = {json.dumps(identity(found), sort_keys=True): found["estimate"] for found in audit_json}
    names = ("selection_rate", "impact_ratio", "base_rate", "true_positive_rate", "false_positive_rate", "accuracy")
    figures = [
        each
        for each in data.figures(snapshot, run, "employment", names=names, attribute=attribute)
        if each.slice and each.value is not None
    ]
    assert len(figures) >= 10
    for figure in figures:
        estimate = by_identity[json.dumps(about(figure), sort_keys=True)]
        assert tuple(getattr(figure, name) for name in NUMBERS) == tuple(estimate[name] for name in NUMBERS)
        bad = figure.verdict in ("fail", "warn")
        unit = strings.display_unit(figure.name, figure.unit)
        value, interval = strings.parts(
            estimate["value"], estimate["low"], estimate["high"], unit, against=strings.limit(figure) if bad else None
        )
        assert re.search(rf"{re.escape(value)}( ○)? {re.escape(interval)}", words), (figure.name, figure.slice)
