"""Cached reads of published runs, keyed by the snapshot file: a file name is never used twice, so nothing here goes stale.

Only what a page asks for is read. Nothing here touches the log, and nothing here computes a figure. What is frozen is cached as it is
(`cache_resource`): copying a few thousand figures for every click costs more than reading them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from audits.slices import Slice
from audits.window import EPOCH
from connectors.config import Config, load
from connectors.errors import CandorError
from connectors.published import Published, folder_of, open_published
from dashboard import strings
from dashboard.destination import attribute_of, window_key
from reports.attention import BAD, IMMATURE, Attention, Note, urgency
from reports.attention import notes as worth_knowing
from reports.figure import Figure
from reports.strings import CANNOT_TELL

Row = dict[str, Any]

COLUMNS = (
    'position, name, unit, version, slice, reference_slice, attribute, "column", window_start, window_end, first_row, last_row, partial, '
    "whole, value, low, high, n, method, p_value, q_value, people, people_low, people_high, threshold_min, "
    "threshold_max, severity, rationale, threshold_source, threshold_since, threshold_until, verdict, reason"
)
AT = "coalesce(epoch_ms(window_start), first_row)"

KEY = "n := name, v := coalesce(version, ''), s := slice, a := coalesce(attribute, ''), c := coalesce(\"column\", '')"


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
    "findings": {"run", "model", "position", "tables"} | {name.strip(' "') for name in COLUMNS.split(",")},
    "errors": {"run", "model", "name", "reason", "error"},
    "ledger": {"batch", "model", "source", "path", "kind", "received", "accepted", "duplicate", "quarantined", "outcomes", "committed"},
    "quarantine": {"batch", "model", "source", "path", "line", "column", "reason", "row"},
    "quarantine_reasons": {"model", "source", "reason", "column", "rows"},
}
"""The tables and columns that pages read; another version of Candor may publish others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One window of a run, as it stands in links and in menus."""

    key: str
    start: dt.datetime | None
    end: dt.datetime | None
    first_row: int | None
    last_row: int | None
    partial: bool


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


@st.cache_data(show_spinner=False, max_entries=64)
def runs(snapshot: Snapshot) -> tuple[Row, ...]:
    """Every run in the snapshot, newest first; none when rows were taken in but nothing was audited."""
    if "runs" not in _opened(snapshot.path, snapshot.config).names():
        return ()
    return tuple(read(snapshot, "select run, created, code_revision, policy, data, bins from runs order by created desc, run desc"))


@st.cache_resource(show_spinner=False, max_entries=64)
def models(snapshot: Snapshot, run: str) -> tuple[Model, ...]:
    """The models that `run` audited, by name."""
    columns = ", ".join(name if name != "window" else '"window"' for name in Model.__dataclass_fields__)
    rows = read(snapshot, f"select {columns} from models where run = ? order by model", [run])
    return tuple(Model(**row | {"attributes": tuple(json.loads(row["attributes"] or "[]"))}) for row in rows)


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
    what = COLUMNS + (", tables" if tables else "")
    rows = read(snapshot, f"select {what} from findings where {' and '.join(wheres)} order by position, {AT}", values)
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


@st.cache_data(show_spinner=False, max_entries=64)
def policy_changes(snapshot: Snapshot, model: str) -> tuple[Row, ...]:
    """What a model's policy said otherwise than before, newest first; none where no snapshot of it was kept."""
    if "policy_changes" not in _opened(snapshot.path, snapshot.config).names():
        return ()
    sql = 'select run, "at", name, field, before, after, since from policy_changes where model = ? order by "at" desc, name, since, field'
    return tuple(read(snapshot, sql, [model]))


@st.cache_resource(show_spinner=False, max_entries=64)
def thresholds(snapshot: Snapshot, run: str, model: str) -> tuple[Figure, ...]:
    """One judged figure for each threshold in force."""
    sql = f"""select {COLUMNS} from findings where run = ? and model = ? and (threshold_min is not null or threshold_max is not null)
              qualify row_number() over (partition by name, threshold_min, threshold_max, threshold_since order by position) = 1
              order by name, threshold_since"""
    return tuple(Figure.of(row | {"model": model}) for row in read(snapshot, sql, [run, model]))


