"""What people do about alerts: acknowledge, silence with a reason and an end, write a note; and who they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import streamlit as st

from connectors.errors import CandorError
from dashboard import alert_strings as said
from dashboard import alerting, data
from dashboard.alerting import Alert
from dashboard.components.states import banner
from dashboard.page import PageContext

WHO = "person"
ANSWER = "answer"
"""Where a button leaves its sentence for the page that is drawn next."""


def pick_key(alert: str) -> str:
    """The name of the box that chooses an alert."""
    return f"pick-{alert}"


def who(*, bare: bool = False) -> None:
    """A field for the person's name; it is kept while the tab is open, on every page."""
    st.session_state.setdefault(WHO, "")
    st.session_state["who"] = st.session_state[WHO]
    st.text_input(
        said.YOUR_NAME, key="who", on_change=_remember, help=None if bare else said.YOUR_NAME_HELP, placeholder=said.YOUR_NAME,
        max_chars=80, label_visibility="collapsed" if bare else "visible",
    )  # fmt: skip


def _remember() -> None:
    st.session_state[WHO] = " ".join(st.session_state["who"].split())


def answers() -> None:
    """Say what the last button did."""
    kind, words = st.session_state.pop(ANSWER, (None, ""))
    if kind == "done":
        banner(words, "info", "●")
    elif kind:
        banner(words, "warn", "▲")


def toolbar(context: PageContext, alerts: Sequence[Alert], *, now: dt.datetime, acknowledges: bool, silences: bool) -> None:
    """Choose all, acknowledge the chosen, silence the chosen."""
    keys = [each.key for each in alerts]
    chosen = [key for key in keys if st.session_state.get(pick_key(key))]
    with st.container(key="alert-tools", horizontal=True, vertical_alignment="center", gap="small"):
        st.session_state["pick-all"] = len(chosen) == len(keys)
        st.checkbox(said.ALL, key="pick-all", on_change=_pick_all, args=(tuple(keys),))
        if acknowledges:
            st.button(
                said.chosen(said.ACKNOWLEDGE, len(chosen)), key="acknowledge", type="primary", on_click=_acknowledge,
                args=(context.snapshot.config, tuple(chosen), now),
            )  # fmt: skip
        if silences:
            silence(context, chosen, now=now)
        with st.container(width=200):
            who(bare=True)


def _pick_all(keys: Sequence[str]) -> None:
    for key in keys:
        st.session_state[pick_key(key)] = st.session_state["pick-all"]


def silence(context: PageContext, keys: Sequence[str], *, now: dt.datetime, counted: bool = True) -> None:
    """A silence: its reason and its end are asked for, and there is none without either."""
    with st.popover(said.chosen(said.SILENCE, len(keys) if counted else 0)):
        st.text_input(said.REASON, key="silence-reason", placeholder=said.REASON_HINT, max_chars=300)
        st.selectbox(
            said.UNTIL, list(said.ENDS), key="silence-end", index=None, placeholder=said.UNTIL_HINT,
            format_func=lambda key: said.ENDS[key][0],
        )  # fmt: skip
        st.button(said.SILENCE_NOW, key="silence", on_click=_silence, args=(context.snapshot.config, tuple(keys), now))


def note(context: PageContext, key: str, *, now: dt.datetime) -> None:
    """Something that others should know about an alert."""
    with st.popover(said.COMMENT):
        st.text_area(said.COMMENT, key="note", placeholder=said.COMMENT_HINT, max_chars=1000, label_visibility="collapsed")
        st.button(said.WRITE, key="write-note", on_click=_comment, args=(context.snapshot.config, key, now))


def acknowledge(context: PageContext, key: str, *, now: dt.datetime) -> None:
    """A button for one alert."""
    st.button(said.ACKNOWLEDGE, key="acknowledge", type="primary", on_click=_acknowledge, args=(context.snapshot.config, (key,), now))


def _acknowledge(config: str, keys: Sequence[str], now: dt.datetime) -> None:
    person = st.session_state.get(WHO, "")
    if _lacks(keys, person):
        return
    _do(lambda: alerting.acknowledge(data.config(config), keys, who=person, now=now), said.done("acknowledged", len(keys)), keys)


def _silence(config: str, keys: Sequence[str], now: dt.datetime) -> None:
    person, reason, end = (st.session_state.get(name) or "" for name in (WHO, "silence-reason", "silence-end"))
    if _lacks(keys, person):
        return
    if not reason.strip() or end not in said.ENDS:
        st.session_state[ANSWER] = ("refused", said.NO_REASON if not reason.strip() else said.NO_END)
        return
    until = now + said.ENDS[end][1]
    _do(lambda: alerting.silence(data.config(config), keys, who=person, reason=reason.strip(), until=until, now=now),
        said.done(f"silenced for {said.ENDS[end][0]}", len(keys)), keys)  # fmt: skip


def _comment(config: str, key: str, now: dt.datetime) -> None:
    person, words = st.session_state.get(WHO, ""), (st.session_state.get("note") or "").strip()
    if not words:
        st.session_state[ANSWER] = ("refused", said.EMPTY_NOTE)
    elif not _lacks([key], person):
        _do(lambda: alerting.comment(data.config(config), key, who=person, text=words, now=now), said.done("noted", 1), ())
        st.session_state["note"] = ""


def _lacks(keys: Sequence[str], person: str) -> bool:
    """Say what is missing before anything can be done."""
    missing = said.PICK_FIRST if not keys else said.WHO_FIRST if not person else ""
    if missing:
        st.session_state[ANSWER] = ("refused", missing)
    return bool(missing)


def _do(act: Callable[[], None], done: str, keys: Sequence[str]) -> None:
    """Do it, say so, and let go of what was chosen."""
    try:
        act()
    except CandorError as error:
        st.session_state[ANSWER] = ("refused", str(error))
        return
    st.session_state[ANSWER] = ("done", done)
    for key in keys:
        st.session_state[pick_key(key)] = False
