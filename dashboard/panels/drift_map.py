"""Every column in every window, tinted by the size of one effect; a click shows the column and the window."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import data, strings
from dashboard.components import chart
from dashboard.components.markup import show, span
from dashboard.components.states import not_enough
from dashboard.destination import window_key
from dashboard.page import PageContext
from reports import charts, glossary
from reports import strings as wording
from reports.drift_answers import MEASURE
from reports.figure import Figure

FULL = 0.25
"""The effect at which the map's colour is strongest where the policy says nothing."""


def draw(context: PageContext, statistic: str, columns: Sequence[str], past: Sequence[Figure], spans: Sequence[data.Span]) -> None:
    """Draw the map and, folded, its table."""
    cells = {(each.column, window_key(each.window_start, each.first_row)): each for each in past}
    keys = [span_.key for span_ in spans if any((name, span_.key) in cells for name in columns)]
    if not keys:
        not_enough(strings.NO_WINDOWS)
        return
    named = {each.key: axis_label(each) for each in spans}
    limit = next((each.threshold_max for each in past if each.threshold_max is not None), None)
    grid = [[cells.get((name, key)) for key in keys] for name in columns]
    spec = charts.HeatMap(
        title=f"{glossary.term(statistic).title} by column and window",
        unit=wording.display_unit(statistic),
        alt=f"{glossary.term(statistic).title} of {len(columns)} columns in {len(keys)} windows, worst first: {', '.join(columns[:3])}.",
        rows=tuple(columns),
        columns=tuple(named[key] for key in keys),
        values=tuple(tuple(each.value if each else None for each in line) for line in grid),
        verdicts=tuple(tuple(each.verdict if each else None for each in line) for line in grid),
        full=full(statistic, limit, past),
    )
    chart.pickable(spec, key="map-chart", on_pick=pick, cells=(tuple(columns), tuple(keys)))
    show(span(strings.map_note(limit, wording.display_unit(statistic)), "c-note"))
    chart.folded_table(spec)


def full(statistic: str, limit: float | None, past: Sequence[Figure]) -> float:
    """The value at which the colour is strongest: twice what is allowed; for evidence, twice the line; else a common large effect."""
    if limit:
        return 2 * limit
    lines = [(each.tables or {}).get("line") for each in past] if statistic == MEASURE else []
    line = next((each for each in lines if each), None)
    return 2 * line if line else 6.0 if statistic == MEASURE else FULL


def pick(columns: Sequence[str], keys: Sequence[str], row: int, place: int) -> None:
    """Follow a click on the map: the link now names that column and window."""
    if row < len(columns) and place < len(keys):
        st.query_params["column"] = columns[row]
        st.query_params["window"] = keys[place]


def axis_label(span_: data.Span) -> str:
    """A window's start, short enough for an axis."""
    if span_.start is None:
        return f"{span_.first_row:,}"
    day = f"{span_.start.day} {span_.start:%b}"
    return day if span_.start.hour == 0 else f"{day} {span_.start:%H:%M}"
