"""What no policy judges and a reader should still know."""

from __future__ import annotations

import streamlit as st

from dashboard import data, url_state
from dashboard.components.finding_card import escape_markdown
from dashboard.components.markup import show, span
from dashboard.destination import destination
from dashboard.page import PageContext
from reports.attention import Note


def draw(context: PageContext, notes: list[tuple[data.Model, Note]]) -> None:
    """Draw one line per note, which leads to where its figure is shown."""
    for place, (model, note) in enumerate(notes):
        page, parameters = destination(note.figure)
        view = url_state.View(model=model.model, run=context.view.run)
        with st.container(key=f"finding-note-{place}", horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width=150):
                show(span(note.kind, "c-note"))
            with st.container():
                words = f"{model.title}: {note.text}" if len(context.models) > 1 else note.text
                st.page_link(
                    context.links[page], label=escape_markdown(words), query_params=url_state.elsewhere(view, **parameters), width="stretch"
                )
