"""Alerts: what fires, who looks after it, whether people were told, and whether anybody is watching at all."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import streamlit as st

from connectors import watch_store
from connectors.config import Config
from dashboard import alert_strings as said
from dashboard import alerting, data
from dashboard.alerting import Board
from dashboard.components.choose import choose
from dashboard.components.markup import Html, join, known_in, link, show, span, text
from dashboard.components.states import panel
from dashboard.page import PageContext, page
from dashboard.panels import actions, incidents, messages, pulse
from dashboard.url_state import View, encode
from reports.strings import DASH

STAMP = "board"
"""Where the page remembers what it has drawn."""


@page(said.ALERTS, "alerts", across=True)
def alerts(context: PageContext) -> None:
    """Draw the page."""
    config, now = data.config(context.snapshot.config), context.now
    board = alerting.board(config, now)
    st.session_state[STAMP] = board.stamp
    asked = context.view.incident
    if asked is not None:
        board = replace(board, alerts=tuple(each for each in board.alerts if each.incident == asked))
    status = watch_store.status(config)
    show(Html(f'<h1 class="c-title">{said.ALERTS}</h1><p class="c-lead">{text(lead(board, status, now))}</p>'))
    pulse.loud(config, status, now)
    actions.answers()
    left, right = st.columns([17, 8], gap="small")
    with left, panel("incidents", "", stretch=False):
        counts: dict[str, int] = {state: len(board.of(state)) for state in alerting.STATES}
        default = next((state for state in counts if counts[state]), "firing") if asked is not None else "firing"
        wanted = choose(
            context, "status", "State", list(counts), words=lambda state: f"{said.STATES[state]} {counts[state]}", default=default,
            segmented=True, bare=True,
        ) or default  # fmt: skip
        if asked is not None:
            filtered_to(context)
        incidents.draw(context, board, wanted, now=now)
    with right:
        with panel("pulse", said.PULSE, stretch=False):
            watching(config, now)
        with panel("answered", known_in(said.TERMS, said.ANSWERED, "mtta"), stretch=False):
            median, n = alerting.time_to_acknowledge(board.alerts, now)
            show(span(said.answered(median, n), "c-lead"))

        def about(key: str) -> Html:
            return line(board, key)

        with panel("undelivered", said.UNDELIVERED, stretch=False):
            messages.undelivered(board.told, about, channels=bool(config.alerts.channels), now=now)
        with panel("held", known_in(said.TERMS, said.HELD, "held"), stretch=False):
            messages.held_back(board.of("held back"), about)


def filtered_to(context: PageContext) -> None:
    """The link names one incident: say so, and lead back to all of them."""
    show(join([span(said.ONE_INCIDENT, "c-note"), link(said.ALL_INCIDENTS, "alerts", context.query(incident=None))]))


@st.fragment(run_every=15)
def watching(config: Config, now: dt.datetime) -> None:
    """The watcher's pulse, drawn again every quarter of a minute; when an alert has changed, so is the page."""
    later = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    if st.session_state.get(STAMP) != alerting.board(config, later).stamp:
        st.rerun(scope="app")
    pulse.draw(config, watch_store.status(config), max(now, later))


def lead(board: Board, status: watch_store.Status | None, now: dt.datetime) -> str:
    """The page in one sentence; calm when all is well."""
    firing = board.of("firing")
    heard = "" if status is None or not status.alive(now) else f" {said.last_round(now - pulse.newest(status))}"
    if not firing:
        return said.CALM + heard
    found = alerting.incidents(firing, board.causes)
    return said.lead(len(found), len(firing), len({each.model for each in firing})) + heard


def line(board: Board, key: str) -> Html:
    """An alert as a link; of an incident, its most urgent alert."""
    of_incident = sorted((each for each in board.alerts if each.incident == key), key=lambda each: alerting.rank(each.severity))
    alert = board.find(key) or next(iter(of_incident), None)
    if alert is None:
        return span(key[:16] or DASH, "mono")
    return link(incidents.sentence_of(alert), "alert", encode(View(model=alert.model, alert=alert.key)))
