"""The same questions of robustness for every version, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard import data, strings
from dashboard.components.figure_table import compact
from dashboard.components.markup import Column, Html, measure, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from dashboard.panels import robustness_words as words
from reports import strings as wording
from reports.figure import Figure
from reports.robustness_series import QUESTIONS
from reports.subjects import topic

MOST = 5
MOST_LINES = 40


def draw(context: PageContext) -> None:
    """Draw one line per measure, disturbance or rule, one column per version."""
    names = tuple(name for name, _ in QUESTIONS)
    found = data.figures(*context.key, names=names, population=True, columns=None, versions=True)
    cells = {(each.name, each.column, each.version): each for each in found if each.value is not None}
    versions = in_order(found)
    if not versions:
        not_enough(words.NO_RELEASES)
        return
    shown: list[str | None] = [*versions[-MOST:], None]
    lines = sorted({(name, column) for name, column, version in cells if version is not None},
                   key=lambda line: (names.index(line[0]), line[1] is not None, -widest(cells, line, versions), line[1] or ""))  # fmt: skip
    told = moved(cells, lines, versions)
    if told:
        show(Html(f'<p class="c-lead">{text(told)}</p>'))
    heads = [Column(head="Measure", css="tight"),
             *(Column(head=strings.ALL_VERSIONS if each is None else wording.name_of(each), css="num") for each in shown)]  # fmt: skip
    rows = [[named(*line), *(compact(cells[*line, each]) if (*line, each) in cells else wording.DASH for each in shown)]
            for line in lines[:MOST_LINES]]  # fmt: skip
    show(table(words.RELEASES, heads, rows, height=520))
    if len(lines) > MOST_LINES:
        show(span(strings.shown_of(MOST_LINES, len(lines), "lines"), "c-note"))


Cells = dict[tuple[str, str | None, str | None], Figure]


def in_order(figures: Sequence[Figure]) -> list[str]:
    """Versions as they first answered, the oldest first: every measure lists its own so, and the one that knows most of them leads."""
    held: dict[tuple[str, str | None], dict[str, None]] = {}
    for each in figures:
        if each.value is not None and each.version is not None:
            held.setdefault((each.name, each.column), {})[each.version] = None
    lists = sorted(held.values(), key=len, reverse=True)
    return list(dict.fromkeys(version for versions in lists for version in versions))


def widest(cells: Cells, line: tuple[str, str | None], versions: list[str]) -> float:
    """How far apart the versions are in one measure."""
    values = [each.value or 0.0 for version in versions if (each := cells.get((*line, version))) is not None]
    return max(values) - min(values) if values else 0.0


def moved(cells: Cells, lines: list[tuple[str, str | None]], versions: list[str]) -> str:
    """The newest version against the one before it, in a sentence: the line whose intervals lie farthest apart, in their own widths."""
    if len(versions) < 2:
        return ""
    apart = []
    for line in lines:
        before, now = (cells.get((*line, version)) for version in versions[-2:])
        if before is None or now is None or None in (before.low, before.high, now.low, now.high):
            continue
        gap = max((now.low or 0.0) - (before.high or 0.0), (before.low or 0.0) - (now.high or 0.0))
        if gap > 0:  # measures have units of their own
            wide = (now.high or 0.0) - (now.low or 0.0) + (before.high or 0.0) - (before.low or 0.0)
            apart.append((gap / max(wide, 1e-12), before, now))
    if not apart:
        return words.no_change(versions[-1], versions[-2])
    _, before, now = max(apart, key=lambda each: each[0])
    unit = wording.display_unit(now.name, now.unit)
    what = wording.headline(replace(now, version=None))
    values = [" ".join(wording.parts(each.value, each.low, each.high, unit)) for each in (now, before)]
    return words.changed(what, versions[-1], values[0], versions[-2], values[1])


def named(name: str, column: str | None) -> Html:
    """A measure, and of what."""
    about = f" {text(topic(name, wording.name_of(column)))}" if column is not None else ""
    return Html(f"{measure(name)}{about}")
