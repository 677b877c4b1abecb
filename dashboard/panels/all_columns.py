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
from dashboard.page import PageContext, Scope
from dashboard.panels import drift_words as words
from reports import charts
from reports import strings as wording
from reports.figure import Figure

DISTANCES = ("domain_classifier_auc", "maximum_mean_discrepancy", "least_squares_density_difference", "reconstruction_error",
             "spot_the_difference")  # fmt: skip
DETECTORS = ("online_detector",)
SECOND = ("second_opinion",)
NAMES = (*DISTANCES, *DETECTORS, *SECOND)
MOST = 12


def draw(context: PageContext, scope: Scope, names: Sequence[str]) -> None:
    """Draw the figures of these measures, or the line that runs them."""
    found = data.figures(*context.key, names=tuple(names), window=scope.window, columns=None, tables=True)
    known = [each for each in found if each.value is not None]
    if not known:
        why = next((each.reason for each in found if each.reason and "--what-if" not in each.reason), "")
        show(span(f"{why[:1].upper()}{why[1:]}." if why else words.NOT_RUN, "c-sentence"))
        if not why:
            st.code(strings.command("audit --what-if", context.snapshot.config), language=None, wrap_lines=True)
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


def gives_away(context: PageContext, scope: Scope) -> None:
    """The columns by which the classifier tells the window from the reference."""
    found = data.figures(*context.key, names=DISTANCES[:1], window=scope.window, columns=None, tables=True)
    tables: Mapping[str, Any] = next((each.tables for each in found if (each.tables or {}).get("features")), None) or {}
    features = tables.get("features") or ()
    weights = tables.get("importance") or ()
    lines = sorted(zip(features, weights, strict=False), key=lambda line: -(line[1] or 0.0))[:MOST]
    if not lines:
        show(span(wording.DASH, "c-note"))
        return
    points = tuple(charts.Point(label=wording.name_of(str(name)), value=float(weight), low=None, high=None, n=None, verdict=None)
                   for name, weight in lines if weight is not None)  # fmt: skip
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


def opinions(context: PageContext, scope: Scope) -> None:
    """What other libraries say of the same columns, beside ours."""
    found = data.figures(*context.key, names=SECOND, window=scope.window, columns=None, tables=True)
    rows = []
    for each in found:
        tables: Mapping[str, Any] = each.tables or {}
        about = wording.name_of(each.column) if each.column is not None else wording.DASH
        rows.append([about, *(wording.safe(str(tables.get(key) if tables.get(key) is not None else wording.DASH))
                              for key in ("says", "ours", "theirs")), each.reason])  # fmt: skip
    if not rows:
        show(span(words.NOT_RUN, "c-sentence"))
        st.code(strings.command("audit --what-if", context.snapshot.config), language=None, wrap_lines=True)
        return
    heads = [Column(head="Column", css="tight"), Column(head="Says", css="tight"), Column(head="Ours", css="num"),
             Column(head="Theirs", css="num"), Column(head="", css="wide quiet")]  # fmt: skip
    show(table(words.SECOND, heads, rows, height=320))
