"""Who sent what: one narrow row a prediction with its client, and the tables that signs of attacks are read from.

All rows are read, and only counts come back: groups are made in the engine. A step leads from one row of a client to its next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import ibis
import ibis.expr.types as ir

from audits.bins import Bins
from audits.scan.log import PARTITION, TIME, Log, double, groupings, halving, label, level

ROW = "candor:row"
HOUR_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How one input is read: in a few stretches or levels, each with how rare it was in the reference.

    Parameters
    ----------
    knots
        Of a numeric input: where its stretches begin, but for the first; None of one that is read as text.
    levels
        Of any other: the levels that are told apart; the rest is one more.
    rarity
        -log of the reference's share of each stretch or level, the rest last; `missing` that of having none.
    place
        The coarse cell that each of them belongs to; missing values are in a cell of their own, after the last.
    deviation
        Of the reference, to measure steps by.
    """

    name: str
    knots: tuple[float, ...] | None = None
    levels: tuple[str, ...] = ()
    rarity: tuple[float, ...]
    missing: float
    place: tuple[int, ...]
    deviation: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Partitions of the reference, its earlier part, and all that are read."""

    every: Sequence[int]
    reference: Sequence[int]
    earlier: Sequence[int]


def requests(log: Log, bins: Bins, readings: Sequence[Reading], sides: Sides, *, client: str | None) -> ir.Table:
    """One row a prediction: client, time, groups, how rare its inputs are, and how far it is from the client's row before.

    `client` is the column that names who asked; None takes everybody for one.

    `changed` counts the inputs that differ from the row before, `step` is their mean difference in deviations of the reference, at most 1
    each; `irregular` is the local variation of the last two gaps. All three are null where there is no row before.
    """
    base = _base(log, bins, readings, sides, client=client)
    before = ibis.window(group_by=["client", "version"], order_by=["at", "row"])
    some = base["partition"].lag().over(before).notnull()
    changed, step = _moved(base, readings, before)
    gap, last = base["at"] - base["at"].lag().over(before), base["at"].lag().over(before) - base["at"].lag(2).over(before)
    off = (gap - last) / (gap + last)
    kept = {name: base[name] for name in base.columns if not name.startswith("x")}
    return base.select(
        **kept,
        changed=ibis.ifelse(some, changed, ibis.null("int64")),
        step=ibis.ifelse(some, step, ibis.null("float64")),
        irregular=ibis.ifelse(gap + last > double(0), double(3) * off * off, ibis.null("float64")),
    )


def near_requests(log: Log, bins: Bins, readings: Sequence[Reading], sides: Sides, *, client: str | None,
                  cuts: Sequence[tuple[str, float]], cut: float, band: float) -> ir.Table:  # fmt: skip
    """The predictions whose score lies within `band` of the cut-off, each with its step from the client's one before among them.

    `cuts` are the scores at which the decision turns by version, `cut` that of any other version.
    """
    rows = log.within(sides.every)
    distance = (rows[log.model.columns.score].cast("float64") - _line(log, rows, cuts, cut)).abs()
    near = _base(replace(log, predictions=rows.filter(distance <= double(band))), bins, readings, sides, client=client)
    before = ibis.window(group_by=["client", "version"], order_by=["at", "row"])
    step = _moved(near, readings, before)[1]
    some = near["partition"].lag().over(before).notnull()
    kept = {name: near[name] for name in near.columns if not name.startswith("x")}
    return near.select(**kept, step=ibis.ifelse(some, step, ibis.null("float64")))


def _base(log: Log, bins: Bins, readings: Sequence[Reading], sides: Sides, *, client: str | None) -> ir.Table:
    model, rows = log.model, log.within(sides.every)
    scoped = replace(log, predictions=rows)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in bins.attributes}
    version = label(rows[model.columns.version]) if log.has(model.columns.version) else ibis.literal("")
    at = rows[TIME].cast("timestamp").epoch_seconds().cast("float64") if model.columns.time is not None else ibis.null("float64")
    picked: dict[str, ir.Value] = {
        "partition": rows[PARTITION], "row": rows[ROW], "at": at, "version": version.fill_null(""),
        "reference": rows[PARTITION].isin(list(sides.reference)),
        "earlier": rows[PARTITION].isin(list(sides.earlier)) if sides.earlier else (rows[ROW] % 2 == 0),
        "client": ibis.literal("") if client is None else label(rows[client]),
    }  # fmt: skip
    for index, grouping in enumerate(groupings(log)):
        picked[f"level{index}"] = level(scoped, grouping, vocabularies.get(grouping.column))
    values = {f"x{index}": _value(rows, each) for index, each in enumerate(readings)}
    picked |= values
    if values:
        picked["vector"] = ibis.struct(dict(values)).hash()
        picked["rarity"] = reduce(lambda a, b: a + b, (_rarity(value, each) for value, each in zip(values.values(), readings, strict=True)))
        picked["cell"] = _cell(list(values.values()), readings)
    return rows.select(**picked)


def _line(log: Log, rows: ir.Table, cuts: Sequence[tuple[str, float]], cut: float) -> ir.FloatingValue:
    """The cut-off of each row's version."""
    if not cuts or not log.has(log.model.columns.version):
        return double(cut)
    version = label(rows[log.model.columns.version])
    return ibis.cases(*((version == name, double(value)) for name, value in cuts), else_=double(cut))


