"""What a page says when it has nothing to show, less than it should, or an error."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from audits.window import WindowLength
from connectors.errors import CandorError
from dashboard import data, serve, strings
from dashboard.components.markup import Html, show, text
from reports.strings import duration


def banner(message: object, kind: str = "info", word: str = "") -> None:
    """One line across the page; `kind` is info, warn or fail."""
    lead = f"<b>{text(word)}</b> " if word else ""
    show(Html(f'<div class="c-banner {kind}" role="status">{lead}{text(message)}</div>'))


def messages(said: Sequence[str]) -> None:
    """What a link asked for that is not there."""
    if said:
        banner(" ".join(dict.fromkeys(said)), "warn", "Link:")


def empty(title: str, sentence: str, command: str) -> None:
    """Nothing has been published: one command to copy, one button."""
    show(Html(f'<div class="c-empty"><h2>{text(title)}</h2><p class="c-lead">{text(sentence)}</p></div>'))
    with st.container(width=720):
        st.code(command, language=None, wrap_lines=True)
        st.button(strings.RETRY, type="primary")


def failed(error: Exception) -> None:
    """An error: its own sentence when it has one for people, otherwise an incident id and nothing else."""
    if isinstance(error, CandorError):
        banner(str(error), "fail", "✕ Error.")
    else:
        banner(strings.incident(serve.incident(error)), "fail", "✕ Error.")


def not_enough(reason: str) -> None:
    """No figure, and why; where there are too few rows the reason says how many there are and how many it takes."""
    few = re.search(r"\bn = |\bneeds?\b|too few|enough", reason) is not None
    banner(reason[:1].upper() + reason[1:], "info", "○ Not enough data." if few else "○")


def filtered(what: str, *names: str) -> None:
    """Filters leave nothing; one button takes them off."""
    banner(strings.filtered_out(what), "info")
    st.button(strings.RESET, on_click=_forget, args=names, key=f"reset-{'-'.join(names)}-{what}")


def _forget(*names: str) -> None:
    for name in names:
        st.query_params.pop(name, None)


@contextmanager
def panel(key: str, title: object, sentence: object = "", *, stretch: bool = True) -> Iterator[None]:
    """A framed part of a page; if it fails it says so and the other parts stay. It is as high as what stands beside it, if `stretch`."""
    with st.container(border=True, key=f"panel-{key}", gap="small", height="stretch" if stretch else "content"):
        lead = f'<p class="c-sentence">{text(sentence)}</p>' if sentence else ""
        if title:
            show(Html(f'<h2 class="c-panel-title">{text(title)}</h2>{lead}'))
        try:
            yield
        except Exception as error:  # noqa: BLE001  whatever broke this panel must not take the page down
            failed(error)


def window_length(window: str) -> dt.timedelta | None:
    """How long a window is, or None for windows of rows.

    >>> window_length("1w"), window_length("5000 rows")
    (datetime.timedelta(days=7), None)
    """
    if WindowLength(window).rows is not None:
        return None
    found = re.fullmatch(r"(\d+)(h|d|w|mo)", window)
    if found is None:
        return None
    days = {"h": 1 / 24, "d": 1, "w": 7, "mo": 31}[found[2]]
    return dt.timedelta(days=int(found[1]) * days)


def is_stale(model: data.Model, now: dt.datetime) -> bool:
    """Whether the newest prediction is older than two windows; `now` is UTC without a zone."""
    length = window_length(model.window)
    return length is not None and model.freshness is not None and now - model.freshness > 2 * length


def stale(model: data.Model, now: dt.datetime) -> None:
    """A banner when the log has stopped; the numbers stay."""
    if is_stale(model, now) and model.freshness is not None:
        banner(strings.stale(model.freshness, duration(now - model.freshness), model.window), "warn", "▲ Stale.")


def labels(model: data.Model) -> None:
    """A banner when no outcome is known."""
    if not model.labelled:
        banner(strings.no_labels(model.label_delay), "info", "○ No outcomes yet.")
