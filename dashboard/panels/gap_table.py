"""Every gap in numbers: between all groups of an attribute, and of each group to the comparison group."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import strings
from dashboard.components.figure_table import figure_table, heads, signed, significance
from dashboard.components.markup import Column, Html, known, measure, show, span, table
from dashboard.components.states import not_enough
from dashboard.destination import BETWEEN
from dashboard.panels import words
from reports import glossary
from reports import strings as wording
from reports.attention import urgency
from reports.figure import Figure

FIRST_GAPS = (
    "selection_rate", "base_rate", "true_positive_rate", "false_positive_rate", "positive_predictive_value", "accuracy", "calibration_gap",
    "roc_auc", "mean_error", "mean_absolute_error", "root_mean_squared_error", "interval_coverage",
)  # fmt: skip


def one_number(figures: Sequence[Figure], asked: Figure | None) -> None:
    """The gaps between all groups, one line each, worst first."""
    mine = sorted((each for each in figures if each.name in BETWEEN), key=urgency)
    if not mine:
        not_enough(words.NO_BETWEEN)
        return
    q_values = any(each.q_value is not None for each in mine)
    people = any(each.people is not None for each in mine)
    show(
        figure_table(
            words.ONE_NUMBER, mine, head="Gap", first=lambda each: measure(each.name), q_values=q_values, people=people,
            chosen=lambda each: each == asked,
        )
    )  # fmt: skip


def every_gap(figures: Sequence[Figure], asked: Figure | None) -> None:
    """Gaps to the comparison group: the main measures, then all others folded away."""
    mine = [each for each in figures if each.name not in BETWEEN and each.slice and each.slice != each.reference_slice]
    if not any(each.value is not None for each in mine):
        not_enough(next((each.reason for each in mine if each.reason), words.NO_GAPS))
        return
    order = {name: place for place, name in enumerate(FIRST_GAPS)}
    mine.sort(key=lambda each: order.get(glossary.base_of(each.name, "_difference") or "", len(order)))
    first = [each for each in mine if (glossary.base_of(each.name, "_difference") or "") in FIRST_GAPS]
    rest = [each for each in mine if each not in first]
    show(gaps(first or rest, asked))
    if first and rest:
        with st.expander(strings.MORE_GAPS, expanded=asked in rest):
            show(gaps(rest, asked))


def gaps(figures: Sequence[Figure], asked: Figure | None) -> Html:
    """Gaps as lines: measure, group, gap with interval, q, people, n."""
    columns = [
        Column(head="Gap", css="tight"), Column(head="Group", css="tight"), Column(head=known("Gap [95%]", "interval"), css="num"),
        Column(head=known("q", "q"), css="num"), Column(head=known("People", "people"), css="num"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    rows = [
        [
            measure(glossary.base_of(each.name, "_difference") or each.name),
            group_of(each),
            signed(each), significance(each.q_value), heads(each), wording.count(each.n),
        ]
        for each in figures
    ]  # fmt: skip
    chosen = next((place for place, each in enumerate(figures) if each == asked), None)
    return table(words.GAPS_TABLE, columns, rows, chosen=chosen, height=460)


def group_of(figure: Figure) -> Html:
    """The group that a gap is about, marked where it is too small to judge, and the one that it is compared with."""
    own = span(wording.group(figure.slice) + (" ○" if figure.verdict == "insufficient" else ""), title=figure.reason)
    beside = span(f"against {wording.group(figure.reference_slice)}", "c-note") if figure.reference_slice else ""
    return Html(f"{own} {beside}")
