"""Inputs unlike the reference, detector by detector, and rare values that decide by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard import data
from dashboard.components.figure_table import around, compact, significance
from dashboard.components.markup import Column, Html, known, known_in, show, span, table, text
from dashboard.page import PageContext
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import absent
from reports import strings as wording
from reports.figure import Figure
from reports.subjects import detector as detector_name

OUTLIERS, TRIGGERS = "outlier_rate", "trigger_rate"
MOST = 20


def outliers(context: PageContext) -> None:
    """One line per detector: the share now, in the reference, and the inputs that stand out."""
    found = data.figures(*context.key, names=(OUTLIERS,), population=True, columns=None, tables=True)
    mine = sorted((each for each in found if each.value is not None), key=lambda each: -(each.value or 0.0))
    if not mine:
        absent(context, (OUTLIERS,), words.NO_INPUTS, sentence=words.LOG_NOT_RUN, command=words.FROM_LOG)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(mine[0]))}.</p>'))
    heads = [
        Column(head=known_in(words.TERMS, "Detector", "outlier"), css="tight"), Column(head="Share now [95%]", css="num"),
        Column(head="In the reference [95%]", css="num"), Column(head=known("q", "q"), css="num"),
        Column(head="What stands out", css="wide quiet"),
    ]  # fmt: skip
    show(table(words.INPUTS, heads, [detector(each) for each in mine]))
    left_out = {name: why for each in mine for name, why in ((each.tables or {}).get("not_run") or {}).items()}
    if left_out:
        show(span(words.left_out({wording.safe(str(name)): wording.safe(str(why)) for name, why in left_out.items()}), "c-note"))


def detector(figure: Figure) -> list[object]:
    """One detector as a line."""
    tables: Mapping[str, Any] = figure.tables or {}
    pairs = list(zip(tables.get("inputs") or (), tables.get("stands_out") or (), strict=False))
    pairs.sort(key=lambda pair: -(pair[1] or 0.0))
    outstanding = ", ".join(
        f"{wording.name_of(str(name))} ({wording.number(auc, 'ratio')})" for name, auc in pairs[:3] if auc and auc > 0.55
    )
    library = f" {text(wording.safe(str(tables['library'])))}" if tables.get("library") else ""
    named = Html(f"{text(detector_name(figure.column or ''))}<span class='c-note'>{library}</span>")
    return [named, compact(figure), around(tables.get("reference"), "percent"), significance(figure.q_value), outstanding or wording.DASH]


def triggers(context: PageContext) -> None:
    """Rare values that decide by themselves: found ones first, then what was tested and is not."""
    found = data.figures(*context.key, names=(TRIGGERS,), population=True, columns=None, tables=True)
    whole = next((each for each in found if each.column is None and each.value is not None), None)
    if whole is None:
        absent(context, (TRIGGERS,), words.NO_TRIGGERS, sentence=words.LOG_NOT_RUN, command=words.FROM_LOG)
        return
    tables: Mapping[str, Any] = whole.tables or {}
    names = list(tables.get("triggers") or ())
    number = sum(bool(each) for each in tables.get("found") or ())
    show(Html(f'<p class="c-lead">{text(words.triggers(number, int(tables.get("searched") or 0), int(tables.get("tested") or 0)))}</p>'))
    if not names:
        return
    order = sorted(range(len(names)), key=lambda place: (not at(tables, "found", place), at(tables, "p_value", place) or 1.0))
    heads = [
        Column(head=known_in(words.TERMS, "Values", "trigger"), css="tight"), Column(head="Found", css="tight"),
        Column(head="Rows", css="num"),
        Column(head="Decided so [95%]", css="num"), Column(head="Expected", css="num quiet"), Column(head="Towards", css="tight"),
        Column(head="In the reference", css="num quiet"), Column(head="Put on others [95%]", css="num"), Column(head="p", css="num"),
    ]  # fmt: skip
    show(table(words.TRIGGERS, heads, [trigger(tables, names, place) for place in order[:MOST]], height=300))


def at(tables: Mapping[str, Any], name: str, place: int) -> Any:
    """One entry of a list; None where there is no list, or it is shorter."""
    held = tables.get(name) or ()
    return held[place] if place < len(held) else None


def trigger(tables: Mapping[str, Any], names: list[str], place: int) -> list[object]:
    """One set of values as a line."""
    share, forced = ({end: at(tables, key, place) for end, key in zip(("value", "low", "high"), keys, strict=True)}
                     for keys in (("share", "low", "high"), ("forced", "forced_low", "forced_high")))  # fmt: skip
    there = bool(at(tables, "found", place))
    return [
        wording.name_of(str(names[place])), span(words.YES if there else words.NO, "c-status warn" if there else "c-quiet",
                                                 wording.safe(str(at(tables, "why", place) or ""))),
        wording.count(at(tables, "rows", place)), around(share, "percent"), wording.number(at(tables, "expected", place), "percent"),
        wording.name_of(str(at(tables, "towards", place) or "")), wording.number(at(tables, "in_reference", place), "percent"),
        around(forced, "percent"), significance(at(tables, "p_value", place)),
    ]  # fmt: skip
