"""The strip on every page: what the figures are about, how fresh they are, and the link to this very view."""

from __future__ import annotations

import streamlit as st

from dashboard import data, strings
from dashboard.components import copy_link
from dashboard.components.markup import Html, known, show, span, text
from reports.strings import count, moment, name_of, number
from reports.strings import window as window_words


def reference_words(model: data.Model) -> str:
    """The reference period in words: what it is, and how many rows it holds."""
    n = f"n = {count(model.reference_n)}"
    if model.reference_start is not None and model.reference_end is not None:
        return f"{window_words(model.reference_start, model.reference_end)}, {n}"
    if model.reference_first_row is not None:
        return f"{window_words(None, None, model.reference_first_row, model.reference_last_row)}, {n}"
    return f"{model.reference_kind or 'none'}, {n}" if model.reference_n else "none"


def strip(snapshot: data.Snapshot, model: data.Model, run: data.Row, shown: data.Span | None, version: str | None) -> None:
    """Environment, model, version, window, reference, freshness, label coverage, run and the link."""
    versions = data.versions(snapshot, model.run, model.model)
    window = f"{model.window} windows"
    if shown is not None:
        window += ": " + window_words(shown.start, shown.end, shown.first_row, shown.last_row, partial=shown.partial)
    labels = number(model.label_coverage, "percent") + f" of {count(model.analysed)}"
    if model.label_delay:
        labels += f", due after {model.label_delay}"
    wording = version or (strings.ALL_VERSIONS + f" ({len(versions)})" if versions else "not told apart")
    cells: list[tuple[str, str, object]] = [
        ("Environment", "environment", name_of(model.environment) if model.environment else "–"),
        ("Model", "model", name_of(model.title or model.model)),
        ("Version", "version", name_of(wording)),
        ("Window", "window", window),
        ("Reference", "reference", reference_words(model)),
        ("Newest prediction", "freshness", moment(model.freshness) if model.freshness else "no clock in the log"),
        ("Outcomes known", "labels", labels),
        ("Run", "run", span(str(run["run"]), "mono", moment(run["created"]))),
    ]
    terms = "".join(f'<div><dt>{known(head, key)}</dt><dd title="{text(value)}">{text(value)}</dd></div>' if not isinstance(value, Html)
                    else f"<div><dt>{known(head, key)}</dt><dd>{value}</dd></div>" for head, key, value in cells)  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="top", wrap=False, key="strip"):
        show(Html(f'<dl class="c-strip">{terms}</dl>'))
        copy_link.copy_link()
