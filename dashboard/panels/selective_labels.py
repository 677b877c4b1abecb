"""Whether outcomes are seen alike after either decision, and of whom they are not."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard import strings
from dashboard.components.figure_table import reason, signed
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import banner, not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording
from reports.figure import Figure

MOST = 8


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the sentence and the table of everybody, and of the groups whose outcomes are seen selectively."""
    found = scope.read(context, "label_selectivity", tables=True)
    own = next((each for each in found if not each.slice), None)
    if own is None or not own.tables:
        not_enough(reason(own) if own is not None and own.reason else words.NO_SELECTIVE)
        return
    groups = [each for each in found if each.slice and (each.tables or {}).get("selective")]
    if own.tables.get("selective"):
        sides = ((own.tables[key]["known"], own.tables[key]["rows"]) for key in ("favorable", "unfavorable"))
        banner(words.selective(*sides), "warn", "▲")
    else:
        show(Html(f'<p class="c-lead">{text(words.ALIKE)}</p>'))
    columns = [
        Column(head="Whose outcomes", css="tight"), Column(head="After favorable", css="num"), Column(head="After unfavorable", css="num"),
        Column(head=measure("label_selectivity"), css="num"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    worst = sorted(groups, key=lambda each: -abs(each.value or 0.0))[:MOST]
    rows: list[list[object]] = [
        [wording.group(each.slice), side(each, "favorable"), side(each, "unfavorable"), signed(each), wording.count(each.n)]
        for each in (own, *worst)
    ]
    show(table(words.SELECTIVE, columns, rows))
    if len(groups) > MOST:
        show(span(strings.shown_of(MOST, len(groups), "groups with selective outcomes"), "c-note"))


def side(figure: Figure, decision: str) -> Html:
    """The share of outcomes known after one decision, with the counts behind it."""
    held: Mapping[str, int] = (figure.tables or {}).get(decision) or {}
    if not held.get("rows"):
        return span(wording.DASH, "c-quiet")
    share = wording.number(held["known"] / held["rows"], "percent")
    counts = f"{wording.count(held['known'])} of {wording.count(held['rows'])}"
    return Html(f"{text(share)} {span(counts, 'c-note')}")
