"""Checks of the log as a whole: silence, lag, counts, versions, clocks; and what changed in its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard import data, strings
from dashboard.components.figure_table import allowed, compact
from dashboard.components.markup import Column, Html, join, known, link, measure, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.components.status import standing, status
from dashboard.page import PageContext
from dashboard.panels import words
from reports import glossary
from reports import strings as wording
from reports.attention import BAD, urgency
from reports.figure import Figure
from reports.scales import position

SHOWN_ELSEWHERE = frozenset({"volume", "label_coverage", "schema_change", "source_gone"})
SCHEMA = ("schema_change", "mixed_types", "format_change", "category_explosion", "frozen_column", "train_serve_skew", "leakage_suspect",
          "missing_rate_change", "vanished_categories")  # fmt: skip
"""Checks of one column at a time, beyond its rates."""
MOST = 30


def newest(figures: Sequence[Figure]) -> list[Figure]:
    """Of each measure and column, the newest complete window's figure; the whole period's where there are no windows."""
    found: dict[tuple[str, str | None, tuple[tuple[str, str], ...]], Figure] = {}
    for figure in figures:
        about = (figure.name, figure.column, tuple(sorted(figure.slice.items())))
        held = found.get(about)
        if held is None or place(figure) >= place(held):
            found[about] = figure
    return list(found.values())


def place(figure: Figure) -> tuple[bool, bool, float]:
    """Where a figure stands among those of its measure: complete windows after the whole period, and by time."""
    return (not figure.whole, not figure.partial, position(figure.at) if figure.at is not None else 0.0)


def of_log(context: PageContext) -> None:
    """One line per check of the log, most urgent first."""
    held = tuple(sorted(name for name in data.names(*context.key) if is_check(name) and name not in SHOWN_ELSEWHERE))
    figures = data.figures(*context.key, names=held, whole=None, population=True, columns=False, tables=True) if held else ()
    found = sorted(newest(figures), key=urgency)
    if not found:
        not_enough(words.NO_CHECKS)
        return
    rows = [[named(each), standing(each), compact(each), allowed(each)] for each in found]
    heads = [
        Column(head="Check", css="wide"), Column(head=known("Status", "status"), css="tight"),
        Column(head=known("Value [95% interval]", "interval"), css="num"), Column(head=known("Allowed", "threshold"), css="num"),
    ]  # fmt: skip
    marked = next((place_ for place_, each in enumerate(found) if each.name == context.view.measure), None)
    show(table(words.CHECKS, heads, rows, chosen=marked, height=420))


def is_check(name: str) -> bool:
    """Whether a measure is a check of the log."""
    return glossary.term(name).family == "quality"


def named(figure: Figure) -> Html:
    """A check's name, the window that it speaks of, and what its tables say beyond the number."""
    window = wording.window_of(figure)
    why = figure.reason if figure.value is None else ""
    below = " · ".join(part for part in (window if window != wording.DASH else "", told(figure), wording.safe(why)) if part)
    return Html(f"{measure(figure.name)}<br>{span(below, 'c-note')}" if below else str(measure(figure.name)))


def told(figure: Figure) -> str:
    """What the tables of a check say in words: what was expected, and what there was."""
    tables: Mapping[str, Any] = figure.tables or {}
    number = wording.number
    if tables.get("silent_hours") is not None:
        silent, allowed = number(tables["silent_hours"], "hours"), number(tables.get("allowed_hours"), "hours")
        return f"silent for {silent}, {allowed} allowed"
    if tables.get("expected") is not None and tables.get("rows") is not None:
        return f"{number(tables['rows'], 'count')} rows, {number(tables['expected'], 'count')} expected"
    if tables.get("served") is not None:
        return f"{number(tables.get('logged'), 'count')} logged, {number(tables['served'], 'count')} served"
    if tables.get("promised") is not None:
        return f"{number(tables.get('known'), 'count')} known, {number(tables['promised'], 'count')} due"
    if tables.get("observed") and tables.get("declared"):
        lines = zip(tables.get("versions") or (), tables["observed"], tables["declared"], strict=False)
        return "; ".join(f"{wording.name_of(str(v))} {number(a, 'percent')} of {number(b, 'percent')} declared" for v, a, b in lines)
    return f"repeats {wording.safe(str(tables['repeats']))}" if tables.get("repeats") else ""


def of_columns(context: PageContext) -> None:
    """What changed in the log's columns: whole columns first, then checks of single columns that stand out."""
    held = tuple(name for name in SCHEMA if name in data.names(*context.key))
    figures = data.figures(*context.key, names=held, whole=None, tables=True, columns=None) if held else ()
    if not figures:
        not_enough(words.NO_SCHEMA)
        return
    bad = sorted((each for each in newest(figures) if each.verdict in BAD or changes(each)), key=urgency)
    if not bad:
        judged = len({each.column for each in figures if each.column is not None})
        show(Html(f"<p>{status('pass')} {text(words.schema_calm(judged))}</p>"))
        return
    rows = [[about(context, each), standing(each), measure(each.name), Html(changes(each)) if changes(each) else compact(each),
             wording.window_of(each)] for each in bad[:MOST]]  # fmt: skip
    heads = [
        Column(head="Column", css="tight"), Column(head=known("Status", "status"), css="tight"), Column(head="Check", css="tight"),
        Column(head="What changed", css="wide"), Column(head="Window", css="tight quiet"),
    ]  # fmt: skip
    show(table(words.SCHEMA_LEAD, heads, rows, height=320))
    if len(bad) > MOST:
        show(span(strings.shown_of(MOST, len(bad), "checks"), "c-note"))


def about(context: PageContext, figure: Figure) -> Html:
    """The column, as a link to its distribution; the log where it is about all of it."""
    if figure.column is None:
        return text(words.THE_LOG)
    return link(wording.name_of(figure.column), "drift", context.elsewhere(part="column", column=figure.column))


def changes(figure: Figure) -> str:
    """A change of the schema in words, already HTML; "" where nothing changed."""
    tables: Mapping[str, Any] = figure.tables or {}
    if figure.name != "schema_change" or not figure.value:
        return ""
    if "before" in tables or "after" in tables:
        return str(text(words.schema_kind(tables.get("before"), tables.get("after"))))
    parts: list[object] = []
    for key, word in (("appeared", "new"), ("vanished", "gone")):
        names = [wording.name_of(str(name)) for name in tables.get(key) or ()]
        if names:
            parts.append(f"{word}: {', '.join(names[:6])}" + (f" and {len(names) - 6} more" if len(names) > 6 else ""))
    for name, kinds in list((tables.get("retyped") or {}).items())[:6]:
        parts.append(f"{wording.name_of(str(name))}: {words.schema_kind(kinds[0], kinds[1])}")
    return str(join(parts, "; "))
