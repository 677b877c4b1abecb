"""All columns at once: a classifier, two distances, detectors that follow the stream, and what other libraries say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import data, strings
from dashboard.components import chart
from dashboard.components.figure_table import figure_table
from dashboard.components.interval_plot import trend
from dashboard.components.markup import Column, Html, measure, show, span, table, text
from dashboard.destination import TOGETHER
from dashboard.page import PageContext
from dashboard.panels import drift_answers
from dashboard.panels import drift_words as words
from dashboard.panels.log_checks import newest
from reports import charts, glossary
from reports import strings as wording
from reports.drift_answers import MEASURE, latest
from reports.figure import Figure

SECOND = ("second_opinion",)
DETECTORS = ("online_fisher", "online_cramer_von_mises")
DISTANCES = tuple(name for name in TOGETHER if name not in (*DETECTORS, *SECOND))
COMMAND = "audit --multivariate"
MOST = 12


def draw(context: PageContext, names: Sequence[str]) -> None:
    """Draw the figures of these measures, or the line that runs them."""
    found = newest(data.figures(*context.key, names=tuple(names), whole=None, columns=None, tables=True))
    known = [each for each in found if each.value is not None]
    if not known:
        why = next((each.reason for each in found if each.reason and "--multivariate" not in each.reason), "")
        show(span(f"{why[:1].upper()}{why[1:]}." if why else words.NOT_RUN, "c-sentence"))
        if not why:
            st.code(strings.command(COMMAND, context.snapshot.config), language=None, wrap_lines=True)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(known[0]))}.</p>'))
    show(figure_table(
        words.TOGETHER, found, head="Measure", first=lambda each: named(each), q_values=any(each.q_value is not None for each in found)
    ))  # fmt: skip
    budgets(known)


def named(figure: Figure) -> Html:
    """The measure, and of which detector or library, where it is one of several."""
    about = f" {text(wording.name_of(figure.column))}" if figure.column is not None else ""
    return Html(f"{measure(figure.name)}{about}")


def budgets(figures: Sequence[Figure]) -> None:
    """Rows that each probe was allowed and the time it took; said, because a sample is never silent."""
    said = []
    for each in figures:
        tables: Mapping[str, Any] = each.tables or {}
        if tables.get("rows_used"):
            used, available = int(tables["rows_used"]), int(tables.get("rows_available") or tables["rows_used"])
            said.append(f"{wording.headline(each)}: {words.rows_read(used, available, tables.get('seconds'))}")
    if said:
        show(Html('<p class="c-note">' + "<br>".join(text(line) for line in dict.fromkeys(said)) + "</p>"))


def gives_away(context: PageContext) -> None:
    """The columns by which the classifier tells the window from the reference."""
    every = data.figures(*context.key, names=DISTANCES[:1], whole=None, columns=None, tables=True)
    tables = next((each.tables for each in (*newest(every), *every) if each.tables and each.tables.get("features")), {})
    features = tables.get("features") or ()
    weights = tables.get("importance") or ()
    ends = [tables.get(f"importance_{end}") or [None] * len(weights) for end in ("low", "high")]
    lines = sorted(zip(features, weights, *ends, strict=False), key=lambda line: -(line[1] or 0.0))[:MOST]
    if not lines:
        show(span(words.NO_GIVES_AWAY, "c-sentence"))
        return
    points = tuple(charts.Point(label=wording.name_of(str(name)), value=float(weight), low=low, high=high, n=None, verdict=None)
                   for name, weight, low, high in lines if weight is not None)  # fmt: skip
    alt = f"{words.GIVES_AWAY}: " + ", ".join(f"{point.label} {wording.number(point.value, 'decimal')}" for point in points) + "."
    chart.picture(charts.IntervalChart(title=words.GIVES_AWAY, unit="decimal", alt=alt, points=points, head="Column"), width=480)


def over_time(context: PageContext, names: Sequence[str]) -> None:
    """The first of these measures that is reported window by window, as lines."""
    for name in names:
        past = data.figures(*context.key, names=(name,), whole=False, columns=None)
        lines: dict[str, list[Figure]] = {}
        for each in past:
            if each.value is not None:
                lines.setdefault(each.column or "", []).append(each)
        if any(len(each) > 1 for each in lines.values()):
            chart.draw(trend(name, list(lines.items())[:6]), key=f"{name}-chart")
            return


def followed(context: PageContext) -> None:
    """Each detector's statistic row by row, under its line."""
    for figure in newest(data.figures(*context.key, names=DETECTORS, whole=None, columns=None, tables=True)):
        tables: Mapping[str, Any] = figure.tables or {}
        lists = [tables.get(name) or () for name in ("t", "statistic", "line")]
        if not lists[0] or len({len(each) for each in lists}) != 1:
            continue
        title = glossary.term(figure.name).title
        curves = tuple(
            charts.Series(name=name, estimated=name == words.LINE, points=tuple(
                charts.Point(label=wording.moment(int(t)), value=value, at=int(t)) for t, value in zip(lists[0], values, strict=True)
            ))
            for name, values in ((words.STATISTIC, lists[1]), (words.LINE, lists[2]))
        )  # fmt: skip
        first = tables.get("first")
        alt = f"{title} over {len(lists[0])} rows; " + (f"above its line from {wording.moment(int(first))} on." if first is not None
                                                       else "never above its line.")  # fmt: skip
        chart.picture(charts.TrendChart(title=title, unit="decimal", alt=alt, series=curves), width=620)
        show(span(alt, "c-note"))


def opinions(context: PageContext) -> None:
    """What evidently says of each column, beside our own answer."""
    found = newest(data.figures(*context.key, names=SECOND, whole=None, columns=None, tables=True))
    tables = next((each.tables for each in found if each.tables and each.tables.get("columns")), {})
    evidence = data.figures(*context.key, names=(MEASURE,), whole=False, columns=True, tables=True)
    ours = {each.column: each for each in latest(evidence)}
    rows: list[list[object]] = []
    for each in tables.get("columns") or ():
        name = str(each["column"])
        mine = drift_answers.standing(ours[name]) if name in ours else text(wording.DASH)
        numbers = (wording.number(each.get(key), "decimal") for key in ("statistic", "threshold"))
        rows.append([wording.name_of(name), mine, wording.safe(str(each.get("says"))), *numbers, wording.safe(str(each.get("method")))])
    if not rows:
        draw(context, SECOND)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    heads = [
        Column(head="Column", css="tight"), Column(head="Ours", css="tight"), Column(head="Evidently", css="tight"),
        Column(head="Statistic", css="num"), Column(head="Threshold", css="num"), Column(head="Method", css="wide quiet"),
    ]  # fmt: skip
    show(table(words.SECOND, heads, rows, height=320))
    budgets(found)