@st.cache_resource(show_spinner=False, max_entries=64)
def notes(snapshot: Snapshot, run: str, model: str) -> tuple[Note, ...]:
    """What no policy judges and a reader should still know: weak spots, estimates withheld, selective outcomes, Simpson's paradox."""
    sql = f"""select {COLUMNS}, tables from findings where run = ? and model = ? and whole and version is null
              and (starts_with(name, 'weak_spot') or name in ('label_selectivity', 'cochran_mantel_haenszel')
                   or (value is null and starts_with(reason, ?))) order by position"""
    return tuple(worth_knowing(Figure.of(row | {"model": model}) for row in read(snapshot, sql, [run, model, CANNOT_TELL])))


@st.cache_resource(show_spinner=False, max_entries=256)
def attention(snapshot: Snapshot, run: str, model: str) -> tuple[Attention, ...]:
    """What needs attention, worst first: one entry for each measure of each slice, column and version.

    The same as `reports.attention.attention`, in SQL, because a run may hold a hundred thousand figures of which few need attention.
    Too little data is not listed (`counts` says how often that is so).
    """
    sql = f"""
    with mine as (select {COLUMNS}, {AT} as place, list_contains(?, verdict) as bad, struct_pack({KEY}) as key
                  from findings where run = ? and model = ? and verdict is not null),
    steps as (select name, key, place, bad, window_start is not null as clock from mine
              where not whole and not partial and verdict <> 'insufficient'
                and not contains(coalesce(reason, ''), ?)),
    newest as (select name, max(place) as newest from steps group by name),
    calm as (select key, max(place) filter (where not bad) as last_calm, max(place) as latest from steps group by key),
    spell as (select steps.key, min(steps.place) as since, count(*) as windows, bool_or(clock) as clock
              from steps join calm using (key) join newest using (name)
              where steps.bad and steps.place > coalesce(calm.last_calm, -1) and calm.latest = newest.newest group by steps.key),
    shown as (select mine.* from mine left join newest using (name) left join spell using (key)
              where mine.bad and (mine.whole or (spell.key is not null and mine.place = newest.newest and not mine.partial)))
    select shown.* exclude (key, place, bad), spell.since, spell.clock, coalesce(spell.windows, 0) as windows
    from shown left join spell using (key)
    qualify row_number() over (partition by shown.key order by list_position(?, verdict), whole desc) = 1
    """
    rows = read(snapshot, sql, [list(BAD), run, model, IMMATURE, list(BAD)])
    found = []
    for row in rows:
        since, windows, clock = row.pop("since"), row.pop("windows"), row.pop("clock")
        figure = Figure.of(row | {"model": model})
        start = None if since is None else EPOCH + dt.timedelta(milliseconds=since) if clock else since
        found.append(Attention(figure=figure, since=start, windows=windows))
    return tuple(sorted(found, key=lambda each: urgency(each.figure)))


def grouped(items: Sequence[Attention]) -> tuple[tuple[Attention, int], ...]:
    """One entry for each measure, attribute and column, the worst one, with how many more groups and versions it stands for."""
    found: dict[tuple[str, str | None, str | None], list[Attention]] = {}
    for item in items:
        found.setdefault((item.figure.name, item.figure.attribute, item.figure.column), []).append(item)
    return tuple((each[0], len(each) - 1) for each in found.values())


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
    """The model versions that a run tells apart."""
    sql = "select distinct version from findings where run = ? and model = ? and version is not null order by 1"
    return tuple(row["version"] for row in read(snapshot, sql, [run, model]))


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


@st.cache_resource(show_spinner=False, max_entries=512, hash_funcs={Figure: lambda figure: repr(figure)})
def history(snapshot: Snapshot, run: str, figure: Figure) -> tuple[Figure, ...]:
    """The same measure of the same slice, column and version in every window, oldest first."""
    same = (
        'name = ? and slice = ? and attribute is not distinct from ? and "column" is not distinct from ? and version is not distinct from ?'
    )
    rows = read(
        snapshot,
        f"select {COLUMNS} from findings where run = ? and model = ? and not whole and {same} order by {AT}",
        [run, figure.model, figure.name, Slice.of(dict(figure.slice)).to_json(), figure.attribute, figure.column, figure.version],
    )
    return tuple(Figure.of(row | {"model": figure.model}) for row in rows)
