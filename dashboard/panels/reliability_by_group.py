"""Reliability curves of the groups of one attribute, on one chart, and each group's calibration in a table."""

from __future__ import annotations

import streamlit as st

from dashboard import data
from dashboard.components import chart
from dashboard.components.choose import choose, reread
from dashboard.components.figure_table import compact, signed
from dashboard.components.markup import Column, known, measure, show, span, table
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from dashboard.panels.attributes import ordered
from reports import series
from reports import strings as wording

NAMES = ("expected_calibration_error", "calibration_gap", "calibration_gap_difference", "brier_score")


@st.fragment
def draw(context: PageContext, scope: Scope) -> None:
    """Draw the curves of the attribute that is chosen here; its menu redraws this panel only."""
    context = reread(context, "attribute")
    known_attributes = ordered(context.model, data.attributes(*context.key, names=NAMES[:1]))
    with st.container(width=260):
        attribute = choose(context, "attribute", "Attribute", known_attributes, words=wording.attribute, bare=True)
    if attribute is None:
        not_enough(words.NO_BY_GROUP)
        return
    found = scope.read(context, *NAMES, attribute=attribute, tables=True)
    spec = series.reliability_by_group([each for each in found if each.name == NAMES[0]])
    if spec is None:
        show(span(words.NO_BY_GROUP, "c-note"))
    else:
        chart.picture(spec, width=450)
        chart.folded_table(spec)
    cells = {(wording.group(each.slice), each.name): each for each in found if each.slice}
    groups = list(dict.fromkeys(group for group, _ in cells))
    names = [name for name in NAMES if any((group, name) in cells for group in groups)]
    columns = [
        Column(head="Group", css="tight"),
        Column(head=known("n", "n"), css="num"),
        *(Column(head=measure(name), css="num") for name in names),
    ]
    rows = []
    for group in groups:
        mine = [cells.get((group, name)) for name in names]
        n = next((each.n for each in mine if each is not None and each.n is not None), None)
        numbers = [wording.DASH if each is None else signed(each) if each.name.endswith("_difference") else compact(each) for each in mine]
        rows.append([group, wording.count(n), *numbers])
    with st.expander(words.CALIBRATION_GROUPS):
        show(table(words.CALIBRATION_GROUPS, columns, rows, height=360))
