"""The confusion matrix as a table."""

from __future__ import annotations

from dashboard.components.figure_table import reason
from dashboard.components.markup import Column, Html, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the matrix: decisions down, outcomes across, each with its share of the row."""
    found = scope.read(context, "accuracy", population=True, columns=False, column=None, tables=True)
    tables = (found[0].tables if found else None) or {}
    if not tables.get("confusion"):
        not_enough(reason(found[0]) if found and found[0].value is None and found[0].reason else words.NO_CONFUSION)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    classes = [wording.name_of(each) for each in tables["classes"]]
    rows: list[list[object]] = []
    for place, (name, line) in enumerate(zip(classes, tables["confusion"], strict=True)):
        total = sum(each or 0 for each in line)
        row: list[object] = [name]
        for across, each in enumerate(line):
            share = f"{wording.number((each or 0) / total, 'percent')} of these decisions" if total else ""
            shown = wording.SUPPRESSED if each is None else wording.count(each)
            row.append(Html(f"<b>{span(shown, title=share)}</b>") if across == place else span(shown, title=share))
        rows.append([*row, wording.count(total)])
    columns = [
        Column(head="Decided ↓  came true →", css="tight"),
        *(Column(head=each, css="num") for each in classes),
        Column(head="All", css="num"),
    ]
    show(table(words.CONFUSION_LEAD, columns, rows))