def _value(rows: ir.Table, reading: Reading) -> ir.Value:
    column = rows[reading.name]
    return label(column) if reading.knots is None else column.cast("float64")


def _rarity(value: ir.Value, reading: Reading) -> ir.FloatingValue:
    return _told(value, reading, [double(each) for each in reading.rarity], double(reading.missing))


def _cell(values: Sequence[ir.Value], readings: Sequence[Reading]) -> ir.IntegerValue:
    """The coarse cell of all inputs together, as a number in a mixed base."""
    parts: list[ir.IntegerValue] = []
    base = 1
    for value, reading in zip(values, readings, strict=True):
        size = max(reading.place) + 2
        if base * size > 2**62:
            break
        if size > 2:
            *places, missing = (ibis.literal(base * each, "int64") for each in (*reading.place, size - 1))
            parts.append(_told(value, reading, places, missing))
            base *= size
    return reduce(lambda a, b: a + b, parts) if parts else ibis.literal(0, "int64")


def _told(value: ir.Value, reading: Reading, parts: Sequence[ir.Value], missing: ir.Value) -> ir.Value:
    if reading.knots is not None:
        return ibis.ifelse(value.isnull(), missing, halving(value, reading.knots, parts))
    cases = [(value == name, part) for name, part in zip(reading.levels, parts, strict=False)]
    return ibis.cases((value.isnull(), missing), *cases, else_=parts[-1])


def _moved(base: ir.Table, readings: Sequence[Reading], before: ir.WindowBuilder) -> tuple[ir.IntegerValue, ir.FloatingValue]:
    """How many inputs differ from the row before, and by how much on average."""
    if not readings:
        return ibis.null("int64"), ibis.null("float64")
    differ, sizes = [], []
    for index, reading in enumerate(readings):
        now, then = base[f"x{index}"], base[f"x{index}"].lag().over(before)
        same = now.identical_to(then)
        differ.append(ibis.ifelse(same, ibis.literal(0, "int64"), ibis.literal(1, "int64")))
        if reading.knots is None:
            sizes.append(ibis.ifelse(same, double(0), double(1)))
            continue
        size = (now - then).abs() / double(reading.deviation)
        whole = ibis.ifelse(now.isnull() | then.isnull() | (size > double(1)), double(1), size)
        sizes.append(ibis.ifelse(same, double(0), whole))
    return reduce(lambda a, b: a + b, differ), reduce(lambda a, b: a + b, sizes) / double(len(readings))


def profiles(found: ir.Table, keys: Sequence[str], *, least: int) -> ir.Table:
    """By client and the given keys: rows, sums and distinct inputs; groups of fewer than `least` rows are left out."""
    rows = found.filter(found["client"].notnull())
    sums: dict[str, ir.Value] = {
        "n": rows.count(), "buckets": rows["partition"].nunique(), "first": rows["at"].min(), "last": rows["at"].max(),
        "pairs": rows["changed"].count(), "single": (rows["changed"] == 1).cast("int64").sum().fill_null(0),
        "gaps": rows["irregular"].count(), "irregular": rows["irregular"].sum().fill_null(0.0),
    }  # fmt: skip
    if "vector" in rows.columns:
        sums |= {"rarity": rows["rarity"].sum(), "cells": rows["cell"].nunique(), "vectors": rows["vector"].nunique()}
    grouped = rows.group_by(["client", *keys]).aggregate(**sums)
    return grouped.filter(grouped["n"] >= least)


def busiest(found: ir.Table) -> ir.Table:
    """By client and side: the most rows in one bucket."""
    rows = found.filter(found["client"].notnull())
    daily = rows.group_by(["client", "reference", "partition"]).aggregate(n=rows.count())
    return daily.group_by(["client", "reference"]).aggregate(most=daily["n"].max())


def rarities(found: ir.Table) -> ir.Table:
    """One row about the reference: rows, mean and deviation of how rare inputs are."""
    rows = found.filter(found["reference"])
    return rows.aggregate(n=rows.count(), mean=rows["rarity"].mean(), deviation=rows["rarity"].std(how="pop"))


