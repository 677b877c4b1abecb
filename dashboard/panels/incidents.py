"""Alerts of one state, grouped by incident, with what can be done about several at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from dashboard import alert_strings as said
from dashboard import alerting, strings
from dashboard.alerting import Alert, Board, Incident
from dashboard.components.alert_status import severity, state
from dashboard.components.finding_card import escape_markdown
from dashboard.components.markup import Html, known_in, show, span, text
from dashboard.page import PageContext
from dashboard.panels import actions
from dashboard.url_state import View, encode
from reports import drift_answers
from reports.strings import DASH, duration, headline, moment, name_of, safe, sentence

WORST = 3
"""Alerts of an incident before the rest is folded away."""
SHOWN = 25
"""Incidents on the page before the rest is folded away."""


def draw(context: PageContext, board: Board, wanted: str, *, now: dt.datetime) -> None:
    """Draw the toolbar and one block per incident; what is resolved can no longer be acted upon."""
    alerts = board.of(wanted)
    if not alerts:
        show(span(said.NONE[wanted], "c-lead"))
        return
    open_ = wanted != "resolved"
    if open_:
        actions.toolbar(context, alerts, now=now, acknowledges=wanted != "acknowledged", silences=wanted != "silenced")
    groups = alerting.incidents(alerts, board.causes)
    every = st.session_state.get("all-incidents", False)
    for incident in groups if every else groups[:SHOWN]:
        block(context, incident, now=now, picks=open_)
    if len(groups) > SHOWN:
        st.toggle(strings.show_all(len(groups)), key="all-incidents")


def block(context: PageContext, incident: Incident, *, now: dt.datetime, picks: bool) -> None:
    """One incident: its cause, then its alerts."""
    models = {each.model for each in incident.alerts}
    with st.container(key=f"incident-{incident.key}", gap="xsmall"):
        if len(incident.alerts) > 1 or incident.cause:
            words = incident.cause or sentence_of(incident.alerts[0])
            size = known_in(said.TERMS, said.several(len(incident.alerts), len(models)), "incident")
            head = f'{severity(incident.severity)}<b>{text(words)}</b><span class="c-note">{size}</span>'
            show(Html(f'<div class="c-incident">{head}</div>'))
        ordered = sorted(incident.alerts, key=lambda each: (alerting.rank(each.severity), each.figure.column is None, each.fired))
        for each in ordered[:WORST]:
            row(context, each, now=now, picks=picks)
        if len(ordered) > WORST:
            with st.expander(said.more(len(ordered) - WORST)):
                for each in ordered[WORST:]:
                    row(context, each, now=now, picks=picks)


def row(context: PageContext, alert: Alert, *, now: dt.datetime, picks: bool) -> None:
    """One alert as a line that leads to its page."""
    view = View(model=alert.model, alert=alert.key)
    with st.container(key=f"alertrow-{alert.key}", horizontal=True, vertical_alignment="center", gap="small"):
        if picks:
            with st.container(width=24):
                st.checkbox(sentence_of(alert), key=actions.pick_key(alert.key), label_visibility="collapsed")
        with st.container(width=118 if alert.state == "acknowledged" else 96):
            show(state(alert))
        with st.container():
            title = f"{name_of(title_of(context, alert.model))}: " if len(context.models) > 1 else ""
            label = escape_markdown(f"{title}{sentence_of(alert)}")
            st.page_link(context.links["alert"], label=label, query_params=encode(view), width="stretch")
        with st.container(width=150):
            show(standing(alert, now))


def title_of(context: PageContext, model: str) -> str:
    """A model's title, or its name where the run shown does not hold it."""
    return next((each.title or each.model for each in context.models if each.model == model), model)


def sentence_of(alert: Alert) -> str:
    """What the rule found, and since when, in one line; the newest window goes without saying."""
    figure = replace(alert.figure, whole=True)
    if alert.rule == drift_answers.MEASURE and alert.figure.column is not None and alert.figure.value is not None:
        return drift_answers.signalled(alert.figure, alert.since)
    if alert.evidence is None and figure.threshold_min is None and figure.threshold_max is None and figure.reason:
        words = f"{headline(figure)}: {safe(figure.reason)}"  # a fact: what happened says more than a number
    else:
        words = sentence(figure, since=alert.since)
    return words if alert.since is None or " since " in words else f"{words}, since {moment(alert.since)}"


def standing(alert: Alert, now: dt.datetime) -> Html:
    """For how long, and what somebody has done about it."""
    if alert.state == "resolved" and alert.resolved is not None:
        return span(f"resolved {said.ago(now - alert.resolved)}", "c-note", moment(alert.resolved))
    if alert.state == "silenced" and alert.silence is not None:
        left = f"{duration(alert.silence.until - now)} left, by {name_of(alert.silence.who)}"
        return span(left, "c-note", f"{alert.silence.reason}; until {moment(alert.silence.until)}")
    if alert.acknowledged is not None:
        return span(f"{name_of(alert.acknowledged.who)}, {said.ago(now - alert.acknowledged.at)}", "c-note", alert.acknowledged.note)
    return span(f"for {duration(now - alert.fired)}", "c-note", f"fired {moment(alert.fired)}")


def named(alerts: Sequence[Alert]) -> str:
    """Alerts by what they are about, for a list in a sentence."""
    return "; ".join(sentence_of(each) for each in alerts) or DASH
