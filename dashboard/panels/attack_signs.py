"""Signs of an attack that the log alone shows: how much of each there is, and over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import data
from dashboard.components import chart
from dashboard.components.figure_table import compact, significance
from dashboard.components.interval_plot import marks, trend
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.components.status import standing
from dashboard.page import PageContext
from dashboard.panels import basis
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import absent
from reports import glossary
from reports import strings as wording
from reports.attention import urgency
from reports.figure import Figure
from reports.subjects import detector, topic

SIGNS = ("boundary_probe_rate", "extraction_score", "replay_rate", "flood_rate", "outcome_flip_rate", "outlier_rate", "trigger_rate")
MOST_LINES = 4


def read(context: PageContext, names: tuple[str, ...] = SIGNS) -> list[Figure]:
    """Figures of everybody over the whole period, most urgent first."""
    found = data.figures(*context.key, names=names, population=True, columns=None, tables=True)
    return sorted((each for each in found if each.value is not None), key=lambda each: (urgency(each)[:2], names.index(each.name)))


def draw(context: PageContext) -> None:
    """Draw one line per sign, most urgent first."""
    found = read(context)
    if not found:
        absent(context, SIGNS, words.NO_SIGNALS, sentence=words.LOG_NOT_RUN, command=words.FROM_LOG)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    heads = [
        Column(head="Sign", css="tight"), Column(head=known("Status", "status"), css="tight"),
        Column(head="Value [95% interval]", css="num"),
        Column(head=known("q", "q"), css="num"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    rows = [[named(each), standing(each), compact(each), significance(each.q_value), wording.count(each.n)] for each in found]
    marked = next(
        (place for place, each in enumerate(found) if each.name == context.view.measure and each.column == context.view.column), None
    )
    show(table(words.SIGNALS, heads, rows, chosen=marked, height=360))
    told = next((said for each in found if (said := basis.read(each))), "")
    if told:
        show(span(told, "c-note"))


def named(figure: Figure) -> Html:
    """A sign, and of which detector or values, where there are several."""
    about = f" {text(topic(figure.name, wording.name_of(figure.column)))}" if figure.column is not None else ""
    return Html(f"{measure(figure.name)}{about}")


def over_time(context: PageContext) -> None:
    """One small trend for each sign that was seen at all."""
    past = data.figures(*context.key, names=SIGNS, whole=False, population=True, columns=None)
    held: dict[str, dict[str, list[Figure]]] = {}
    for each in past:
        if each.value is not None:
            held.setdefault(each.name, {}).setdefault(each.column or "", []).append(each)
    seen = [name for name in SIGNS if name in held and any(each.value for each in past if each.name == name)]
    if not held:
        absent(context, SIGNS, words.NO_OVER_TIME, sentence=words.LOG_NOT_RUN, command=words.FROM_LOG)
        return
    if not seen:
        not_enough(words.NOTHING_OVER_TIME)
        return
    events = marks(context.snapshot, context.model, past[0].window_start is not None)
    for start in range(0, len(seen), 2):
        for place, name in zip(st.columns(2, gap="medium"), seen[start : start + 2], strict=False):
            with place:
                show(span(glossary.term(name).title, "c-panel-title"))
                named_ = ((wording.name_of(detector(column)) if column else "", figures) for column, figures in held[name].items())
                lines = [(label, figures) for label, figures in named_ if len(figures) > 1]
                if lines:
                    spec = trend(name, lines[:MOST_LINES], events=events)
                    chart.picture(spec, width=560)
                    chart.folded_table(spec)


def tables_of(figures: list[Figure], name: str) -> Mapping[str, Any]:
    """The tables of the first figure of a measure that has any, about everybody."""
    return next((each.tables for each in figures if each.name == name and each.tables), {})