def small_step(found: ir.Table, share: float) -> ir.Table:
    """One row about the reference: the step that this share of its steps, exact repeats left out, is below, and how many there are."""
    rows = found.filter(found["reference"] & (found["step"] > double(0)))
    return rows.aggregate(n=rows.count(), step=rows["step"].quantile(share))


def band(log: Log, sides: Sides, *, cuts: Sequence[tuple[str, float]], cut: float, share: float) -> ir.Table:
    """One row about the reference: within how far of the cut-off this share of its scores lies."""
    rows = log.within(sides.reference)
    score, line = rows[log.model.columns.score].cast("float64"), _line(log, rows, cuts, cut)
    return rows.select(distance=(score - line).abs()).aggregate(band=ibis._["distance"].quantile(share))


def cell_sizes(found: ir.Table) -> ir.Table:
    """Of the reference's coarse cells: how many hold how many rows."""
    rows = found.filter(found["reference"])
    cells = rows.group_by("cell").aggregate(n=rows.count())
    return cells.group_by("n").aggregate(cells=cells.count())


def probes_by(near: ir.Table, step: float, keys: Sequence[str]) -> ir.Table:
    """By client and the given keys: rows near the cut-off, and those a small step from the client's one before."""
    rows = near.filter(near["client"].notnull())
    small = (rows["step"] > double(0)) & (rows["step"] <= double(step))
    return rows.group_by(["client", *keys]).aggregate(near=rows.count(), probes=small.cast("int64").sum().fill_null(0))


def repeats(found: ir.Table) -> ir.Table:
    """By exact inputs: rows of the reference's two parts and of the rest."""
    held = found["reference"]
    rows = found.mutate(
        earlier_n=(held & found["earlier"]).cast("int64"), later_n=(held & ~found["earlier"]).cast("int64"), now_n=(~held).cast("int64"),
    )  # fmt: skip
    return rows.group_by("vector").aggregate(
        earlier=rows["earlier_n"].sum(), later=rows["later_n"].sum(), now=rows["now_n"].sum(),
    )  # fmt: skip


def repeat_sizes(repeated: ir.Table) -> ir.Table:
    """How many inputs come how often: the reference's two parts against each other."""
    return repeated.group_by(["earlier", "later"]).aggregate(inputs=repeated.count())


def clusters(repeated: ir.Table, *, most: int, least: int) -> ir.Table:
    """The inputs that came most often outside the reference, at least `least` times; at most `most` of them."""
    often = repeated.filter(repeated["now"] >= least)
    return often.order_by([ibis.desc("now"), "vector"]).limit(most)


def hourly(found: ir.Table) -> ir.Table:
    """By client and hour: rows, and on which side."""
    rows = found.filter(found["client"].notnull() & found["at"].notnull())
    hour = (rows["at"] / double(HOUR_SECONDS)).floor().cast("int64")
    early = rows["reference"] & rows["earlier"]
    return rows.group_by(client=rows["client"], hour=hour, reference=rows["reference"], earlier=early).aggregate(n=rows.count())


def peaks(hours: ir.Table) -> ir.Table:
    """By client: the most rows in an hour of the reference's earlier part, of its later one, and of the rest; how many hours had rows."""
    later = hours["reference"] & ~hours["earlier"]
    none = ibis.literal(0, "int64")
    return hours.group_by("client").aggregate(
        earlier=ibis.ifelse(hours["earlier"], hours["n"], none).max(), later=ibis.ifelse(later, hours["n"], none).max(),
        now=ibis.ifelse(hours["reference"], none, hours["n"]).max(), hours=(~hours["reference"]).cast("int64").sum(),
    )  # fmt: skip


def counted(rows: ir.Table, keys: Sequence[str], levels: int) -> ir.Table:
    """Rows by partition, all groupings, and the given keys."""
    return rows.group_by(["partition", *keys, *(f"level{index}" for index in range(levels))]).aggregate(n=rows.count())


def in_hours(found: ir.Table, hours: Sequence[int]) -> ir.Table:
    """The rows of these hours, each with its hour."""
    told = found.filter(found["at"].notnull())
    told = told.mutate(hour=(told["at"] / double(HOUR_SECONDS)).floor().cast("int64"))
    return told.filter(told["hour"].isin(list(hours)))


def examples(log: Log, bins: Bins, readings: Sequence[Reading], sides: Sides, *, client: str | None, vectors: Sequence[int]) -> ir.Table:
    """Of some inputs: their values, how many clients sent them, the most frequent of those, and when."""
    base = _base(log, bins, readings, sides, client=client)
    rows = base.filter(~base["reference"] & base["vector"].isin(list(vectors)))
    values = {f"x{index}": rows[f"x{index}"].max() for index in range(len(readings))}
    return rows.group_by("vector").aggregate(
        clients=rows["client"].nunique(), client=rows["client"].mode(), first=rows["at"].min(), last=rows["at"].max(), **values,
    )  # fmt: skip
