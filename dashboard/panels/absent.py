"""Why a panel has nothing to show: a reason that was found, or the one line that would find out."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import data, strings
from dashboard.components.markup import show, span
from dashboard.components.states import not_enough
from dashboard.page import PageContext
from reports import explained


def absent(context: PageContext, names: Sequence[str], otherwise: str, *, sentence: str, command: str) -> None:
    """Say why none of these measures has a value: its reason; `otherwise` where there is none; the line where nobody has asked yet."""
    reasons = [row["reason"] for row in data.failures(*context.key) if row["name"] in names]
    figures = data.figures(*context.key, names=tuple(names), whole=True, columns=None)
    reasons += [each.reason for each in figures if each.value is None]
    why = next((each for each in reasons if each and not explained.not_run(each) and not explained.plain(each)), "")
    if why:
        not_enough(f"{why[:1].upper()}{why[1:].rstrip('.')}.")
    elif any(explained.not_run(each) for each in reasons) or not (reasons or figures):
        line(context, sentence, command)
    else:
        not_enough(otherwise)


def line(context: PageContext, sentence: str, command: str) -> None:
    """One sentence and the line to copy."""
    show(span(sentence, "c-sentence"))
    st.code(strings.command(command, context.snapshot.config), language=None, wrap_lines=True)
