"""The main rates of every group as dots with intervals, each in a panel of its own."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import strings
from dashboard.components import chart
from dashboard.components.interval_plot import interval_plot
from dashboard.components.markup import definition, measure, show, span
from dashboard.components.states import panel
from dashboard.page import PageContext, Scope
from dashboard.panels.group_table import is_known
from reports import strings as wording
from reports.attention import urgency
from reports.figure import Figure

PLOTS = (
    "impact_ratio", "selection_rate", "true_positive_rate", "false_positive_rate", "mean_error", "mean_absolute_error", "mean_prediction",
    "interval_coverage", "accuracy", "scoring_impact_ratio", "scoring_rate",
)  # fmt: skip
MOST_PLOTS = 4
MOST_GROUPS = 16


def draw(context: PageContext, scope: Scope, groups: Sequence[str], cells: dict[tuple[str, str], Figure], compared: frozenset[str]) -> None:
    """Draw up to four rates."""
    plots = [name for name in PLOTS if any((key, name) in cells and cells[key, name].value is not None for key in groups)][:MOST_PLOTS]
    for start in range(0, len(plots), 2):
        for place, name in zip(st.columns(2, gap="small"), plots[start : start + 2], strict=False):
            with (
                place,
                panel(f"plot-{name}", measure(name, of_class=scope.label is not None), definition(name, of_class=scope.label is not None)),
            ):
                mine = [cells[key, name] for key in groups if (key, name) in cells and is_known(cells[key, name])]
                chart.picture(interval_plot(name, mine[:MOST_GROUPS], references=compared))
                if len(mine) > MOST_GROUPS:
                    show(span(strings.shown_of(MOST_GROUPS, len(mine), strings.GROUPS_WORST), "c-note"))
                if name == "impact_ratio":
                    to_parity(scope.read(context, name, attribute=scope.attribute, tables=True))


def to_parity(figures: Sequence[Figure]) -> None:
    """What it would take for the groups below the line to reach it, and how sure the gap is."""
    said = [
        f"{wording.group(each.slice)}: {words}"
        for each in sorted(figures, key=urgency)
        if each.verdict in ("fail", "warn") and (words := wording.detail(each))
    ]
    if said:
        show(span(". ".join(said[:3]) + ".", "c-note", strings.Z_SCORE))
