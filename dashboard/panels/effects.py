"""What one column does to the score: partial dependence with single predictions behind it, and accumulated local effects."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import data
from dashboard.components import chart
from dashboard.components.choose import choose, reread
from dashboard.components.figure_table import compact
from dashboard.components.markup import Column, Html, known_in, show, span, table, text
from dashboard.components.states import panel
from dashboard.page import PageContext
from dashboard.panels import basis
from dashboard.panels import explanation_words as words
from dashboard.panels.absent import absent
from dashboard.panels.attribution_over_time import attributions
from reports import attribution_series
from reports import strings as wording
from reports.figure import Figure

PARTIAL, LOCAL = "partial_dependence", "accumulated_local_effects"
MOST = 60


@st.fragment
def draw(context: PageContext) -> None:
    """Draw the curves of the chosen column; choosing another redraws these panels only."""
    context = reread(context, "column", "version")
    found = data.figures(*context.key, names=(PARTIAL, LOCAL), population=True, columns=True, versions=True, tables=True)
    mine = [each for each in found if each.tables]
    if not mine:
        with panel("effect", known_in(words.TERMS, words.EFFECT, "dependence"), words.EFFECT_LEAD):
            absent(context, (PARTIAL, LOCAL), words.NO_EFFECT, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    columns = ordered(context, mine)
    place, other, _ = st.columns([1.4, 1.4, 3], vertical_alignment="bottom")
    with place:
        column = choose(context, "column", "Column", columns, words=wording.name_of) or columns[0]
    versions = list(dict.fromkeys(each.version for each in mine if each.column == column and each.version is not None))
    version = None
    if versions and not any(each.version is None for each in mine if each.column == column):
        with other:
            version = choose(context, "version", "Version", versions, words=wording.name_of, default=versions[-1])
    here = {each.name: each for each in mine if each.column == column and each.version == version}
    left, right = st.columns(2, gap="small")
    with left, panel("effect", known_in(words.TERMS, f"{words.EFFECT}: {wording.name_of(column)}", "dependence"), words.EFFECT_LEAD):
        curve(context, here.get(PARTIAL))
    with right, panel("local-effect", known_in(words.TERMS, words.LOCAL, "local"), words.LOCAL_LEAD):
        curve(context, here.get(LOCAL))
    with panel("every-effect", words.EFFECTS, words.EFFECTS_LEAD):
        every(context, columns, [each for each in mine if each.version == version], column)


def ordered(context: PageContext, figures: Sequence[Figure]) -> list[str]:
    """Columns by their attribution, else by the range of their curve."""
    size = {name: each.value or 0.0 for name, each in attributions(context).items()}
    ranges = {each.column: each.value or 0.0 for each in figures}
    return sorted({each.column or "" for each in figures}, key=lambda name: (-size.get(name, 0.0), -ranges.get(name, 0.0), name))


def curve(context: PageContext, figure: Figure | None) -> None:
    """One curve in a sentence, as a picture, and its table folded away."""
    spec = attribution_series.effect(figure)
    if figure is None or spec is None:
        absent(context, (PARTIAL, LOCAL), words.NO_EFFECT, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    said = attribution_series.said_of_curve(figure) or f"{wording.sentence(figure)}."
    of_class = words.about((figure.tables or {}).get("target"))
    show(Html(f'<p class="c-lead">{text(of_class + (said[:1].lower() + said[1:] if of_class else said))}</p>'))
    chart.picture(spec, width=620)
    chart.folded_table(spec)
    told = basis.read(figure)
    if told:
        show(span(told, "c-note"))


def every(context: PageContext, columns: Sequence[str], figures: Sequence[Figure], chosen: str) -> None:
    """The range of every curve."""
    cells = {(each.column, each.name): each for each in figures}
    heads = [
        Column(head="Column", css="tight"), Column(head=known_in(words.TERMS, "Range of the mean score", "dependence"), css="num"),
        Column(head=known_in(words.TERMS, "Range of local effects", "local"), css="num"),
        Column(head=known_in(words.TERMS, "Mean attribution", "mean"), css="num"),
    ]  # fmt: skip
    held = attributions(context)
    rows = [
        [wording.name_of(name), *(compact(cells[name, kind]) if (name, kind) in cells else wording.DASH for kind in (PARTIAL, LOCAL)),
         compact(held[name]) if name in held else wording.DASH]
        for name in columns[:MOST]
    ]  # fmt: skip
    marked = next((place for place, name in enumerate(columns[:MOST]) if name == chosen), None)
    show(table(words.EFFECTS, heads, rows, chosen=marked, height=320))
