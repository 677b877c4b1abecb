"""What a run says about thresholds: which are in force, what is outside them, and what no threshold judges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from audits.window import EPOCH
from dashboard.snapshot import FINDING_COLUMNS, PLACE, Snapshot, read
from reports.attention import BAD, IMMATURE, Attention, Note, urgency
from reports.attention import notes as worth_knowing
from reports.figure import Figure
from reports.strings import CANNOT_TELL

KEY = "n := name, v := coalesce(version, ''), s := slice, a := coalesce(attribute, ''), c := coalesce(\"column\", '')"


@st.cache_resource(show_spinner=False, max_entries=64)
def thresholds(snapshot: Snapshot, run: str, model: str) -> tuple[Figure, ...]:
    """One judged figure for each threshold in force."""
    sql = f"""select {FINDING_COLUMNS} from findings where run = ? and model = ?
              and (threshold_min is not null or threshold_max is not null)
              qualify row_number() over (partition by name, threshold_min, threshold_max, threshold_since order by position) = 1
              order by name, threshold_since"""
    return tuple(Figure.of(row | {"model": model}) for row in read(snapshot, sql, [run, model]))


@st.cache_resource(show_spinner=False, max_entries=64)
def notes(snapshot: Snapshot, run: str, model: str) -> tuple[Note, ...]:
    """What no policy judges and a reader should still know: weak spots, estimates withheld, selective outcomes, Simpson's paradox."""
    sql = f"""select {FINDING_COLUMNS}, tables from findings where run = ? and model = ? and whole and version is null
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
    with mine as (select {FINDING_COLUMNS}, {PLACE} as place, list_contains(?, verdict) as bad, struct_pack({KEY}) as key
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
