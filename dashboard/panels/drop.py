"""What a change of the headline measure is made of: data quality, other people, other outcomes for the same people, late outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import data, strings
from dashboard.components import chart
from dashboard.components.markup import Column, Html, show, span, table, text
from dashboard.page import PageContext
from dashboard.panels import drift_words as words
from reports import charts, glossary
from reports import strings as wording
from reports.causes import apart

KINDS = {"data quality": "Data quality", "covariate": "Other people", "concept": "Other outcomes for the same people",
         "label delay": "Outcomes still to come"}  # fmt: skip
"""The parts in the order in which they are looked at: data before the model."""
MOST = 8


def draw(context: PageContext) -> None:
    """Draw the waterfall of the parts, then the features behind them; or the line that runs the probe."""
    found = data.figures(*context.key, names=("drop_attribution",), whole=None, tables=True)
    figure = next((each for each in found if (each.tables or {}).get("parts")), None)
    if figure is None:
        why = next((each.reason for each in found if each.reason and "--what-if" not in each.reason), "")
        if why:
            show(span(f"{why[:1].upper()}{why[1:]}.", "c-lead"))
        else:
            show(span(words.NO_DROP, "c-sentence"))
            st.code(strings.command("audit --what-if", context.snapshot.config), language=None, wrap_lines=True)
        return
    tables: Mapping[str, Any] = figure.tables or {}
    metric = str(tables.get("metric") or "")
    unit = wording.display_unit(metric)
    parts = ordered(tables["parts"])
    place = wording.window_of(figure)
    when = f"in {place}" if place != wording.DASH else "over the whole period"
    changed = f"{glossary.term(metric).title} {wording.number(tables.get('value'), unit)} {when}"
    told = f"{changed}, from {wording.number(tables.get('reference'), unit)} in the reference. {apart(tables)}"
    show(Html(f'<p class="c-lead">{text(told)}</p>'))
    if tables.get("value") is not None and tables.get("reference") is not None:
        chart.picture(waterfall(metric, unit, tables, parts), width=900)
    features(parts, unit)
    if tables.get("rows_used"):
        read = words.rows_read(int(tables["rows_used"]), int(tables.get("rows_available") or tables["rows_used"]), tables.get("seconds"))
        show(span(read, "c-note"))


def ordered(parts: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Parts in the order of `KINDS`, those of other kinds last."""
    known = list(KINDS)
    return sorted((each for each in parts if each.get("value") is not None),
                  key=lambda each: known.index(each["kind"]) if each.get("kind") in known else len(known))  # fmt: skip


def waterfall(metric: str, unit: str, tables: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> charts.WaterfallChart:
    """From the reference's value to the window's through the parts."""
    title = f"What the change of {glossary.term(metric).title} is made of"
    steps = tuple(
        charts.Step(
            label=KINDS.get(each["kind"], str(each["kind"])), size=float(each["value"]), low=each.get("low"), high=each.get("high"), group=5
        )
        for each in parts
    )
    return charts.WaterfallChart(
        title=title, unit=unit, step_unit="points" if unit == "percent" else unit, alt=title, start_label="Reference",
        start=float(tables["reference"]), end_label="Window", end=float(tables["value"]), steps=steps,
    )  # fmt: skip


def features(parts: list[Mapping[str, Any]], unit: str) -> None:
    """The columns behind each part, largest first, each with its interval."""
    step = "points" if unit == "percent" else unit
    lines = [(each["kind"], feature) for each in parts for feature in each.get("features") or () if feature.get("value") is not None]
    lines.sort(key=lambda line: -abs(line[1]["value"]))
    rows: list[list[object]] = []
    for kind, feature in lines[:MOST]:
        value, interval = wording.parts(feature["value"], feature.get("low"), feature.get("high"), step)
        about = wording.name_of(str(feature.get("column") or "")), wording.safe(str(feature.get("words") or ""))
        rows.append([about[0], KINDS.get(kind, str(kind)), f"{value} {interval}".strip(), about[1]])
    if rows:
        heads = [Column(head="Column", css="tight"), Column(head="Part", css="tight"), Column(head="Size [95% interval]", css="num"),
                 Column(head="", css="wide quiet")]  # fmt: skip
        show(table(words.DROP, heads, rows))
