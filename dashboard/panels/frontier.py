"""What other ways of deciding would do: common cut-offs and alternatives; thresholds by group only behind a switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.components import chart
from dashboard.components.choose import reread
from dashboard.components.figure_table import around, reason
from dashboard.components.markup import Column, Html, known, measure, show, table, text
from dashboard.components.states import banner, not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording
from reports import tradeoff_series

PER_GROUP = "per-group"
FIGURES = (
    ("threshold", "decimal"),
    ("selection_rate", "percent"),
    ("accuracy", "percent"),
    ("balanced_accuracy", "percent"),
    ("cost", "currency"),
    ("demographic_parity_difference", "points"),
    ("impact_ratio", "ratio"),
    ("equal_opportunity_difference", "points"),
    ("equalized_odds_difference", "points"),
)


@st.fragment
def draw(context: PageContext, scope: Scope) -> None:
    """Draw the frontier, today's decisions beside the recommended cut-off, and the table; the switch redraws this panel only."""
    context = reread(context, "analysis")
    found = {
        each.name: each
        for each in scope.read(
            context,
            "mitigation_frontier",
            "less_discriminatory_alternatives",
            "reductions_frontier",
            attribute=scope.attribute,
            window=None,
            whole=True,
            version=None,
            tables=True,
        )
    }
    figure = found.get("mitigation_frontier")
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    if figure is None or not tables.get("common"):
        not_enough(reason(figure) if figure is not None and figure.reason else words.NO_FRONTIER)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(figure))}.</p>'))
    st.session_state["show-per-group"] = context.view.analysis == PER_GROUP
    held = bool((tables.get("per_group") or {}).get("curves"))
    if held:
        st.toggle(words.PER_GROUP, key="show-per-group", on_change=write)
    per_group = held and context.view.analysis == PER_GROUP
    if per_group:
        banner(words.DISPARATE_NOTE, "warn", words.DISPARATE)
    spec = tradeoff_series.frontier(
        figure, per_group=per_group, alternatives=found.get("less_discriminatory_alternatives"), retrained=found.get("reductions_frontier")
    )
    if spec is not None:
        chart.draw(spec, key="frontier-chart")
    beside(tables, of_class=scope.label is not None)
    if spec is not None:
        chart.folded_table(spec)


def write() -> None:
    """The link follows the switch."""
    if st.session_state["show-per-group"]:
        st.query_params["analysis"] = PER_GROUP
    else:
        st.query_params.pop("analysis", None)


def beside(tables: Mapping[str, Any], *, of_class: bool) -> None:
    """Today's decisions beside the recommended common cut-off."""
    baseline, recommended = tables.get("baseline") or {}, tables.get("recommended")
    if not recommended:
        return
    columns = [
        Column(head="Measure", css="tight"),
        Column(head=str(baseline.get("kind") or "baseline").capitalize(), css="num"),
        Column(head="Recommended common cut-off", css="num"),
    ]
    rows: list[list[object]] = []
    for name, unit in FIGURES:
        if name == "threshold":
            rows.append([known("Cut-off", "cutoff"), *(wording.number(each.get("threshold"), unit) for each in (baseline, recommended))])
        elif baseline.get(name) or recommended.get(name):
            title = measure("expected_cost" if name == "cost" else name, of_class=of_class)
            rows.append([title, around(baseline.get(name), unit), around(recommended.get(name), unit)])
    show(table(words.FRONTIER, columns, rows))
