"""Pairs of features whose effect is not the sum of the two."""

from __future__ import annotations

from dashboard import data
from dashboard.components import chart
from dashboard.components.figure_table import compact
from dashboard.components.markup import Column, Html, known, known_in, show, span, table, text
from dashboard.page import PageContext
from dashboard.panels import basis
from dashboard.panels import explanation_words as words
from dashboard.panels.absent import absent
from reports import attribution_series
from reports import strings as wording

NAME = "attribution_interaction"
MOST = 30


def draw(context: PageContext) -> None:
    """Draw the pairs, largest first, and their table."""
    found = data.figures(*context.key, names=(NAME,), population=True, columns=True, tables=True)
    mine = sorted((each for each in found if each.value is not None), key=lambda each: -(each.value or 0.0))
    if not mine:
        absent(context, (NAME,), words.NO_INTERACTIONS, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(mine[0]))}.</p>'))
    spec = attribution_series.pairs(mine)
    if spec is not None:
        chart.picture(spec, width=900)
    heads = [
        Column(head="Pair", css="tight"), Column(head=known_in(words.TERMS, "Together [95%]", "interaction"), css="num"),
        Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    show(table(words.INTERACTIONS, heads, [[wording.name_of(each.column), compact(each), wording.count(each.n)] for each in mine[:MOST]],
               height=360))  # fmt: skip
    told = basis.read(mine[0])
    if told:
        show(span(told, "c-note"))
