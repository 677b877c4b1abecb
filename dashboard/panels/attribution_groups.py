"""Which features set a group's scores apart from the comparison group's, and whether these features also tell the group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import data
from dashboard.components import chart
from dashboard.components.figure_table import compact, signed, significance
from dashboard.components.markup import Column, Html, known, known_in, show, span, table, text
from dashboard.components.states import panel
from dashboard.page import PageContext, Scope
from dashboard.panels import explanation_words as words
from dashboard.panels.absent import absent
from reports import attribution_gap_words, attribution_series, explained
from reports import strings as wording
from reports.figure import Figure

GAP = "mean_attribution_difference"
MOST_GROUPS, MOST_LINES, SHOWN = 4, 60, 8
STRONG = 0.3
"""The lower end of Cramér's V from which on a feature tells a group well: customarily called medium."""


def draw(context: PageContext, scope: Scope) -> None:
    """Draw one plot a group, the widest sum of gaps first, then every figure; sizes of attributions by group below."""
    found = scope.read(context, GAP, attribute=scope.attribute, columns=True, tables=True) if scope.attribute is not None else ()
    groups = by_group([each for each in found if each.value is not None])
    surrogate = any((each.tables or {}).get("kind") == "surrogate" for mine in groups.values() for each in mine)
    with panel("attribution-gaps", words.GROUPS, words.GROUPS_LEAD_OF_SURROGATE if surrogate else words.GROUPS_LEAD):
        if not groups:
            absent(context, (GAP,), words.NO_GROUPS, sentence=words.NOT_RUN, command=words.COMMAND)
            return
        for mine in list(groups.values())[:MOST_GROUPS]:
            if told := attribution_gap_words.gap(mine):
                show(Html(f'<p class="c-lead">{text(told)}</p>'))
        widest = max((each for mine in groups.values() for each in mine), key=lambda each: abs(each.value or 0.0))
        show(Html(f'<p class="c-lead">{text(wording.sentence(widest))}.{text(proxies(context, scope, groups))}</p>'))
        places = st.columns(2, gap="medium")
        for place, mine in enumerate(list(groups.values())[:MOST_GROUPS]):
            with places[place % 2]:
                title(mine[0])
                spec = attribution_series.gaps(mine, most=SHOWN)
                if spec is not None:
                    chart.picture(spec, width=620)
        if len(groups) > MOST_GROUPS:
            show(span(words.drawn(MOST_GROUPS, len(groups)), "c-note"))
    with panel("attribution-every-gap", words.EVERY_GROUP):
        every(context, scope, [each for mine in groups.values() for each in mine])
    with panel("attribution-sizes", words.SIZES, words.SIZES_LEAD):
        sizes(context, scope, list(groups))


def strengths(context: PageContext, scope: Scope) -> dict[str | None, Figure]:
    """How well each feature tells the groups."""
    found = data.figures(*context.key, names=("proxy_strength",), attribute=scope.attribute, columns=True)
    return {each.column: each for each in found if each.value is not None}


def proxies(context: PageContext, scope: Scope, groups: Mapping[str, Sequence[Figure]]) -> str:
    """The features that set a group apart beyond chance and tell the group as well, in a sentence; "" where there are none."""
    strength = strengths(context, scope)
    names = {
        each.column: strength[each.column].value or 0.0 for mine in groups.values() for each in mine
        if each.q_value is not None and each.q_value < 0.05 and each.column in strength and (strength[each.column].low or 0.0) >= STRONG
    }  # fmt: skip
    ordered = sorted(names, key=lambda name: -names[name])
    return words.may_be_proxies([(str(name), wording.number(names[name], "ratio")) for name in ordered]) if ordered else ""


def title(figure: Figure) -> None:
    """Which group is held against which."""
    who = f"{wording.group(figure.slice)} against {wording.group(figure.reference_slice)}"
    show(span(who, "c-panel-title"))


def by_group(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """Figures by group, the group with the largest sum of gaps first."""
    found: dict[str, list[Figure]] = {}
    for each in figures:
        found.setdefault(wording.group(each.slice), []).append(each)
    return dict(sorted(found.items(), key=lambda pair: -sum(abs(each.value or 0.0) for each in pair[1])))


def every(context: PageContext, scope: Scope, figures: Sequence[Figure]) -> None:
    """Every feature of every group, with how well it tells the group."""
    strength = strengths(context, scope)
    ordered = sorted(figures, key=lambda each: -abs(each.value or 0.0))
    heads = [
        Column(head="Feature", css="tight"), Column(head="Group", css="tight"),
        Column(head=known_in(words.TERMS, "Gap in mean attribution [95%]", "signed"), css="num"), Column(head=known("q", "q"), css="num"),
        Column(head=known_in(words.TERMS, "Share of the gap", "gap"), css="num"),
        Column(head=known_in(words.TERMS, "Tells the group", "proxy"), css="num"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    rows = [
        [wording.name_of(each.column), wording.group(each.slice), signed(each), significance(each.q_value),
         wording.number((each.tables or {}).get("share"), "percent"),
         compact(strength[each.column]) if each.column in strength else wording.DASH, wording.count(each.n)]
        for each in ordered[:MOST_LINES]
    ]  # fmt: skip
    show(table(words.EVERY_GROUP, heads, rows, height=360))


def sizes(context: PageContext, scope: Scope, order: Sequence[str]) -> None:
    """Mean attribution by group: features down, groups across."""
    found = scope.read(context, explained.ATTRIBUTION, attribute=scope.attribute, columns=True)
    cells: Mapping[tuple[str, str], Figure] = {
        (each.column or "", wording.group(each.slice)): each for each in found if each.slice and each.value is not None
    }
    if not cells:
        absent(context, (explained.ATTRIBUTION,), words.NO_GROUPS, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    held = list(dict.fromkeys(group for _, group in cells))
    groups = sorted(held, key=lambda name: (order.index(name) if name in order else -1, name))
    largest: dict[str, float] = {}
    for (column, _), each in cells.items():
        largest[column] = max(largest.get(column, 0.0), each.value or 0.0)
    columns = sorted(largest, key=lambda name: -largest[name])
    heads = [Column(head="Feature", css="tight"), *(Column(head=group, css="num") for group in groups)]
    rows = [[wording.name_of(column), *(compact(cells[column, group]) if (column, group) in cells else wording.DASH for group in groups)]
            for column in columns[:MOST_LINES]]  # fmt: skip
    show(table(words.SIZES, heads, rows, height=360))
