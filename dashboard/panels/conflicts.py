"""Criteria that cannot hold together, in sentences, and the rates that make it so."""

from __future__ import annotations

from typing import Any

from dashboard.components.figure_table import reason
from dashboard.components.markup import Column, Html, known, measure, show, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording

RATES = ("base_rate", "positive_predictive_value", "true_positive_rate", "false_positive_rate")


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the sentences, then the table of rates by group."""
    found = scope.read(context, "criteria_conflict", attribute=scope.attribute, window=None, whole=True, tables=True)
    figure = next(iter(found), None)
    tables: dict[str, Any] = dict((figure.tables if figure is not None else None) or {})
    if figure is None or not tables.get("groups"):
        not_enough(reason(figure) if figure is not None and figure.reason else words.NO_CONFLICT)
        return
    said = tables.get("sentences") or ([reason(figure)] if figure.reason else [])
    show(Html("".join(f'<p class="c-lead">{text(sentence)}</p>' for sentence in said)))
    columns = [
        Column(head="Group", css="tight"),
        Column(head=known("n", "n"), css="num"),
        *(Column(head=measure(name), css="num") for name in RATES),
    ]
    places = sorted(range(len(tables["groups"])), key=lambda i: -(tables["base_rate"][i] or 0.0))
    rows = [
        [
            wording.group(tables["groups"][i]), wording.count(tables["n"][i]),
            *(wording.number((tables.get(name) or {i: None})[i], "percent") for name in RATES),
        ]
        for i in places
    ]  # fmt: skip
    show(table(words.CONFLICT, columns, rows))
    show(Html(f'<p class="c-note">{text(wording.sentence(figure))}.</p>') if figure.value is not None else Html(""))
