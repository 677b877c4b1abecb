"""Everything that pages read of published runs, keyed by the snapshot file: a file name is never used twice, so nothing here goes stale.

Only what a page asks for is read. Nothing here touches the log, and nothing here computes a figure. What is frozen is cached as it is
(`cache_resource`): copying a few thousand figures for every click costs more than reading them. This file holds the figures;
`snapshot`, `intake` and `concerns` hold the rest, and pages find all of it here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from audits.slices import Slice
from dashboard.concerns import attention, grouped, notes, thresholds
from dashboard.destination import attribute_of, window_key
from dashboard.intake import events, failures, ledger, policy_changes, quarantine, quarantine_reasons
from dashboard.snapshot import FINDING_COLUMNS, PLACE, Model, Row, Snapshot, causes, config, current, models, read, runs
from reports.figure import Figure

__all__ = [
    "Catalogue", "Model", "Row", "Snapshot", "Span", "attention", "attributes", "catalogue", "causes", "config", "counts", "current",
    "events", "failures", "figures", "grouped", "history", "labels", "ledger", "models", "names", "notes", "policy_changes", "quarantine",
    "quarantine_reasons", "runs", "spans", "thresholds", "versions",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One window of a run, as it stands in links and in menus."""

    key: str
    start: dt.datetime | None
    end: dt.datetime | None
    first_row: int | None
    last_row: int | None
    partial: bool


@st.cache_resource(show_spinner=False, max_entries=256)
def spans(snapshot: Snapshot, run: str, model: str) -> tuple[Span, ...]:
    """The windows of a run, oldest first."""
    rows = read(
        snapshot,
        "select window_start, window_end, first_row, last_row, bool_or(partial) as partial from findings "
        "where run = ? and model = ? and not whole group by all order by window_start, first_row",
        [run, model],
    )
    return tuple(
        Span(
            key=window_key(row["window_start"], row["first_row"]),
            start=row["window_start"],
            end=row["window_end"],
            first_row=row["first_row"],
            last_row=row["last_row"],
            partial=row["partial"],
        )
        for row in rows
    )


