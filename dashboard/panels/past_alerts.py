"""Alerts like this one before, and what happened to this one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from dashboard import alert_strings as said
from dashboard.alerting import Alert, Deed
from dashboard.components.alert_status import state
from dashboard.components.markup import Column, Html, join, link, show, span, table, text
from dashboard.panels.incidents import sentence_of
from dashboard.url_state import View, encode
from reports.strings import DASH, duration, moment, name_of

MOST = 8


def draw(alerts: Sequence[Alert], now: dt.datetime) -> None:
    """Similar alerts, newest first: how long they lasted and who looked after them."""
    if not alerts:
        show(span(said.NONE_SIMILAR, "c-lead"))
        return
    rows: list[list[object]] = []
    for each in alerts[:MOST]:
        label = link(sentence_of(each), "alert", encode(View(model=each.model, alert=each.key)))
        person = name_of(each.acknowledged.who) if each.acknowledged is not None else DASH
        rows.append([label, state(each), span(duration((each.resolved or now) - each.fired), title=moment(each.fired)), person])
    heads = [
        Column(head="Alert", css="wide"), Column(head="Now", css="tight"), Column(head="Lasted", css="num"), Column(head="Acknowledged by"),
    ]  # fmt: skip
    show(table(said.SIMILAR, heads, rows, height=260))


def history(deeds: Sequence[Deed]) -> None:
    """What happened and who did what, oldest first."""
    if not deeds:
        show(span(said.NO_HISTORY, "c-lead"))
        return
    lines = []
    for each in deeds:
        what = said.DEEDS.get(each.kind, each.kind)
        who = f"<b>{text(name_of(each.who))}</b> " if each.who else ""
        words = f"{who}{text(what)}" + (f": {text(each.note)}" if each.note else "")
        lines.append(f'<li><time class="c-note">{text(moment(each.at))}</time><span>{words}</span></li>')
    show(Html(f'<ol class="c-timeline">{join(map(Html, lines), "")}</ol>'))
