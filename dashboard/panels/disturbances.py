"""What small disturbances of the inputs do to decisions: of everybody, by size, by group, and when only the group is changed."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import data, strings
from dashboard.components import chart
from dashboard.components.figure_table import compact, figure_table
from dashboard.components.markup import Column, Html, show, span, table, text
from dashboard.page import PageContext, Scope
from dashboard.panels import basis
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import absent
from reports import robustness_series
from reports import strings as wording
from reports.figure import Figure

FLIPS, PROTECTED = "flip_rate", "protected_flip_rate"
MOST_GROUPS, MOST_LINES = 8, 30


def draw(context: PageContext, scope: Scope) -> None:
    """Draw the flip rate of each disturbance, worst first, with its table."""
    found = read(context, scope, FLIPS)
    if not found:
        absent(context, (FLIPS,), words.NO_NOISE, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(robustness_series.worst(found)))}.</p>'))
    spec = robustness_series.disturbances(found)
    if spec is not None:
        chart.picture(spec, width=720)
    chosen = context.view.column
    show(figure_table(words.NOISE, found[:MOST_LINES], head="Disturbance", first=lambda each: wording.name_of(each.column),
                      chosen=lambda each: each.column == chosen, height=320))  # fmt: skip
    told = basis.read(found[0])
    if told:
        show(span(told, "c-note"))


def read(context: PageContext, scope: Scope, name: str) -> list[Figure]:
    """Figures of everybody, worst first."""
    found = data.figures(
        *context.key, names=(name,), population=True, columns=None, version=scope.version, window=scope.window, tables=True
    )
    return sorted((each for each in found if each.value is not None), key=lambda each: -(each.value or 0.0))


def growing(context: PageContext, scope: Scope) -> None:
    """The flip rate as the noise grows."""
    spec = robustness_series.strengths(read(context, scope, FLIPS))
    if spec is None:
        absent(context, (FLIPS,), words.NO_STRENGTHS, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    chart.picture(spec, width=520)
    chart.folded_table(spec)


def groups(context: PageContext, scope: Scope) -> None:
    """Disturbances down, groups across."""
    found = data.figures(*context.key, names=(FLIPS,), population=False, columns=True, version=scope.version, window=scope.window)
    mine = [each for each in found if len(each.slice) == 1 and each.value is not None]
    if not mine:
        absent(context, (FLIPS,), words.NO_NOISE_GROUPS, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    mine.sort(key=lambda each: ((each.name, each.column) != robustness_series.SMALL, -(each.value or 0.0)))
    show(Html(f'<p class="c-lead">{text(wording.sentence(mine[0]))}.</p>'))
    names = [each.column or "" for each in read(context, scope, FLIPS)][:MOST_LINES]
    show(crossed(words.NOISE_GROUPS, mine, names))


def crossed(caption: str, figures: Sequence[Figure], names: Sequence[str], *, head: str = "Disturbance") -> Html:
    """A table of one measure: what it is about down, groups across in the order in which the figures name them."""
    cells = {(each.column or "", robustness_series.in_full(each.slice)): each for each in figures}
    every = list(dict.fromkeys(group for _, group in cells))
    held = every[:MOST_GROUPS]
    heads = [Column(head=head, css="tight"), *(Column(head=group, css="num") for group in held)]
    rows = [[wording.name_of(name), *(compact(cells[name, group]) if (name, group) in cells else wording.DASH for group in held)]
            for name in names if any((name, group) in cells for group in held)]  # fmt: skip
    drawn = table(caption, heads, rows, height=340)
    return Html(drawn + span(strings.shown_of(len(held), len(every), "groups"), "c-note")) if len(held) < len(every) else drawn


def protected(context: PageContext, scope: Scope) -> None:
    """Decisions that turn round when only a protected attribute is changed."""
    found = read(context, scope, PROTECTED)
    if not found:
        absent(context, (PROTECTED,), words.NO_PROTECTED, sentence=words.NOT_RUN, command=words.WITH_MODEL)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    show(figure_table(words.PROTECTED, found, head="Changed", first=lambda each: wording.name_of(each.column)))
