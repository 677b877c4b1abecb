"""What was taken in, what was set aside, what could not be computed, and what happened: reads of a snapshot beside its figures."""

from __future__ import annotations

from typing import Any

import streamlit as st

from connectors.errors import CandorError
from dashboard.snapshot import Row, Snapshot, config, read, tables


@st.cache_data(show_spinner=False, max_entries=64)
def policy_changes(snapshot: Snapshot, model: str) -> tuple[Row, ...]:
    """What a model's policy said otherwise than before, newest first; none where no snapshot of it was kept."""
    if "policy_changes" not in tables(snapshot):
        return ()
    sql = 'select run, "at", name, field, before, after, since from policy_changes where model = ? order by "at" desc, name, since, field'
    return tuple(read(snapshot, sql, [model]))


@st.cache_data(show_spinner=False, max_entries=256)
def failures(snapshot: Snapshot, run: str, model: str) -> tuple[Row, ...]:
    """What could not be computed, and why."""
    return tuple(
        read(snapshot, 'select name, reason, "error" from errors where run = ? and model = ? order by "error" desc, name', [run, model])
    )


@st.cache_data(show_spinner=False, max_entries=64)
def ledger(snapshot: Snapshot, model: str) -> tuple[Row, ...]:
    """Every batch that was taken in for a model, newest first."""
    sql = (
        "select batch, source, path, kind, received, accepted, duplicate, quarantined, outcomes, complete, committed "
        "from ledger where model = ? order by batch desc"
    )
    return tuple(read(snapshot, sql, [model]))


@st.cache_data(show_spinner=False, max_entries=64)
def quarantine(snapshot: Snapshot, model: str, source: str | None = None, limit: int = 200) -> tuple[Row, ...]:
    """The latest quarantined rows of a model."""
    sql = (
        'select batch, source, path, line, "column", reason, "row" from quarantine where model = ? '
        "and (?::varchar is null or source = ?) order by batch desc, line limit ?"
    )
    return tuple(read(snapshot, sql, [model, source, source, limit]))


@st.cache_data(show_spinner=False, max_entries=64)
def quarantine_reasons(snapshot: Snapshot, model: str) -> tuple[Row, ...]:
    """Why rows were quarantined, and how many, most rows first."""
    sql = 'select source, reason, "column", rows from quarantine_reasons where model = ? order by rows desc, source, reason'
    return tuple(read(snapshot, sql, [model]))


def events(config_path: str, model: str) -> tuple[Any, ...]:
    """Releases, incidents, data changes and notes of a model, oldest first; none when the store cannot be read."""
    from connectors.actions import events as stored

    try:
        return tuple(sorted(stored(config(config_path), model), key=lambda event: event.at))
    except CandorError:
        return ()
