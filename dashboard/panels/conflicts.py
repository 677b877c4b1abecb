"""Criteria that cannot hold together, in sentences, and the rates that make it so."""

from __future__ import annotations

from typing import Any

from dashboard.components.figure_table import compact, reason
from dashboard.components.markup import Column, Html, known, measure, show, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording
from reports.figure import Figure

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
    lines = "".join(f"<li>{text(sentence)}</li>" for sentence in said)
    show(Html(f'<ul class="c-said">{lines}</ul>'))
    figures = scope.read(context, *RATES, attribute=scope.attribute, window=None)
    plain = {(wording.group(each.slice), each.name): each for each in figures}
    columns = [Column(head="Group", css="tight"), Column(head=known("n", "n"), css="num")]
    columns += [Column(head=measure(name), css="num") for name in RATES]
    places = sorted(range(len(tables["groups"])), key=lambda i: -(tables["base_rate"][i] or 0.0))
    rows: list[list[object]] = []
    for i in places:
        group = wording.group(tables["groups"][i])
        rates = (rate((tables.get(name) or {i: None})[i], plain.get((group, name))) for name in RATES)
        rows.append([group, wording.count(tables["n"][i]), *rates])
    show(table(words.CONFLICT, columns, rows))
    if figure.value is not None:
        show(Html(f'<p class="c-note">{text(wording.sentence(figure))}.</p>'))


def rate(value: float | None, figure: Figure | None) -> Html:
    """A group's rate, with the interval of the same figure where this run has it."""
    same = value is not None and figure is not None and figure.value is not None and abs(figure.value - value) < 1e-9
    return compact(figure) if same and figure is not None else text(wording.number(value, "percent"))
