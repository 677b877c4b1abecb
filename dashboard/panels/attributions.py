"""What the score is made of: the mean attribution of each feature with its interval, its share, and how steady the order is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import data
from dashboard.components import chart
from dashboard.components.figure_table import compact
from dashboard.components.markup import Column, Html, known, known_in, link, show, span, table, text
from dashboard.page import PageContext, Scope
from dashboard.panels import basis
from dashboard.panels import explanation_words as words
from dashboard.panels.absent import absent
from reports import attribution_series, explained
from reports import strings as wording
from reports.figure import Figure

MOST = 40


def read(context: PageContext, scope: Scope | None = None) -> list[Figure]:
    """The attributions of everybody, largest first."""
    window, version = (None, None) if scope is None else (scope.window, scope.version)
    found = data.figures(
        *context.key, names=(explained.ATTRIBUTION,), population=True, columns=True, tables=True, window=window, version=version
    )
    return sorted((each for each in found if each.value is not None), key=lambda each: -(each.value or 0.0))


def draw(context: PageContext, scope: Scope, *, surrogate: bool = False) -> None:
    """Draw the chart and its table."""
    found = read(context, scope)
    if not found:
        absent(context, (explained.ATTRIBUTION,), words.NO_ATTRIBUTIONS, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    of_class = words.about((found[0].tables or {}).get("target"))
    said = explained.shares(found, surrogate=surrogate)
    show(Html(f'<p class="c-lead">{text(of_class + (said[:1].lower() + said[1:] if of_class else said))}</p>'))
    spec = attribution_series.dots(found)
    if spec is not None:
        chart.picture(spec, width=760)
    total = sum(each.value or 0.0 for each in found)
    heads = [
        Column(head="Feature", css="tight"), Column(head=known_in(words.TERMS, "Mean attribution [95%]", "mean"), css="num"),
        Column(head=known_in(words.TERMS, "Share", "share"), css="num"),
        Column(head=known_in(words.TERMS, "As it grows, the score", "grows"), css="tight"), Column(head=known("n", "n"), css="num"),
    ]  # fmt: skip
    every = data.figures(*context.key, names=("partial_dependence",), population=True, columns=True, versions=True, tables=True)
    curves = {each.column: each for each in of_version(every, scope.version)}
    apart = {each.column for each in every if each.version is not None} - set(curves)  # curves of single versions only
    rows = [
        [
            where(context, each), compact(each), wording.number((each.value or 0.0) / total, "percent"),
            attribution_series.direction(curves.get(each.column)) or (words.BY_VERSION if each.column in apart else wording.DASH),
            wording.count(each.n),
        ]
        for each in found[:MOST]
    ]  # fmt: skip
    marked = next((place for place, each in enumerate(found[:MOST]) if each.column == context.view.column), None)
    show(table(words.USES, heads, rows, chosen=marked, height=340))
    told = basis.read(found[0])
    if told:
        show(span(told, "c-note"))


def where(context: PageContext, figure: Figure) -> Html:
    """A feature that leads to its effect curve, where the run has curves."""
    name = wording.name_of(figure.column)
    if not data.names(*context.key) & {"partial_dependence", "accumulated_local_effects"}:
        return text(name)
    return link(name, "explanations", context.query(part="effects", column=figure.column))


def of_version(found: Sequence[Figure], version: str | None) -> list[Figure]:
    """Figures of one version; those of all together where none is chosen, or where one model answers for all of them."""
    mine = [each for each in found if each.version == version]
    return mine or ([each for each in found if each.version is None] if all(each.version is None for each in found) else [])


def stability(context: PageContext, scope: Scope) -> None:
    """How steady the order is under another background."""
    every = data.figures(*context.key, names=("attribution_stability",), population=True, columns=None, versions=True, tables=True)
    known = [each for each in every if each.value is not None]
    figure = next(iter(of_version(known, scope.version)), None)
    if figure is None and known:
        show(span(words.ORDER_BY_VERSION, "c-sentence"))
        return
    if figure is None:
        absent(context, ("attribution_stability",), words.NO_ATTRIBUTIONS, sentence=words.NOT_RUN, command=words.COMMAND)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(figure))}.</p>'))
    tables: Mapping[str, Any] = figure.tables or {}
    order, kept = tables.get("order") or (), tables.get("keeps_place") or ()
    if order and len(kept) == len(order):
        heads = [
            Column(head="Feature", css="tight"), Column(head="Place", css="num"),
            Column(head=known_in(words.TERMS, "Keeps it in", "keeps"), css="num"),
        ]  # fmt: skip
        rows = [[wording.name_of(str(name)), str(place), wording.number(share, "percent")]
                for place, (name, share) in enumerate(zip(order, kept, strict=True), start=1)]  # fmt: skip
        show(table(words.STABILITY, heads, rows[:MOST], height=260))
    way = next(((each.tables or {}) for each in read(context, scope) if each.tables), {})
    told = words.way(way, tables.get("resamples"))
    if told:
        show(span(told, "c-note"))
