"""Whether a gap turns round, or vanishes, within the levels of a segment: Simpson's paradox, with its strata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.components.figure_table import compact, significance
from dashboard.components.markup import Column, Html, known, measure, show, span, table, text
from dashboard.components.states import banner, not_enough
from dashboard.page import PageContext, Scope
from dashboard.panels import words
from reports import strings as wording
from reports.figure import Figure


def draw(context: PageContext, scope: Scope) -> None:
    """Draw what turns round in words, the pooled odds ratios, and the strata of each."""
    found = scope.read(
        context,
        "cochran_mantel_haenszel",
        attribute=scope.attribute,
        columns=None,
        column=None,
        window=None,
        whole=True,
        version=None,
        tables=True,
    )
    held = [each for each in found if each.tables]
    if not held:
        not_enough(next((each.reason for each in found if each.reason), words.NO_WITHIN))
        return
    paradoxes = [each for each in held if (each.tables or {}).get("simpson")]
    for each in paradoxes:
        banner(
            each.reason.removeprefix("Simpson’s paradox: ")[:1].upper() + each.reason.removeprefix("Simpson’s paradox: ")[1:] + ".",
            "warn",
            words.PARADOX,
        )
    if not paradoxes:
        show(Html(f'<p class="c-lead">{text(words.NO_PARADOX)}</p>'))
    columns = [
        Column(head="Group", css="tight"),
        Column(head="Segment held fixed", css="tight"),
        Column(head=Html(f"{measure('odds_ratio')} in all"), css="num"),
        Column(head=measure("cochran_mantel_haenszel"), css="num"),
        Column(head=known("q", "q"), css="num"),
        Column(head="Levels the other way", css="num"),
        Column(head=known("n", "n"), css="num"),
    ]
    show(table(words.WITHIN, columns, [pooled(each) for each in held], height=320))
    first = paradoxes or held[:1]
    with st.expander(f"Level by level: {name(first[0])}"):
        show(strata(first[0]))


def name(figure: Figure) -> str:
    """A group, what it is compared with, and the segment."""
    tables = figure.tables or {}
    return f"{wording.group(figure.slice)} against {wording.group(figure.reference_slice)} within {wording.name_of(tables.get('segment'))}"


def pooled(figure: Figure) -> Sequence[object]:
    """One pooled odds ratio as a line."""
    tables: dict[str, Any] = dict(figure.tables or {})
    crude = tables.get("crude") or {}
    whole = " ".join(wording.parts(crude.get("odds_ratio"), crude.get("low"), crude.get("high"), "ratio"))
    turned = f"{wording.count(tables.get('opposite'))} of {len(tables.get('levels') or ())}"
    group = Html(f"{text(wording.group(figure.slice))} {span(f'against {wording.group(figure.reference_slice)}', 'c-note')}")
    return [
        group,
        wording.name_of(tables.get("segment")),
        whole,
        compact(figure),
        significance(figure.q_value),
        turned,
        wording.count(figure.n),
    ]


def strata(figure: Figure) -> Html:
    """The levels of the segment: both groups' rates and the odds ratio of each."""
    tables: dict[str, Any] = dict(figure.tables or {})
    own, other = wording.group(figure.slice), wording.group(figure.reference_slice)
    columns = [
        Column(head=wording.name_of(tables.get("segment")), css="tight"),
        Column(head=f"{own}: approved", css="num"),
        Column(head="n", css="num"),
        Column(head=f"{other}: approved", css="num"),
        Column(head="n", css="num"),
        Column(head=measure("odds_ratio"), css="num"),
    ]
    rows = []
    for i, level in enumerate(tables.get("levels") or ()):
        cells: list[object] = [wording.name_of(level)]
        for selected, decided in (("selected", "decided"), ("reference_selected", "reference_decided")):
            n = tables[decided][i]
            cells += [
                wording.number(tables[selected][i] / n, "percent") if n and tables[selected][i] is not None else wording.DASH,
                wording.count(n),
            ]
        rows.append([*cells, " ".join(wording.parts(tables["odds_ratio"][i], tables["low"][i], tables["high"][i], "ratio"))])
    return table(name(figure), columns, rows)
