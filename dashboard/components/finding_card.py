"""One finding as a line: its verdict, one plain sentence that links to the right page, and since when."""

from __future__ import annotations

import streamlit as st

from dashboard import data, strings
from dashboard.components.markup import show, span
from dashboard.components.status import status
from dashboard.destination import destination
from dashboard.page import PageContext
from dashboard.url_state import elsewhere
from reports.attention import Attention
from reports.strings import sentence


def finding_card(context: PageContext, model: data.Model, item: Attention, key: str, *, more: int, name_model: bool) -> None:
    """A line that leads to where the finding is shown, with the filters set."""
    figure = item.figure
    page, parameters = destination(figure)
    words = sentence(figure, since=item.since if item.windows and figure.verdict != "error" else None)
    parts = st.container(key=f"finding-{key}", horizontal=True, vertical_alignment="center", gap="small")
    with parts:
        with st.container(width=92):
            show(status(figure.verdict, figure.reason or figure.rationale or ""))
        with st.container():
            words += strings.and_more(more)
            label = escape_markdown(f"{model.title}: {words}" if name_model else words)
            view = context.view.__class__(model=model.model, run=context.view.run)
            st.page_link(
                context.links[page], label=label, query_params=elsewhere(view, **parameters), help=figure.rationale or "", width="stretch"
            )
        with st.container(width=110):
            show(span(strings.spell(item.windows), "c-note"))


def escape_markdown(text: str) -> str:
    """Text that a label shows as it stands, whatever data put into it.

    >>> escape_markdown("a*b [0.7, 0.8]")
    'a\\\\*b \\\\[0.7, 0.8\\\\]'
    """
    return "".join(
        "\\" + character if character in r"\`*_{}[]()#+-.!|<>~$:&" and character not in ".-()" else character for character in text
    )
