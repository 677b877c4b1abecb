"""Who asked: each client with what it sent, and which of its queries look like probing, copying, replaying or flooding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.components.figure_table import around, significance
from dashboard.components.markup import Column, Html, known_in, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import absent
from dashboard.panels.attack_signs import read, tables_of
from reports import strings as wording
from reports.clients import FIRST, SIGNS, sentence, suspects

MOST = 20


def draw(context: PageContext) -> None:
    """Draw one line per client that any sign names, most suspicious first."""
    found = read(context, SIGNS)
    if not found:
        absent(context, SIGNS, words.NO_CLIENTS, sentence=words.LOG_NOT_RUN, command=words.FROM_LOG)
        return
    copying, probing = (tables_of(found, name) for name in SIGNS[:2])
    lines = suspects(found)
    if not lines:
        not_enough(words.NO_CLIENTS if not (copying.get("by") or probing.get("by")) else words.CALM_CLIENTS)
        return
    show(Html(f'<p class="c-lead">{text(f"{FIRST} {sentence(lines[0])}.")}</p>'))
    heads = [
        Column(head=known_in(words.TERMS, "Client", "client"), css="tight"), Column(head="Rows", css="num"),
        Column(head=known_in(words.TERMS, "Copying, 0 to 1 [95%]", "extraction"), css="num"),
        Column(head=known_in(words.TERMS, "Small steps at the cut-off", "boundary"), css="num"), Column(head="By chance", css="num quiet"),
        Column(head="p", css="num"), Column(head=known_in(words.TERMS, "Bursts", "flood"), css="num"),
        Column(head=known_in(words.TERMS, "Replays", "replay"), css="num"), Column(head="What stands out", css="wide quiet"),
    ]  # fmt: skip
    show(table(words.CLIENTS, heads, [line(each) for each in lines[:MOST]], height=420))
    if copying.get("ordinary") is not None:
        show(span(words.calibrated(int(copying["ordinary"])), "c-note"))


def line(each: Mapping[str, Any]) -> Sequence[object]:
    """One client as a line."""
    signs = sorted(((name, value) for name, value in (each.get("signs") or {}).items() if value), key=lambda pair: -pair[1])
    outstanding = ", ".join(f"{words.COPYING.get(name, name)} {wording.number(value, 'ratio')}" for name, value in signs[:3])
    return [
        wording.name_of(each["client"]), wording.count(each.get("rows")),
        around({name: each.get(key) for name, key in (("value", "score"), ("low", "low"), ("high", "high"))}, "ratio"),
        wording.count(each.get("probes")),
        words.by_chance(each.get("expected")),
        significance(each.get("p")), wording.count(each["bursts"]) if each["bursts"] else wording.DASH,
        wording.count(each["replays"]) if each["replays"] else wording.DASH, outstanding or wording.DASH,
    ]  # fmt: skip
