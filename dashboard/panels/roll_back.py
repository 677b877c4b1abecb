"""A roll-back, shown before it is asked for; nothing leaves while candor.toml says dry_run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from connectors import watch_store
from connectors.config import Config
from connectors.errors import CandorError
from dashboard import alert_strings as said
from dashboard.alerting import Alert
from dashboard.commands.rollback import SEEN, make, record
from dashboard.components.markup import show, span
from dashboard.components.states import banner
from dashboard.page import PageContext
from dashboard.panels.actions import WHO
from dashboard.snapshot import read
from reports.deliver.rollback import prepare
from reports.strings import moment, name_of

REQUEST = "roll-back-request"
"""Where the request stands that was shown last, or why there is none."""


def draw(context: PageContext, alert: Alert, config: Config) -> None:
    """Draw the button and what lies behind it: the version, the reason, the request, and where it is allowed, the sending."""
    known = versions(context, config, alert.model)
    settings = config.alerts.rollback
    if settings is None or len(known) < 2:
        return
    with st.popover(said.ROLL_BACK):
        show(span(said.roll_back(known[-1], dry=settings.dry_run), "c-note"))
        st.selectbox(said.VERSION_BEFORE, known[-2::-1], key="roll-back-to", format_func=name_of)
        st.text_input(said.REASON, key="roll-back-reason", max_chars=300)
        st.button(said.SHOW_REQUEST, key="show-roll-back", on_click=_ask, args=(config, alert, known, False))
        if not settings.dry_run:
            st.button(said.SEND_IT, key="send-roll-back", type="primary", on_click=_ask, args=(config, alert, known, True))
    kind, words = st.session_state.get(REQUEST, {}).get(alert.key, ("", ""))
    if kind == "request":
        st.code(words, language=None, wrap_lines=True)
    elif kind:
        banner(words, "warn", "▲")


def asked(config: Config, model: str) -> None:
    """Roll-backs that were asked for before, newest first, in a line each."""
    held: Sequence[watch_store.Asked] = watch_store.rollbacks(config, model)[:3]
    for each in held:
        show(span(f"{moment(each.at)}: {name_of(each.version)}, {name_of(each.answer)}", "c-note"))


def versions(context: PageContext, config: Config, model: str) -> tuple[str, ...]:
    """The versions that the log has seen, in the order in which they answered; the one that should answer now is last."""
    seen = [str(row["version"]) for row in read(context.snapshot, SEEN, [model])]
    declared = config.models[model].alerts.version if model in config.models else None
    return tuple([*(name for name in seen if name != declared), declared] if declared is not None else seen)


def _ask(config: Config, alert: Alert, known: Sequence[str], send: bool) -> None:
    """Make the request, and send it where that is asked for and allowed; what came of it stands below the button."""
    person, to, at = st.session_state.get(WHO, ""), str(st.session_state.get("roll-back-to")), moment_now()
    reason = (st.session_state.get("roll-back-reason") or "").strip()
    try:
        if not person:
            raise CandorError(said.WHO_FIRST)
        call = prepare(config, alert.model, to, versions=known, reason=reason, who=person, now=at, alert=alert.key)
        if send:
            answer = said.sent(make(config, call, alert.model, to, at))
        else:
            record(config, call, alert.model, to, at, sent=False, answer=said.DRY_RUN)
            answer = said.DRY_RUN
        shown = ("request", f"POST to {call.place}\nCandor-Signature: HMAC-SHA256, {call.secret_env}\n{call.body.decode()}\n\n{answer}")
    except CandorError as error:
        shown = ("refused", str(error))
    st.session_state[REQUEST] = {alert.key: shown}


def moment_now() -> dt.datetime:
    """This moment, UTC without a zone."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)
