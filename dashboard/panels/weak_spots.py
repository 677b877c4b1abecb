"""Where the model errs most: slices found by search, in words, with the figure inside and outside."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import strings
from dashboard.components import chart
from dashboard.components.figure_table import around, heads, reason, signed, significance
from dashboard.components.markup import Column, Html, known, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import charts, glossary, series
from reports import strings as wording
from reports.figure import Figure

UNITS = {"error_rate": "percent", "log_loss": "decimal", "absolute_error": "plain"}
MOST = 20
AMONG_GROUPS = ("weak_spot", "weak_spot_absolute_error", "weak_spot_log_loss")
BY_FEATURES = ("weak_spot_by_features", "weak_spot_by_features_absolute_error", "weak_spot_by_features_log_loss")


def draw(context: PageContext, scope: Scope, names: Sequence[str]) -> None:
    """Draw one search after the other: its sentence, its chart, its table; or the line that runs it."""
    found = scope.read(context, *names, tables=True)
    shown = 0
    for name in names:
        mine = [each for each in found if each.name == name]
        spots = [each for each in mine if each.slice and each.value is not None]
        if spots:
            shown += 1
            if shown == 1:
                search(name, spots)
            else:
                with st.expander(glossary.term(name).title):
                    search(name, spots)
    if shown:
        return
    why = next((reason(each) for each in found if each.reason), "")
    if not why and names == AMONG_GROUPS:
        not_enough(words.NO_WEAK_SPOTS)
    elif "--what-if" in why or not found:
        not_run(context)
    else:
        show(span(f"{why[:1].upper()}{why[1:]}.", "c-lead"))


def not_run(context: PageContext) -> None:
    """The search reads rows, and nobody has asked for it: the line that does."""
    show(span(words.NOT_RUN, "c-sentence"))
    st.code(strings.command("audit --what-if", context.snapshot.config), language=None, wrap_lines=True)


def search(name: str, spots: Sequence[Figure]) -> None:
    """One search."""
    first = spots[0].tables or {}
    said = [f"{wording.sentence(spots[0])}."]
    if first.get("tested") is not None:
        said.append(words.searched(int(first["tested"]), int(first.get("found") or len(spots))))
    if first.get("rows_used"):
        said.append(words.rows_read(int(first["rows_used"]), int(first.get("rows_available") or first["rows_used"])))
    show(Html(f'<p class="c-lead">{text(" ".join(said))}</p>'))
    unit = wording.display_unit(name, spots[0].unit)
    points = tuple(series.point(each, conditions(each)) for each in spots[:MOST])
    alt = f"{glossary.term(name).title}, excess over everybody else. " + "; ".join(point.said(unit) for point in points) + "."
    chart.picture(
        charts.IntervalChart(title=glossary.term(name).title, unit=unit, alt=alt, points=points, parity=0.0, head="Where"), width=1000
    )
    columns = [
        Column(head="Where", css="wide"),
        Column(head=known("n", "n"), css="num"),
        Column(head="Share of rows", css="num"),
        Column(head="Inside", css="num"),
        Column(head="Everybody else", css="num"),
        Column(head=known("Excess [interval]", "interval"), css="num"),
        Column(head=known("q", "q"), css="num"),
        Column(head=known("People", "people"), css="num"),
        Column(head=known("Explains also", "explains"), css="quiet wide"),
    ]
    show(table(words.WEAK_SPOTS, columns, [line(each) for each in spots[:MOST]]))
    if len(spots) > MOST:
        show(span(strings.shown_of(MOST, len(spots), "slices"), "c-note"))


def conditions(figure: Figure) -> str:
    """Where, in words."""
    return wording.safe(str((figure.tables or {}).get("words") or wording.group(figure.slice)))


def line(figure: Figure) -> list[object]:
    """One slice as a line of the table."""
    tables = figure.tables or {}
    unit = UNITS.get(str(tables.get("measure")), "plain")
    sides = (
        around({key: tables.get(side + end) for key, end in (("value", ""), ("low", "_low"), ("high", "_high"))}, unit)
        for side in ("inside", "outside")
    )
    also = [wording.safe(str(each)) for each in tables.get("explains") or ()]
    told = f"{also[0]}{f' and {len(also) - 1} more' if len(also) > 1 else ''}" if also else wording.DASH
    return [
        conditions(figure),
        wording.count(figure.n),
        wording.number(tables.get("share"), "percent"),
        *sides,
        signed(figure),
        significance(figure.q_value),
        heads(figure),
        span(told, title="; ".join(also)),
    ]
