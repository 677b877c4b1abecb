"""Less discriminatory alternatives: what was searched, what each gains and loses, and what was kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import strings
from dashboard.components.figure_table import around, reason
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from dashboard.panels.weak_spots import not_run
from reports import strings as wording
from reports.tradeoff_series import TODAY

MOST = 12


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the sentence and the table, kept ones first."""
    found = scope.read(
        context, "less_discriminatory_alternatives", attribute=scope.attribute, window=None, whole=True, version=None, tables=True
    )
    figure = found[0] if found else None
    tables: Mapping[str, Any] = (figure.tables if figure is not None else None) or {}
    listed = list(tables.get("alternatives") or ())
    if figure is None or not tables:
        not_enough(reason(figure) if figure is not None and figure.reason else words.NO_ALTERNATIVES)
        return
    kept = sum(bool(each.get("kept")) for each in listed)
    show(Html(f'<p class="c-lead">{text(words.alternatives(kept, len(listed)))}</p>'))
    if listed:
        lost = "cost_increase" if tables.get("yardstick") == "cost" else "loss"
        unit = "currency" if lost == "cost_increase" else "points"
        columns = [
            Column(head="Alternative", css="wide"),
            Column(head=known("Kept", "kept"), css="tight"),
            Column(head=measure("impact_ratio", of_class=scope.label is not None), css="num"),
            Column(head=known("Gain in ratio", "gain"), css="num"),
            Column(head="More cost" if unit == "currency" else "Accuracy lost", css="num"),
            Column(head=known("n", "n"), css="num"),
        ]
        rows = [
            [
                described(each),
                "kept" if each.get("kept") else span("not kept", "c-quiet"),
                around(each.get("impact_ratio"), "ratio"),
                around(each.get("gain"), "ratio"),
                around(each.get(lost), unit),
                wording.count(each.get("n")),
            ]
            for each in listed[:MOST]
        ]
        show(table(words.ALTERNATIVES, columns, rows, height=420))
        if len(listed) > MOST:
            show(span(strings.shown_of(MOST, len(listed), "alternatives, best first"), "c-note"))
    missing = tables.get("not_searched") or ()
    if missing:
        told = "; ".join(f"{each['kind']}: {each['reason']}" for each in missing)
        with st.expander(strings.NOT_SEARCHED):
            show(span(told + ".", "c-note"))
            not_run(context)


def described(each: Mapping[str, Any]) -> Html:
    """What the alternative is, what it is held against where that is not today's decisions, and why it is not kept."""
    against = str(each.get("against") or TODAY)
    notes = [f"against {against}" if against != TODAY else "", str(each.get("why") or "")]
    said = "; ".join(wording.safe(note) for note in notes if note)
    return Html(f"{text(wording.safe(each['description']))}<br>{span(said, 'c-note')}" if said else text(wording.safe(each["description"])))
