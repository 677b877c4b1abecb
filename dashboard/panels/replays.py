"""Inputs that came again and again, and corners of the log in which outcomes came back the other way round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.components.figure_table import significance
from dashboard.components.markup import Column, Html, known_in, show, span, table, text
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from dashboard.panels import robustness_words as words
from dashboard.panels.absent import absent
from dashboard.panels.attack_signs import read, tables_of
from reports import strings as wording
from reports.attribution_series import value_of

REPLAYS, OUTCOMES = "replay_rate", "outcome_flip_rate"


def clusters(context: PageContext) -> None:
    """The inputs that were repeated most."""
    found = read(context, (REPLAYS,))
    if not found:
        absent(context, (REPLAYS,), words.NO_REPLAYS, sentence=words.LOG_NOT_RUN, command=words.FROM_LOG)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    held = tables_of(found, REPLAYS)
    lines: Sequence[Mapping[str, Any]] = held.get("clusters") or ()
    if not lines:
        not_enough(words.NO_REPLAYS)
        return
    heads = [
        Column(head=known_in(words.TERMS, "Input", "replay"), css="wide"), Column(head="Times", css="num"),
        Column(head="By chance", css="num quiet"), Column(head="Clients", css="num"), Column(head="Mostly", css="tight"),
        Column(head="From", css="tight quiet"), Column(head="To", css="tight quiet"),
    ]  # fmt: skip
    rows = [
        [
            inputs(each), wording.count(each.get("rows")), words.by_chance(each.get("expected")),
            wording.count(each.get("clients")), client(each), moment(each.get("first")), moment(each.get("last")),
        ]
        for each in lines
    ]  # fmt: skip
    show(table(words.REPLAYS, heads, rows, height=320))
    if held.get("in_all", 0) > len(lines):
        show(span(words.first_of(len(lines), int(held["in_all"])), "c-note"))


def client(each: Mapping[str, Any]) -> str:
    """The client that most of them came from."""
    return wording.name_of(str(each["client"])) if each.get("client") is not None else wording.DASH


def inputs(each: Mapping[str, Any]) -> str:
    """The first values of a repeated input."""
    pairs = list((each.get("inputs") or {}).items())
    told = ", ".join(f"{wording.name_of(str(name))} = {value_of(value)}" for name, value in pairs[:3])
    return told + (f" and {len(pairs) - 3} more" if len(pairs) > 3 else "")


def moment(value: object) -> str:
    """When, or at which row."""
    return wording.DASH if value is None else wording.safe(str(value).replace("T", " ").removesuffix("Z")[:16])


def place(each: Mapping[str, Any], end: str) -> str:
    """The window in which a campaign begins or ends: when, or at which row."""
    row = each.get(f"{end}_row")
    return moment(each.get(end)) if row is None else f"row {wording.count(row)}"


def campaigns(context: PageContext) -> None:
    """Corners of the log in which outcomes contradict what is to be expected together."""
    found = read(context, (OUTCOMES,))
    if not found:
        absent(context, (OUTCOMES,), words.NO_OUTCOMES, sentence=words.LOG_NOT_RUN, command=words.FROM_LOG)
        return
    show(Html(f'<p class="c-lead">{text(wording.sentence(found[0]))}.</p>'))
    lines: Sequence[Mapping[str, Any]] = tables_of(found, OUTCOMES).get("campaigns") or ()
    if not lines:
        not_enough(words.NO_OUTCOMES)
        return
    heads = [
        Column(head=known_in(words.TERMS, "Where", "outcome"), css="tight"), Column(head="What", css="tight"),
        Column(head="From", css="tight"), Column(head="To", css="tight"),
        Column(head="Rows", css="num"), Column(head="Turned", css="num"), Column(head="By chance", css="num quiet"),
        Column(head="p", css="num"),
    ]  # fmt: skip
    rows = [
        [
            f"{wording.name_of(str(each.get('by')))} = {wording.name_of(str(each.get('level')))}", wording.safe(str(each.get("direction"))),
            place(each, "first"), place(each, "last"), wording.count(each.get("rows")), wording.count(each.get("contradicted")),
            words.by_chance(each.get("expected")), significance(each.get("p_value")),
        ]
        for each in lines
    ]  # fmt: skip
    show(table(words.OUTCOMES, heads, rows, height=320))
