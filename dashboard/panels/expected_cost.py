"""What decisions cost, from the costs that the configuration gives each kind of right and wrong decision."""

from __future__ import annotations

from dashboard.components.figure_table import reason
from dashboard.components.markup import Column, Html, show, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording

KINDS = {
    "true_positive": "true positives", "false_positive": "false positives", "false_negative": "false negatives",
    "true_negative": "true negatives",
}  # fmt: skip


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the sentence and the table of kinds."""
    found = scope.read(context, "expected_cost", population=True, window=None, whole=True, tables=True)
    figure = found[0] if found else None
    if figure is None or figure.value is None:
        not_enough(reason(figure) if figure is not None and figure.reason else words.NO_COST)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(figure))}.</p>'))
    tables = figure.tables or {}
    if not tables.get("costs"):
        return
    rows = [
        [
            words_,
            wording.number(tables["costs"].get(kind), "currency"),
            wording.count((tables.get("n") or {}).get(kind)),
            wording.number((tables.get("share") or {}).get(kind), "percent"),
        ]
        for kind, words_ in KINDS.items()
    ]
    heads = ["Kind of decision", "Cost of one", "Decisions", "Share of the cost"]
    if not any((tables.get("share") or {}).values()):  # gains and losses have no shares of their sum
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    show(table(words.COST, [Column(head=head, css="num" if place else "tight") for place, head in enumerate(heads)], rows))
