"""Groups that may not be asked for: figures weighted by the probability of belonging, with what the proxy leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.components import chart
from dashboard.components.figure_table import compact, reason
from dashboard.components.interval_plot import interval_plot
from dashboard.components.markup import Column, Html, known, measure, show, table, text
from dashboard.components.states import not_enough, panel
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import glossary
from reports import strings as wording
from reports.figure import Figure

NAMES = tuple(f"probability_weighted_{name}" for name in ("selection_rate", "impact_ratio", "true_positive_rate", "false_positive_rate"))


def draw(context: PageContext, scope: Scope) -> None:
    """Draw each measure by group and the table of what its interval is made of."""
    found = scope.read(context, *NAMES, attribute=scope.attribute, tables=True)
    held = [each for each in found if each.value is not None]
    with panel("by-probability", words.BY_PROBABILITY, words.BY_PROBABILITY_LEAD):
        if not held:
            not_enough(next((reason(each) for each in found if each.reason), words.NO_BY_PROBABILITY))
            return
        ratios = [each for each in held if each.name == NAMES[1]] or held
        show(Html(f'<p class="c-lead">{text(wording.sentence(min(ratios, key=lambda each: each.value or 0.0)))}.</p>'))
        drawn = [name for name in NAMES if any(each.name == name for each in held)]
        for start in range(0, len(drawn), 2):
            for place, name in zip(st.columns(2, gap="medium"), drawn[start : start + 2], strict=False):
                with place:
                    show(Html(f'<p class="c-sentence">{measure(name)}</p>'))
                    chart.picture(interval_plot(name, [each for each in held if each.name == name]))
    with panel("by-probability-table", words.BY_PROBABILITY_PARTS):
        show(parts(held))


def parts(figures: Sequence[Figure]) -> Html:
    """What each interval is made of: chance, and the proxy."""
    columns = [
        Column(head="Group", css="tight"), Column(head="Measure", css="tight"), Column(head="Value [both]", css="num"),
        Column(head=known("Chance alone", "interval"), css="num"), Column(head="What the proxy leaves open", css="num"),
        Column(head=known("Effective n", "effective_n"), css="num"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    rows = []
    for each in figures:
        held: Mapping[str, Any] = each.tables or {}
        unit = wording.display_unit(each.name, each.unit)
        title = measure(glossary.base_of(each.name, "probability_weighted_") or each.name)
        effective = held.get("effective_n")
        rows.append(
            [
                wording.group(each.slice), title, compact(each), ends(held.get("sampling"), unit), ends(held.get("bounds"), unit),
                wording.count(round(effective)) if effective is not None else wording.DASH, wording.count(each.n),
            ]
        )  # fmt: skip
    return table(words.BY_PROBABILITY_PARTS, columns, rows)


def ends(held: Mapping[str, float | None] | None, unit: str) -> str:
    """Two ends in brackets."""
    return wording.interval(held.get("low"), held.get("high"), unit) or wording.DASH if held else wording.DASH
