"""How small a change turns a decision round, for whom, and how far an attacker gets within what may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import data
from dashboard.components import chart
from dashboard.components.figure_table import around, compact
from dashboard.components.markup import Column, Html, known, known_in, show, span, table, text
from dashboard.page import PageContext, Scope
from dashboard.panels import basis
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import absent
from dashboard.panels.disturbances import read
from reports import robustness_series
from reports import strings as wording
from reports.figure import Figure

DISTANCE, EVASION = "smallest_flip_distance", "evasion_rate"
MEDIAN = 0.5
"""The share whose size has a column of its own: it is the figure."""
MOST = 24


def reach(context: PageContext, scope: Scope) -> None:
    """The share of decisions turned round, by the size of the change."""
    found = read(context, scope, EVASION)
    spec = robustness_series.reach(next((each for each in found if each.column is None), None))
    if not found:
        absent(context, (EVASION,), words.NO_EVASION, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    if spec is not None:
        chart.picture(spec, width=620)
        chart.folded_table(spec)
    tables: Mapping[str, Any] = found[0].tables or {}
    told = [words.searched(tables.get("queries"), tables.get("seconds"), tables.get("budget")), basis.read(found[0])]
    show(span(" ".join(each for each in told if each), "c-note"))


def distances(context: PageContext, scope: Scope) -> None:
    """The distribution of the smallest change: its quantiles, for each direction."""
    found = data.figures(
        *context.key, names=(DISTANCE,), population=True, columns=None, version=scope.version, window=scope.window, tables=True
    )
    mine = [each for each in found if each.value is not None]
    if not mine:
        absent(context, (DISTANCE,), words.NO_FLIPS, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    mine.sort(key=lambda each: each.column is not None)
    show(Html(f'<p class="c-lead">{text(wording.sentence(mine[0]))}.</p>'))
    every = next((list(held["share"]) for each in mine if (held := (each.tables or {}).get("quantiles"))), [])
    shares = [share for share in every if share != MEDIAN]
    heads = [
        Column(head=known_in(words.TERMS, "Which way", "distance"), css="tight"), Column(head="Median [95%]", css="num"),
        *(Column(head=words.quantile(share), css="num") for share in shares), Column(head="Not turned round", css="num"),
        Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    show(table(words.FLIPS, heads, [line(each, shares) for each in mine]))


def line(figure: Figure, shares: Sequence[float]) -> list[object]:
    """One direction as a line: its median, its quantiles, and how many no change turned round."""
    tables: Mapping[str, Any] = figure.tables or {}
    held: Mapping[str, Any] = tables.get("quantiles") or {}
    places = [place for place, share in enumerate(held.get("share") or shares) if share in shares]
    values = [[(held.get(name) or dict.fromkeys(places))[place] for place in places] for name in ("value", "low", "high")]
    cells = [around({"value": value, "low": low, "high": high}, "ratio") if value is not None else text(words.FARTHER)
             for value, low, high in zip(*values, strict=True)]  # fmt: skip
    name = wording.name_of(figure.column) if figure.column is not None else words.EITHER_WAY
    return [name, compact(figure), *cells, wording.count(tables.get("beyond")), wording.count(figure.n)]


def groups(context: PageContext, scope: Scope) -> None:
    """The usual smallest change of each group, and how often the attacker succeeds there."""
    names = (DISTANCE, EVASION)
    found = data.figures(*context.key, names=names, population=None, columns=False, version=scope.version, window=scope.window)
    mine = [each for each in found if each.value is not None and len(each.slice) <= 1]
    cells = {(robustness_series.in_full(each.slice), each.name): each for each in mine}
    of = [each for each in mine if each.name == DISTANCE]
    if not any(each.slice for each in mine):
        absent(context, names, words.NO_FLIPS_GROUPS, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    spec = robustness_series.by_group(of)
    if spec is not None:
        chart.picture(spec, width=620)
    heads = [
        Column(head="Group", css="tight"), Column(head=known_in(words.TERMS, "Smallest flip, median [95%]", "distance"), css="num"),
        Column(head=known_in(words.TERMS, "Evasion rate [95%]", "evasion"), css="num"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    show(table(words.FLIPS_GROUPS, heads, [group_line(group, cells) for group in ordered(of, mine)][:MOST], height=340))


def ordered(of: Sequence[Figure], mine: Sequence[Figure]) -> list[str]:
    """Everybody, then the groups whose decisions turn round most easily."""
    size = {robustness_series.in_full(each.slice): each.value or 0.0 for each in of}
    everybody = {robustness_series.in_full(each.slice) for each in mine if not each.slice}
    names = {robustness_series.in_full(each.slice) for each in mine}
    return sorted(names, key=lambda name: (name not in everybody, size.get(name, 9e9), name))


def group_line(group: str, cells: Mapping[tuple[str, str], Figure]) -> list[object]:
    """One group as a line."""
    held = [cells.get((group, name)) for name in (DISTANCE, EVASION)]
    n = next((each.n for each in held if each is not None), None)
    return [group, *(compact(each) if each is not None else wording.DASH for each in held), wording.count(n)]
