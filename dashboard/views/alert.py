"""One alert: what the rule found, since when, why probably, what to do about it, and what people have done."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import streamlit as st

from dashboard import alert_strings as said
from dashboard import alerting, data
from dashboard.alerting import Alert, Board
from dashboard.components.alert_status import severity, state
from dashboard.components.markup import Html, join, known_in, link, show, span, text
from dashboard.components.states import banner, panel
from dashboard.page import PageContext, page
from dashboard.panels import actions, alert_facts, alert_onset, alert_where, causes, incidents, messages, next_step, past_alerts
from dashboard.url_state import View, encode
from reports.strings import duration, moment, name_of


@page(said.ALERT, "alert", listed=False, across=True)
def alert(context: PageContext) -> None:
    """Draw the page."""
    config, now = data.config(context.snapshot.config), context.now
    board = alerting.board(config, now)
    found = board.find(context.view.alert)
    show(link(said.BACK, "alerts", encode(View(model=context.view.model, run=context.view.run))))
    if found is None:
        show(Html(f'<h1 class="c-title">{said.ALERT}</h1>'))
        banner(said.UNKNOWN_ALERT if context.view.alert else said.NO_ALERT, "warn", "▲")
        return
    model = next((each for each in context.models if each.model == found.model), context.model)
    context = replace(context, model=model)
    head(context, found, now)
    actions.answers()
    if found.state != "resolved":
        tools(context, found, now)
    together(context, board, found)
    left, right = st.columns([1, 1], gap="small")
    with left, panel("what", said.WHAT):
        alert_facts.draw(context, found, config)
    with right, panel("onset", known_in(said.TERMS, said.ONSET, "since"), said.ONSET_LEAD):
        alert_onset.draw(context, found)
    left, right = st.columns([1, 1], gap="small")
    with left, panel("causes", said.CAUSES, said.CAUSES_LEAD):
        causes.of_alert(context, found)
    with right, panel("next", said.NEXT):
        next_step.draw(context, found, config)
    left, right = st.columns([1, 1], gap="small")
    with left, panel("where", said.WHERE, said.WHERE_LEAD):
        alert_where.draw(context, found)
    with right, panel("similar", said.SIMILAR):
        past_alerts.draw(alerting.similar(found, board.alerts), now)
    left, right = st.columns([1, 1], gap="small")
    with left, panel("history", said.HISTORY):
        past_alerts.history(alerting.deeds(config, found.key))
    with right, panel("told", said.TOLD):
        messages.about_one(alerting.told_about(config, found.key), now=now)
    with st.expander(said.JSON):
        st.code(json.dumps(alerting.record(config, found.key), indent=2, sort_keys=True, ensure_ascii=False, default=str), language="json")


def head(context: PageContext, found: Alert, now: dt.datetime) -> None:
    """Where the alert stands, in one line, and the finding in a sentence."""
    title = name_of(context.model.title or found.model)
    parts: list[object] = [state(found)]
    if found.state != "firing":
        parts.append(severity(found.severity))
    length = duration((found.resolved or now) - found.fired)
    parts.append(span(f"fired {moment(found.fired)}, {'lasted' if found.resolved else 'for'} {length}", "c-note"))
    if found.state == "acknowledged" and found.acknowledged is not None:
        parts.append(span(f"by {name_of(found.acknowledged.who)}, {said.ago(now - found.acknowledged.at)}", "c-note"))
    if found.state == "silenced" and found.silence is not None:
        kept = f"until {moment(found.silence.until)} by {name_of(found.silence.who)}: {name_of(found.silence.reason)}"
        parts.append(span(kept, "c-note"))
    show(Html(f'<h1 class="c-title">{text(title)}: {text(incidents.sentence_of(found))}</h1><p>{join(parts, "&ensp;")}</p>'))


def tools(context: PageContext, found: Alert, now: dt.datetime) -> None:
    """What can be done about it here."""
    with st.container(key="alert-tools", horizontal=True, vertical_alignment="center", gap="small"):
        if found.state != "acknowledged":
            actions.acknowledge(context, found.key, now=now)
        if found.state != "silenced":
            actions.silence(context, [found.key], now=now, counted=False)
        actions.note(context, found.key, now=now)
        with st.container(width=200):
            actions.who(bare=True)


def together(context: PageContext, board: Board, found: Alert) -> None:
    """The other alerts of the same incident, one click away."""
    others = [each for each in board.alerts if found.incident and each.incident == found.incident and each.key != found.key]
    if not others:
        return
    cause = board.causes.get(found.incident, "")
    lines = "".join(
        f"<li>{link(incidents.sentence_of(each), 'alert', encode(View(model=each.model, alert=each.key)))} {state(each)}</li>"
        for each in others[:8]
    )
    lead = f"{said.siblings(len(others))} {cause}".strip()
    show(Html(f'<details class="c-details"><summary>{text(lead)}</summary><ul class="c-said">{lines}</ul></details>'))
