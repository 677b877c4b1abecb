"""Published snapshots: which one is current, whether these pages can read it, and queries over it.

A file name is never used twice, so what is cached by it never goes stale.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from audits.finding import Cause
from audits.record_signals import load as load_told
from connectors.config import Config, load
from connectors.errors import CandorError
from connectors.published import Published, folder_of, open_published
from dashboard import strings

Row = dict[str, Any]

FINDING_COLUMNS = (
    'position, name, unit, version, slice, reference_slice, attribute, "column", window_start, window_end, first_row, last_row, partial, '
    "whole, value, low, high, n, method, p_value, q_value, people, people_low, people_high, threshold_min, "
    "threshold_max, severity, rationale, threshold_source, threshold_since, threshold_until, verdict, reason"
)
"""What a figure is read from, in SQL."""

PLACE = "coalesce(epoch_ms(window_start), first_row)"
"""Where a window lies, as a number: milliseconds of a clock, or its first row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One published file and the configuration it belongs to; equal snapshots hold equal figures."""

    config: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A row of the published `models` table."""

    run: str
    model: str
    title: str
    task: str
    environment: str | None
    owner: str | None
    runbook: str | None
    window: str
    favorable: str | None
    positive: str | None
    attributes: tuple[str, ...]
    features: int | None
    reference_start: dt.datetime | None
    reference_end: dt.datetime | None
    reference_first_row: int | None
    reference_last_row: int | None
    reference_n: int | None
    reference_kind: str | None
    available: int
    used: int
    analysed: int
    quarantined: int
    duplicate: int
    labelled: int
    freshness: dt.datetime | None
    label_delay: str | None
    ingested: dt.datetime | None

    @property
    def label_coverage(self) -> float | None:
        """Share of the analysed rows whose outcome is known."""
        return self.labelled / self.analysed if self.analysed else None


EXPECTED = {
    "runs": {"run", "created", "code_revision", "policy", "data", "bins"},
    "models": set(Model.__dataclass_fields__),
    "findings": {"run", "model", "position", "tables"} | {name.strip(' "') for name in FINDING_COLUMNS.split(",")},
    "errors": {"run", "model", "name", "reason", "error"},
    "ledger": {"batch", "model", "source", "path", "kind", "received", "accepted", "duplicate", "quarantined", "outcomes", "committed"},
    "quarantine": {"batch", "model", "source", "path", "line", "column", "reason", "row"},
    "quarantine_reasons": {"model", "source", "reason", "column", "rows"},
}
"""The tables and columns that pages read; another version of Candor may publish others."""


@st.cache_data(show_spinner=False, max_entries=8)
def _config(path: str, modified: int, size: int) -> Config:
    return load(Path(path))


def config(path: str) -> Config:
    """The configuration at `path`, read again when the file changes.

    Raises
    ------
    CandorError : when it is missing or says something that cannot be
    """
    try:
        stat = Path(path).stat()
    except OSError:
        return load(Path(path))
    return _config(path, stat.st_mtime_ns, stat.st_size)


@st.cache_resource(show_spinner=False, max_entries=3, on_release=lambda published: published.close())
def _opened(path: str, config_path: str) -> Published:
    published = open_published(config(config_path))
    try:
        check(published)
    except CandorError:
        published.close()
        raise
    return published


def check(published: Published) -> None:
    """Raise one sentence when the snapshot lacks a table or a column that a page reads; one without any run is merely empty."""
    if "runs" not in published.names():
        return
    sql = "select table_name, list(column_name) as columns from information_schema.columns group by all"
    found = {row["table_name"]: set(row["columns"]) for row in published.table(sql).to_pylist()}
    for name, wanted in EXPECTED.items():
        absent = sorted(wanted - found.get(name, set()))
        if absent:
            raise CandorError(strings.other_version(name, absent[0] if name in found else None))


def current(config_path: str) -> Snapshot | None:
    """The latest published snapshot, or None when nothing has been published yet."""
    folder = folder_of(config(config_path))
    try:
        name = (folder / "CURRENT").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return Snapshot(config=config_path, path=str(folder / name))


def read(snapshot: Snapshot, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """Rows of a query over the published tables."""
    rows: list[Row] = _opened(snapshot.path, snapshot.config).table(sql, parameters).to_pylist()
    return rows


def tables(snapshot: Snapshot) -> frozenset[str]:
    """The tables of a snapshot; an older one lacks the newest."""
    return frozenset(_opened(snapshot.path, snapshot.config).names())


@st.cache_resource(show_spinner=False, max_entries=64)
def causes(snapshot: Snapshot, run: str, model: str) -> tuple[Cause, ...]:
    """Why figures moved, as far as the run can tell; none where an older Candor published none."""
    found: tuple[Cause, ...] = load_told(_opened(snapshot.path, snapshot.config), run, model)["causes"]
    return found


@st.cache_data(show_spinner=False, max_entries=64)
def runs(snapshot: Snapshot) -> tuple[Row, ...]:
    """Every run in the snapshot, newest first; none when rows were taken in but nothing was audited."""
    if "runs" not in tables(snapshot):
        return ()
    return tuple(read(snapshot, "select run, created, code_revision, policy, data, bins from runs order by created desc, run desc"))


@st.cache_resource(show_spinner=False, max_entries=64)
def models(snapshot: Snapshot, run: str | None = None) -> tuple[Model, ...]:
    """The models that `run` audited, by name; without a run every model as its own newest run has it."""
    columns = ", ".join(f'"{name}"' for name in Model.__dataclass_fields__)
    if run is not None:
        rows = read(snapshot, f"select {columns} from models where run = ? order by model", [run])
    else:
        newest = "qualify row_number() over (partition by model order by created desc, run desc) = 1"
        rows = read(snapshot, f"select {columns} from models join runs using (run) {newest} order by model")
    return tuple(Model(**row | {"attributes": tuple(json.loads(row["attributes"] or "[]"))}) for row in rows)
