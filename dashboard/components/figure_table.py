"""Figures as a table: verdict, value, interval, n and what the policy allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dashboard.components.markup import Column, Html, known, span, table, text
from dashboard.components.status import status
from reports import glossary, strings
from reports.figure import Figure


def numbers(figure: Figure) -> tuple[str, str]:
    """Value and interval, written with the same decimals."""
    unit = strings.display_unit(figure.name, figure.unit)
    bad = figure.verdict in ("fail", "warn", "error")
    return strings.parts(figure.value, figure.low, figure.high, unit, against=strings.limit(figure) if bad else None)


def value(figure: Figure) -> Html:
    """The number; how its interval was made is the tooltip."""
    tip = figure.reason if figure.value is None else f"Interval: {glossary.method(figure.method)}"
    return span(numbers(figure)[0], title=tip)


def interval(figure: Figure) -> Html:
    """The interval, or why there is no number."""
    if figure.value is None:
        return span(figure.reason or "not computed", "c-quiet")
    return text(numbers(figure)[1] or strings.DASH)


def exactness(figure: Figure) -> Html:
    """How far a figure read off bins may lie from the exact one, in the room that a table has; in full as the tooltip."""
    words = strings.detail(figure)
    return span(words.removesuffix(" of the exact value").replace("within", "±"), "c-note", words) if words else Html("")


def allowed(figure: Figure) -> Html:
    """What the policy allows; why is the tooltip."""
    words = strings.policy(figure.threshold_min, figure.threshold_max, strings.display_unit(figure.name, figure.unit))
    return span(words or strings.DASH, "" if words else "c-quiet", figure.rationale or "")


def compact(figure: Figure) -> Html:
    """Value and interval in one cell, coloured only where the figure needs attention."""
    if figure.value is None:
        return span(strings.DASH, "c-quiet", figure.reason)
    bad = figure.verdict in ("fail", "warn", "error")
    number, around = numbers(figure)
    shown = span(number, f"c-status {figure.verdict}" if bad else "", strings.sentence(figure))
    if figure.verdict == "insufficient":
        shown = span(f"{number} ○", "c-quiet", figure.reason or strings.verdict_word(figure.verdict))
    return Html(f"{shown} {span(around, 'c-note')}")


def figure_table(
    caption: str,
    figures: Sequence[Figure],
    *,
    head: object,
    first: Callable[[Figure], object],
    q_values: bool = False,
    chosen: Callable[[Figure], bool] = lambda _: False,
    height: int | None = None,
) -> Html:
    """One line per figure; `first` names the line, `head` the naming column."""
    columns = [
        Column(head=head, css="tight"),
        Column(head=known("Status", "status"), css="tight"),
        Column(head="Value", css="num"),
        Column(head=known("95% interval", "interval"), css="num"),
        Column(head=known("n", "n"), css="num"),
        Column(head=known("Allowed", "threshold"), css="num"),
    ]
    if q_values:
        columns.append(Column(head=known("q", "q"), css="num"))
    rows = []
    for figure in figures:
        row: list[object] = [
            first(figure), status(figure.verdict, figure.reason), value(figure), interval(figure), strings.count(figure.n), allowed(figure),
        ]  # fmt: skip
        if q_values:
            row.append(significance(figure.q_value))
        rows.append(row)
    marked = next((index for index, figure in enumerate(figures) if chosen(figure)), None)
    return table(caption, columns, rows, chosen=marked, height=height)


def significance(value: float | None) -> str:
    """A q-value to two digits; very small ones as a bound.

    >>> significance(0.0000001), significance(0.034), significance(None)
    ('< 0.001', '0.034', '–')
    """
    if value is None:
        return strings.DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
