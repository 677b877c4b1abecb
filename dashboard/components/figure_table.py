"""Figures as a table: verdict, value, interval, n and what the policy allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dashboard.components.markup import Column, Html, known, span, table, text
from dashboard.components.status import standing
from reports import glossary, strings
from reports.attention import IMMATURE
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
    return span(words or strings.DASH, "" if words else "c-quiet", grounds(figure))


def grounds(figure: Figure) -> str:
    """Why a threshold is what it is: rationale, source, and from when to when it holds.

    >>> grounds(Figure(name="impact_ratio", slice={}, rationale="Four fifths", threshold_source="29 CFR 1607.4(D)"))
    'Four fifths. Source: 29 CFR 1607.4(D).'
    """
    dates = " ".join(
        f"{word} {strings.moment(at)}" for word, at in (("from", figure.threshold_since), ("until", figure.threshold_until)) if at
    )
    source = f"Source: {figure.threshold_source}" if figure.threshold_source else ""
    parts = (figure.rationale, source, f"Holds {dates}" if dates else "")
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


def around(found: Mapping[str, float | None] | None, unit: str) -> Html:
    """A number with its interval, given as {"value", "low", "high"}."""
    if not found or found.get("value") is None:
        return span(strings.DASH, "c-quiet")
    number, bounds = strings.parts(found["value"], found.get("low"), found.get("high"), unit)
    return Html(f"{text(number)} {span(bare(bounds), 'c-note')}" if bounds else text(number))


def signed(figure: Figure) -> Html:
    """A gap or a change with its sign and interval; what chance would make of it is the tooltip."""
    if figure.value is None:
        return span(strings.DASH, "c-quiet", reason(figure))
    number, bounds = strings.parts(figure.value, figure.low, figure.high, strings.display_unit(figure.name, figure.unit))
    q = f"q = {significance(figure.q_value)}" if figure.q_value is not None else ""
    return Html(f"{span(('+' if figure.value > 0 else '') + number, title=q)} {span(bare(bounds), 'c-note')}")


def heads(figure: Figure) -> Html:
    """How many people a gap amounts to, in words; the interval is the tooltip."""
    if figure.people is None:
        return span(strings.DASH, "c-quiet")
    whole = strings.people(figure.people, figure.people_low, figure.people_high)
    return span(strings.about(figure.people), title=f"{whole} in this period")


def reason(figure: Figure) -> str:
    """Why a figure is not there, or what is to be said of it; that outcomes are still to come is said once for the page.

    >>> reason(Figure(name="accuracy", slice={}, reason="too few rows; immature: 5% of outcomes known"))
    'too few rows'
    """
    return figure.reason.split(f"; {IMMATURE}")[0].removeprefix(IMMATURE)


def compact(figure: Figure) -> Html:
    """Value and interval in one cell, coloured only where the figure needs attention."""
    if figure.value is None:
        return span(strings.standing(figure) if strings.cannot_tell(figure) else strings.DASH, "c-quiet", figure.reason)
    bad = figure.verdict in ("fail", "warn", "error")
    number, around = numbers(figure)
    shown = span(number, f"c-status {figure.verdict}" if bad else "", strings.sentence(figure))
    if figure.verdict == "insufficient":
        shown = span(f"{number} ○", "c-quiet", strings.too_few(figure) or figure.reason or strings.verdict_word(figure.verdict))
    return Html(f"{shown} {span(bare(around), 'c-note')}")


def bare(interval: str) -> str:
    """An interval beside a value that has said its unit.

    >>> bare("[−2.9 pp, −2.0 pp]")
    '[−2.9, −2.0]'
    """
    return interval.replace(" pp", "")


def figure_table(
    caption: str,
    figures: Sequence[Figure],
    *,
    head: object,
    first: Callable[[Figure], object],
    q_values: bool = False,
    people: bool = False,
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
    if people:
        columns.append(Column(head=known("People", "people"), css="num"))
    rows = []
    for figure in figures:
        row: list[object] = [
            first(figure), standing(figure), value(figure), interval(figure), strings.count(figure.n), allowed(figure),
        ]  # fmt: skip
        if q_values:
            row.append(significance(figure.q_value))
        if people:
            row.append(heads(figure))
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
