"""Where an alert shows most: the columns that moved most in its window, and the groups for whom its rule is worst."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import alert_strings as said
from dashboard import data
from dashboard.alerting import Alert
from dashboard.components.figure_table import compact
from dashboard.components.markup import Column, Html, known, link, show, span, table
from dashboard.components.status import standing
from dashboard.destination import destination, window_key
from dashboard.page import PageContext
from reports import glossary, strings
from reports.drift_answers import MEASURE, SHIFT, shift
from reports.figure import Figure

EFFECTS = (MEASURE, "population_stability_index", "jensen_shannon_distance", "wasserstein_distance")
MOST = 5


def draw(context: PageContext, alert: Alert) -> None:
    """Draw a table of columns and one of groups, as far as the run holds them."""
    window = span_of(context, alert.figure)
    held = data.names(*context.key)
    rule = next((name for name in (alert.rule, *EFFECTS) if name in held and glossary.term(name).family == "drift"), None)
    columns = moved(context, rule, window) if rule is not None else []
    groups = apart(context, alert, window)
    if not columns and not groups:
        show(span(said.NOWHERE, "c-lead"))
        return
    if columns:
        show(rows(context, glossary.term(columns[0].name).title, "Column", columns))
    if groups:
        show(rows(context, glossary.term(groups[0].name).title, "Group", groups))


def span_of(context: PageContext, figure: Figure) -> data.Span | None:
    """The window that the alert speaks of, as the run holds it; None where it does not, or for the whole period."""
    key = window_key(figure.window_start, figure.first_row) if figure.at is not None else ""
    return next((each for each in data.spans(*context.key) if each.key == key), None)


def moved(context: PageContext, name: str, window: data.Span | None) -> list[Figure]:
    """The columns with the largest effects; of evidence of drift, the shifts that it is evidence of."""
    found = data.figures(*context.key, names=(name,), window=window, columns=True, population=True, tables=name == MEASURE)
    sized = [shift(each) for each in found] if name == MEASURE else list(found)
    return sorted((each for each in sized if each.value is not None), key=lambda each: -abs(each.value or 0.0))[:MOST]


def apart(context: PageContext, alert: Alert, window: data.Span | None) -> list[Figure]:
    """The groups for whom the rule's figure is worst; none for rules that are about columns."""
    if alert.figure.column is not None:
        return []
    found = [
        each
        for each in data.figures(*context.key, names=(alert.rule,), window=window, population=False, columns=False)
        if each.value is not None and each.slice and each.slice != each.reference_slice and (each.n or 0) >= 30
    ]
    high_is_bad = alert.figure.threshold_max is not None or glossary.term(alert.rule).better == "low"
    return sorted(found, key=lambda each: (each.value or 0.0) * (-1 if high_is_bad else 1))[:MOST]


def rows(context: PageContext, title: str, head: str, figures: Sequence[Figure]) -> Html:
    """A table whose lines lead to where each figure is shown."""
    lines = []
    for each in figures:
        page, parameters = ("drift", {"part": "column", "column": each.column}) if each.name == SHIFT else destination(each)
        name = strings.name_of(each.column) if each.column is not None else strings.group(each.slice)
        lines.append([link(name, page, context.elsewhere(**parameters)), standing(each), compact(each), strings.count(each.n)])
    heads = [
        Column(head=head, css="wide"), Column(head=known("Status", "status"), css="tight"),
        Column(head=title, css="num"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    return table(f"{title}: {said.WHERE_LEAD}", heads, lines)
