"""Whether scores give away who was in the training data, held against a model that has seen none of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard import data
from dashboard.components.figure_table import around, compact
from dashboard.components.markup import Column, Html, known, known_in, show, span, table, text
from dashboard.page import PageContext
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import absent
from reports import strings as wording
from reports.figure import Figure

NAME = "membership_inference_auc"


def draw(context: PageContext) -> None:
    """Draw one line per attack."""
    found = data.figures(*context.key, names=(NAME,), population=True, columns=None, tables=True)
    mine = sorted((each for each in found if each.value is not None), key=lambda each: -(each.value or 0.0))
    if not mine:
        absent(context, (NAME,), words.NO_MEMBERSHIP, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(mine[0]))}.</p>'))
    heads = [
        Column(head="Attack", css="tight"), Column(head=known_in(words.TERMS, "AUC [95%]", "membership"), css="num"),
        Column(head=known_in(words.TERMS, "Without memory [95%]", "control"), css="num"), Column(head="More by [95%]", css="num"),
        Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    show(table(words.MEMBERSHIP, heads, [line(each) for each in mine]))
    tables: Mapping[str, Any] = mine[0].tables or {}
    if tables.get("training_rows"):
        show(span(words.compared(int(tables["training_rows"]), int(tables.get("served_rows") or 0)), "c-note"))


def line(figure: Figure) -> list[object]:
    """One attack as a line."""
    tables: Mapping[str, Any] = figure.tables or {}
    excess = {name: tables.get(key) for name, key in (("value", "excess"), ("low", "excess_low"), ("high", "excess_high"))}
    return [wording.name_of(figure.column), compact(figure), around(tables.get("control"), "decimal"), around(excess, "decimal"),
            wording.count(figure.n)]  # fmt: skip
