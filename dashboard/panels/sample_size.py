"""How small a gap could be seen with the rows there are, how many are needed, and when they will be there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import data
from dashboard.components.figure_table import reason
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording
from reports.figure import Figure


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the sentence and the table, groups that are too small first."""
    found = scope.read(context, "detectable_gap", attribute=scope.attribute, window=None, whole=True, version=None, tables=True)
    held = [each for each in found if each.tables]
    if not held:
        not_enough(next((reason(each) for each in found if each.reason), words.NO_SIZE))
        return
    held.sort(key=lambda each: (bool((each.tables or {}).get("enough")), -(each.value or 9.0)))
    small = [wording.group(each.slice) for each in held if (each.tables or {}).get("enough") is False]
    show(Html(f'<p class="c-lead">{text(words.small_groups(small))}</p>'))
    days = period(context)
    columns = [
        Column(head="Group", css="tight"),
        Column(head="Rate", css="tight"),
        Column(head=known("n", "n"), css="num"),
        Column(head=measure("detectable_gap"), css="num"),
        Column(head=known("Gap the policy minds", "threshold"), css="num"),
        Column(head=known("n needed", "needed"), css="num"),
        Column(head="Enough", css="tight"),
        Column(head="Expected at this pace", css="tight"),
    ]
    rows = [line for each in held for line in lines(each, context.model, days)]
    show(table(words.SIZE, columns, rows, height=460))


def period(context: PageContext) -> float | None:
    """How many days the analysed period is long; None without a clock."""
    spans = data.spans(*context.key)
    if not spans or spans[0].start is None:
        return None
    end = context.model.freshness or spans[-1].end
    return max((end - spans[0].start) / dt.timedelta(days=1), 1.0) if end is not None else None


def lines(figure: Figure, model: data.Model, days: float | None) -> Sequence[Sequence[object]]:
    """One group: its approval rate, and its true positive rate where outcomes are known."""
    held: Mapping[str, Any] = figure.tables or {}
    group = Html(f"{text(wording.group(figure.slice))} {span(f'against {wording.group(figure.reference_slice)}', 'c-note')}")
    found = [line(group, "selection_rate", figure.value, figure.n, held, model, days)]
    other = held.get("true_positive_rate")
    if other:
        found.append(
            line(span(wording.group(figure.slice), "c-quiet"), "true_positive_rate", other.get("gap"), other.get("n"), other, model, days)
        )
    return found


def line(
    group: Html, name: str, gap: float | None, n: int | None, held: Mapping[str, Any], model: data.Model, days: float | None
) -> Sequence[object]:
    """One rate of one group."""
    enough, needed = held.get("enough"), held.get("n_needed")
    word = "yes" if enough else "no" if enough is False else wording.DASH
    return [
        group,
        measure(name),
        wording.count(n),
        wording.number(gap, "points"),
        wording.number(held.get("policy_gap"), "points"),
        wording.count(needed),
        span(word, "" if enough else "c-status insufficient"),
        expected(n, needed, enough, model, days),
    ]


def expected(n: int | None, needed: int | None, enough: bool | None, model: data.Model, days: float | None) -> str:
    """When there will be enough rows at the present pace."""
    if enough or not n or not needed or days is None or model.freshness is None:
        return wording.DASH
    wait = (needed - n) / (n / days)
    return wording.day(model.freshness + dt.timedelta(days=wait)) if wait < 3650 else "not within ten years"