@st.cache_resource(show_spinner=False, max_entries=512)
def figures(
    snapshot: Snapshot,
    run: str,
    model: str,
    *,
    names: tuple[str, ...] = (),
    window: Span | None = None,
    whole: bool | None = True,
    population: bool | None = None,
    attribute: str | None = None,
    column: str | None = None,
    columns: bool | None = None,
    version: str | None = None,
    versions: bool = False,
    tables: bool = False,
) -> tuple[Figure, ...]:
    """Findings of one model, in the order of the run.

    Parameters
    ----------
    names : only these measures; empty for all
    window : only this window; otherwise `whole` True for the whole period, False for every window, None for both
    population : True for the whole population only, False for groups and gaps between groups only
    attribute : only the groups of this attribute or intersection ("race,sex"), and the gaps between them
    column : only findings about this column; `columns` True for findings about any column, False for none
    version : only this model version; None for all versions together; `versions` for every one of them and all together
    tables : read the named numbers for charts too
    """
    wheres, values = ["run = ?", "model = ?"], [run, model]
    if names:
        wheres.append("list_contains(?, name)")
        values.append(list(names))  # type: ignore[arg-type]
    if window is not None:
        wheres.append("not whole and window_start is not distinct from ? and first_row is not distinct from ?")
        values += [window.start, window.first_row]  # type: ignore[list-item]
    elif whole is not None:
        wheres.append("whole" if whole else "not whole")
    if population is not None:
        wheres.append("slice = '{}' and attribute is null" if population else "(slice <> '{}' or attribute is not null)")
    if attribute is not None:
        slices = catalogue(snapshot, run, model).slices.get(attribute, frozenset())
        wheres.append("(attribute = ? or (attribute is null and list_contains(?, slice)))")
        values += [attribute, sorted(slices)]  # type: ignore[list-item]
    if column is not None:
        wheres.append('"column" = ?')
        values.append(column)
    elif columns is not None:
        wheres.append('"column" is not null' if columns else '"column" is null')
    if not versions:
        wheres.append("version is not distinct from ?")
        values.append(version)  # type: ignore[arg-type]
    what = FINDING_COLUMNS + (", tables" if tables else "")
    rows = read(snapshot, f"select {what} from findings where {' and '.join(wheres)} order by position, {PLACE}", values)
    found = (Figure.of(row | {"model": model}) for row in rows)
    return tuple(each for each in found if attribute is None or attribute_of(each) == attribute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Which measures a run reports about which attribute, segment or intersection, and of which groups."""

    whole: dict[str, frozenset[str]]
    """Measures by attribute, over the whole period."""
    windows: dict[str, frozenset[str]]
    """Measures by attribute, window by window."""
    slices: dict[str, frozenset[str]]
    """Groups by attribute, as they are written in the table."""


@st.cache_resource(show_spinner=False, max_entries=64)
def catalogue(snapshot: Snapshot, run: str, model: str) -> Catalogue:
    """What a run has figures about between groups; slices that were found by search are no attributes."""
    sql = """select name, attribute, slice, bool_or(whole) as whole, bool_or(not whole) as windows from findings
             where run = ? and model = ? and (slice <> '{}' or attribute is not null) and not starts_with(name, 'weak_spot') group by all"""
    whole: defaultdict[str, set[str]] = defaultdict(set)
    windows: defaultdict[str, set[str]] = defaultdict(set)
    slices: defaultdict[str, set[str]] = defaultdict(set)
    keys: dict[str, str] = {}
    for row in read(snapshot, sql, [run, model]):
        if row["slice"] not in keys:
            keys[row["slice"]] = ",".join(sorted(json.loads(row["slice"] or "{}")))
        about = row["attribute"] or keys[row["slice"]]
        if row["slice"] != "{}":
            slices[about].add(row["slice"])
        for kind, held in (("whole", whole), ("windows", windows)):
            if row[kind]:
                held[about].add(row["name"])
    return Catalogue(**{name: {key: frozenset(held) for key, held in each.items()}
                        for name, each in (("whole", whole), ("windows", windows), ("slices", slices))})  # fmt: skip


def attributes(snapshot: Snapshot, run: str, model: str, names: Iterable[str] = ()) -> frozenset[str]:
    """The protected attributes, segments and intersections that a run has figures about; those of `names`, if any are given."""
    wanted = frozenset(names)
    found = catalogue(snapshot, run, model).whole
    return frozenset(about for about, held in found.items() if not wanted or held & wanted)


@st.cache_data(show_spinner=False, max_entries=64)
def labels(snapshot: Snapshot, run: str, model: str) -> tuple[str, ...]:
    """The classes of a task with several, in the run's order."""
    sql = """select "column" as label from findings where run = ? and model = ? and name in ('selection_rate', 'true_positive_rate')
             and "column" is not null group by 1 order by min(position)"""
    return tuple(row["label"] for row in read(snapshot, sql, [run, model]))


@st.cache_data(show_spinner=False, max_entries=256)
def counts(snapshot: Snapshot, run: str, model: str) -> dict[str, int]:
    """How many whole-period findings have each verdict; "" counts those that nobody judges."""
    rows = read(
        snapshot,
        "select coalesce(verdict, '') as verdict, count(*) as n from findings where run = ? and model = ? and whole group by 1",
        [run, model],
    )
    return {row["verdict"]: row["n"] for row in rows}


@st.cache_data(show_spinner=False, max_entries=256)
def names(snapshot: Snapshot, run: str, model: str) -> frozenset[str]:
    """The measures that a run reports for a model."""
    return frozenset(row["name"] for row in read(snapshot, "select distinct name from findings where run = ? and model = ?", [run, model]))


@st.cache_data(show_spinner=False, max_entries=256)
def versions(snapshot: Snapshot, run: str, model: str) -> tuple[str, ...]:
    """The model versions that a run tells apart, in the order in which they first answered.

    By the first window that tells of each; within it, as the measure that knows most versions lists them.
    """
    sql = f"""with held as (
        select version, name, min({PLACE}) filter (where not whole) as first, min(position) as place,
               count(*) over (partition by name) as known
        from findings where run = ? and model = ? and version is not null group by version, name
    ) select version from held group by version order by min(first) nulls last, arg_max(place, (known, -place)), version"""
    return tuple(row["version"] for row in read(snapshot, sql, [run, model]))


@st.cache_resource(show_spinner=False, max_entries=512, hash_funcs={Figure: lambda figure: repr(figure)})
def history(snapshot: Snapshot, run: str, figure: Figure) -> tuple[Figure, ...]:
    """The same measure of the same slice, column and version in every window, oldest first."""
    same = (
        'name = ? and slice = ? and attribute is not distinct from ? and "column" is not distinct from ? and version is not distinct from ?'
    )
    rows = read(
        snapshot,
        f"select {FINDING_COLUMNS} from findings where run = ? and model = ? and not whole and {same} order by {PLACE}",
        [run, figure.model, figure.name, Slice.of(dict(figure.slice)).to_json(), figure.attribute, figure.column, figure.version],
    )
    return tuple(Figure.of(row | {"model": figure.model}) for row in rows)
