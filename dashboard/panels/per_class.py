"""The figures of every class, against all the others."""

from __future__ import annotations

from dashboard import data
from dashboard.components.figure_table import compact
from dashboard.components.markup import Column, known, link, measure, show, table
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording

NAMES = (
    "base_rate", "selection_rate", "true_positive_rate", "false_positive_rate", "positive_predictive_value", "f1", "roc_auc",
    "average_precision", "expected_calibration_error",
)  # fmt: skip


def draw(context: PageContext, scope: Scope) -> None:
    """Draw one line per class."""
    classes = data.labels(*context.key)
    found = scope.read(context, *NAMES, population=True, columns=True, column=None)
    cells = {(each.column, each.name): each for each in found}
    names = [name for name in NAMES if any((label, name) in cells for label in classes)]
    if not names:
        not_enough(words.NO_PER_CLASS)
        return
    columns = [
        Column(head="Class", css="tight"),
        Column(head=known("n", "n"), css="num"),
        *(Column(head=measure(name, of_class=True), css="num") for name in names),
    ]
    rows = []
    for label in classes:
        mine = [cells.get((label, name)) for name in names]
        n = max((each.n for each in mine if each is not None and each.n is not None), default=None)
        title = link(wording.name_of(label), "performance", context.query(part="calibration", column=label))
        rows.append([title, wording.count(n), *(compact(each) if each is not None else wording.DASH for each in mine)])
    show(table(words.PER_CLASS_LEAD, columns, rows, chosen=classes.index(context.view.column) if context.view.column in classes else None))
