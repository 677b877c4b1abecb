"""Where rows come from: each source with its last rows and its lag, then every batch with its own equation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

import streamlit as st

from connectors import watch_store
from dashboard import alert_strings, data, strings
from dashboard.components.alert_status import mark
from dashboard.components.markup import Column, Html, known, show, span, table
from dashboard.components.states import not_enough
from dashboard.components.status import standing
from dashboard.page import PageContext
from dashboard.panels import words
from dashboard.panels.log_checks import newest, told
from reports.figure import Figure
from reports.strings import DASH, count, duration, moment, name_of

KINDS = ("received", "accepted", "duplicate", "quarantined")
MOST = 200


def draw(context: PageContext, batches: Sequence[data.Row]) -> None:
    """Draw one line per source, then the batches."""
    if not batches:
        not_enough(strings.NO_BATCHES)
        return
    by_source(context, batches)
    with st.expander(strings.sources_lead(len(batches)), expanded=len(batches) <= 20):
        every(batches)


def by_source(context: PageContext, batches: Sequence[data.Row]) -> None:
    """Each source: does it answer, when did rows last come, how many in all."""
    gone = {each.slice.get("source"): each for each in newest(silent(context))}
    down = watch_store.models(data.config(context.snapshot.config)).get(context.model.model)
    grouped: dict[str, list[data.Row]] = {}
    for batch in batches:
        grouped.setdefault(str(batch["source"]), []).append(batch)
    rows: list[list[object]] = []
    for name, mine in sorted(grouped.items()):
        last = max((batch["committed"] for batch in mine if batch["committed"] is not None), default=None)
        age = duration(context.now - last) if last is not None else DASH
        rows.append([
            span(name_of(name), title=name), answers(gone.get(name), down), span(moment(last), title=f"{age} ago"), age,
            count(sum(batch["received"] or 0 for batch in mine)), count(len(mine)),
        ])  # fmt: skip
    heads = [
        Column(head="Source", css="wide"), Column(head=known("Status", "status"), css="tight"), Column(head="Last rows", css="tight"),
        Column(head="Ago", css="num"), Column(head="Received", css="num"), Column(head="Batches", css="num"),
    ]  # fmt: skip
    show(table(strings.SOURCES, heads, rows, height=220))
    lag(context)


def silent(context: PageContext) -> tuple[Figure, ...]:
    """What `source_gone` says, source by source."""
    if "source_gone" not in data.names(*context.key):
        return ()
    return data.figures(*context.key, names=("source_gone",), whole=None, columns=None, tables=True)


def answers(gone: Figure | None, down: watch_store.WatchedModel | None) -> Html:
    """Whether a source answers: what the watcher found just now, else what the audit found."""
    if down is not None and down.failing_since is not None:
        return mark("◆", "Down", "fail", alert_strings.down(down.failing_since, down.tries, down.reason))
    return standing(gone) if gone is not None else span(DASH, "c-quiet", words.NOT_JUDGED_SOURCE)


def lag(context: PageContext) -> None:
    """How long nothing has come, in a line; how late rows arrive is among the checks."""
    held: Mapping[str, Figure] = {
        each.name: each
        for each in newest(data.figures(*context.key, names=("no_data",), whole=None, columns=False, tables=True))
        if each.value is not None
    }
    if "no_data" in held and (words_ := told(held["no_data"])):
        show(span(f"{words.THE_LOG[:1].upper()}{words.THE_LOG[1:]}: {words_}.", "c-note"))


def every(batches: Sequence[data.Row]) -> None:
    """Every batch, newest first, with its own equation."""
    heads = ("Source", "Rows of", "Received", "Accepted", "Duplicate", "Quarantined", "Outcomes", "Taken in")
    css = ("tight", "tight", "num", "num", "num", "num", "num", "tight quiet")
    rows = [
        [
            span(PurePath(str(batch["path"] or batch["source"])).name, title=f"{batch['source']}: {batch['path']}"), batch["kind"],
            *(count(batch[kind]) for kind in (*KINDS, "outcomes")), moment(batch["committed"]),
        ]
        for batch in batches[:MOST]
    ]  # fmt: skip
    show(table(strings.SOURCES, [Column(head=head, css=each) for head, each in zip(heads, css, strict=True)], rows, height=300))
    if len(batches) > MOST:
        show(span(strings.shown_of(MOST, len(batches), "batches"), "c-note"))
