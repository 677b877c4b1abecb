"""Models retrained under a fairness constraint: a first look at what a reduction would reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.components.figure_table import around, reason
from dashboard.components.markup import Column, Html, measure, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from dashboard.panels.weak_spots import not_run
from reports import strings as wording
from reports.tradeoff_series import CONSTRAINTS

FIGURES = (
    ("accuracy", "percent"), ("balanced_accuracy", "percent"), ("cost", "currency"), ("selection_rate", "percent"),
    ("demographic_parity_difference", "points"), ("impact_ratio", "ratio"), ("equalized_odds_difference", "points"),
)  # fmt: skip


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the table, or the line that runs the search."""
    found = scope.read(context, "reductions_frontier", attribute=scope.attribute, window=None, whole=True, version=None, tables=True)
    figure = found[0] if found else None
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    if figure is None or not tables.get("points"):
        why = reason(figure) if figure is not None else ""
        if figure is None or "--what-if" in why:
            not_run(context)
        else:
            not_enough(why or words.NO_RETRAINED)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(figure))}.</p>'))
    points = [("the same learner, no constraint", tables.get("baseline") or {})]
    points += [
        (f"{CONSTRAINTS.get(each['constraint'], each['constraint'])}, within {wording.number(each['strength'], 'decimal')}", each)
        for each in tables["points"]
    ]
    figures = [(name, unit) for name, unit in FIGURES if any(each.get(name) for _, each in points)]
    columns = [Column(head="Trained with", css="tight")]
    columns += [
        Column(head=measure("expected_cost" if name == "cost" else name, of_class=scope.label is not None), css="num")
        for name, _ in figures
    ]
    show(table(words.RETRAINED, columns, [[title, *(around(each.get(name), unit) for name, unit in figures)] for title, each in points]))
    probe = tables.get("probe") or {}
    if probe.get("rows_used"):
        show(span(words.rows_read(int(probe["rows_used"]), int(probe.get("rows_available") or probe["rows_used"])), "c-note"))
