"""A roll-back, shown before it is asked for; nothing leaves while candor.toml says dry_run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from connectors.config import Config
from dashboard import alert_strings as said
from dashboard.alerting import Alert
from dashboard.components.markup import show, span
from dashboard.page import PageContext
from reports.strings import name_of


def draw(context: PageContext, alert: Alert, config: Config, versions: Sequence[str], now: dt.datetime) -> None:
    """Draw the button and what lies behind it."""
    with st.popover(said.ROLL_BACK):
        show(span(said.ROLL_BACK_LEAD, "c-note"))
        st.selectbox(said.VERSION_BEFORE, list(versions)[::-1][1:] + list(versions)[-1:], key="roll-back-to", format_func=name_of)
