"""What figures about outcomes could be whatever the unknown outcomes are: brackets from worst to best case."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import strings
from dashboard.components import chart
from dashboard.components.figure_table import reason
from dashboard.components.markup import Column, Html, known, measure, show, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import charts, glossary, series
from reports import strings as wording
from reports.figure import Figure

MOST = 40
NAMES = tuple(
    f"{name}_bounds"
    for name in (
        "base_rate",
        "accuracy",
        "true_positive_rate",
        "false_positive_rate",
        "positive_predictive_value",
        "negative_predictive_value",
    )
)


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the brackets of everybody, and a table of the groups that need them."""
    found = scope.read(context, *NAMES)
    held = [each for each in found if each.value is not None or each.low is not None]
    own = [each for each in held if not each.slice]
    if not held:
        not_enough(next((reason(each) for each in found if each.reason and not each.slice), words.NO_BOUNDS))
        return
    if own:
        chart.picture(brackets(own))
    else:
        why = next((reason(each) for each in found if not each.slice and each.reason), "")
        sentence = f"{why[:1].upper()}{why[1:]}." if why else words.NO_BOUNDS
        show(Html(f'<p class="c-lead">{text(sentence)}</p>'))
    groups = [each for each in held if each.slice]
    if groups:
        with st.expander(strings.BOUNDS_OF_GROUPS):
            columns = [
                Column(head="Group", css="tight"), Column(head="Measure", css="tight"), Column(head="Known outcomes", css="num"),
                Column(head=known("Worst to best", "bounds"), css="num"), Column(head=known("n", "n"), css="num"),
            ]  # fmt: skip
            show(table(words.BOUNDS, columns, [bracket(each) for each in groups[:MOST]], height=320))


def bracket(figure: Figure) -> Sequence[object]:
    """One group's bracket as a line."""
    value, around = wording.parts(figure.value, figure.low, figure.high, wording.display_unit(figure.name, figure.unit))
    base = glossary.base_of(figure.name, "_bounds") or figure.name
    return [wording.group(figure.slice), measure(base), value, around, wording.count(figure.n)]


def brackets(figures: Sequence[Figure]) -> charts.IntervalChart:
    """The brackets of everybody."""
    titles = {each.name: glossary.term(glossary.base_of(each.name, "_bounds") or each.name).title for each in figures}
    points = tuple(series.point(each, titles[each.name]) for each in figures)
    said = "; ".join(point.said("percent") for point in points)
    return charts.IntervalChart(title=words.BOUNDS, unit="percent", alt=f"{words.BOUNDS}. {said}.", points=points, head="Measure")
