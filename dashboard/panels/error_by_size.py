"""Errors of a regression by the size of the prediction."""

from __future__ import annotations

from typing import Any

from dashboard.components import chart
from dashboard.components.figure_table import reason
from dashboard.components.markup import Column, Html, known, show, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import charts
from reports import strings as wording


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the mean error of every bin with its interval, and the table."""
    found = scope.read(context, "mean_error", population=True, tables=True)
    tables: dict[str, Any] = dict((found[0].tables if found else None) or {})
    if not tables.get("mean_error"):
        not_enough(reason(found[0]) if found and found[0].reason and found[0].value is None else words.NO_BY_SIZE)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    places = range(len(tables["n"]))
    names = [between(tables["from"][i], tables["to"][i]) for i in places]
    points = tuple(
        charts.Point(label=names[i], value=tables["mean_error"][i], low=tables["low"][i], high=tables["high"][i], n=tables["n"][i])
        for i in places
    )
    said = "; ".join(point.said("plain") for point in points)
    chart.picture(
        charts.IntervalChart(
            title=words.BY_SIZE, unit="plain", alt=f"{words.BY_SIZE}. {said}.", points=points, parity=0.0, head="Predictions"
        ),
        width=760,
    )
    heads = ("Predictions from … to", "Mean prediction", "Mean error [95%]", "Mean absolute error", "Root mean squared error")
    columns = [Column(head=head, css="num" if place else "tight") for place, head in enumerate(heads)] + [
        Column(head=known("n", "n"), css="num")
    ]
    rows = [
        [
            names[i], wording.number(tables["mean_prediction"][i], "plain"),
            " ".join(wording.parts(tables["mean_error"][i], tables["low"][i], tables["high"][i], "plain")),
            wording.number(tables["mean_absolute_error"][i], "plain"), wording.number(tables["root_mean_squared_error"][i], "plain"),
            wording.count(tables["n"][i]),
        ]
        for i in places
    ]  # fmt: skip
    show(table(words.BY_SIZE, columns, rows))


def between(start: float | None, end: float | None) -> str:
    """A range of predictions; the first and the last bin may be open.

    >>> between(None, 180.1), between(180.1, 200.0), between(382.4, None)
    ('up to 180.1', '180.1 to 200', '382.4 and more')
    """
    if start is None or end is None:
        return f"up to {wording.number(end, 'plain')}" if start is None else f"{wording.number(start, 'plain')} and more"
    return f"{wording.number(start, 'plain')} to {wording.number(end, 'plain')}"
