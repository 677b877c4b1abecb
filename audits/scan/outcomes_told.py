"""Outcomes held against what scores led to expect: sums by partition and by who or what they belong to, all rows read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import ibis
import ibis.expr.types as ir

from audits.bins import Bins, NumericBins
from audits.histograms import COARSE
from audits.scan.log import KEY, PARTITION, Log, bin_of, double, flag, groupings, label, level

SUMS = ("n", "y", "p", "v", "c", "q")


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rows that belong to a campaign: a level of a column in a range of partitions."""

    column: str
    level: str
    partitions: Sequence[int]


def told(log: Log, bins: Bins, partitions: Sequence[int], *, client: str | None) -> ir.Table:
    """One row a labelled prediction: its groups and client, the bin of its score, and whether its outcome was favorable.

    Without a numeric score the bin is the decision: 1 favorable, 0 not, -1 unknown.
    """
    model, rows, known = log.model, log.within(partitions), log.outcomes
    assert known is not None
    assert model.favorable is not None
    scoped = replace(log, predictions=rows)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in bins.attributes}
    picked: dict[str, ir.Value] = {
        "key": rows[KEY], "partition": rows[PARTITION], "client": ibis.null("string") if client is None else label(rows[client]),
    }  # fmt: skip
    for index, grouping in enumerate(groupings(log)):
        picked[f"level{index}"] = level(scoped, grouping, vocabularies.get(grouping.column))
    grid = bins.score_bins
    if isinstance(grid, NumericBins):
        score = rows[grid.name].cast("float64")
        place = (bin_of(score, grid).cast("int32") * COARSE) // grid.size
        picked["bin"] = ibis.ifelse(score.isnull(), ibis.literal(-1, "int32"), place.cast("int32"))
    else:
        picked["bin"] = flag(rows[model.columns.decision], model.favorable).fill_null(-1).cast("int32")
    left = rows.select(**picked)
    right = known.select(outcome_key=known[KEY], favorable=flag(known["outcome"], model.favorable).cast("float64"))
    if left["key"].type() != right["outcome_key"].type():
        left, right = left.mutate(key=left["key"].cast("string")), right.mutate(outcome_key=right["outcome_key"].cast("string"))
    both = left.join(right, left["key"] == right["outcome_key"]).drop("key", "outcome_key")
    return both.filter(both["favorable"].notnull())


def by_bin(rows: ir.Table, partitions: Sequence[int]) -> ir.Table:
    """By bin of the score: labelled rows of these partitions, and how many outcomes were favorable."""
    some = rows.filter(rows["partition"].isin(list(partitions)))
    return some.group_by("bin").aggregate(n=some.count(), favorable=some["favorable"].sum())


def expected(rows: ir.Table, chances: Sequence[tuple[int, float]], other: float) -> ir.Table:
    """The rows with `p`, the chance of a favorable outcome by the bin of the score, and `against`: whether the outcome went against it."""
    chance = ibis.cases(*((rows["bin"] == place, double(value)) for place, value in chances), else_=double(other))
    told = rows.mutate(p=chance)
    likely = (told["p"] >= double(0.5)).cast("float64")
    return told.mutate(against=(told["favorable"] - likely).abs())


def sums_by(rows: ir.Table, keys: Sequence[str], *, least: int = 1) -> ir.Table:
    """By the given keys: n, and sums of outcomes y, chances p, p(1-p) as v, outcomes against the odds c, and the odds against q."""
    p = rows["p"]
    least_likely = ibis.ifelse(p < double(0.5), p, double(1) - p)
    found = rows.group_by(list(keys)).aggregate(
        n=rows.count(), y=rows["favorable"].sum(), p=p.sum(), v=(p * (double(1) - p)).sum(), c=rows["against"].sum(), q=least_likely.sum(),
    )  # fmt: skip
    return found if least <= 1 else found.filter(found["n"] >= least)


def of_clients(rows: ir.Table, least: int) -> ir.Table:
    """The rows of clients that have at least so many of them."""
    named = rows.filter(rows["client"].notnull())
    counts = named.group_by("client").aggregate(size=named.count())
    kept = counts.filter(counts["size"] >= least).select(kept=counts["client"])
    return named.join(kept, named["client"] == kept["kept"]).drop("kept")


def within(rows: ir.Table, part: Part) -> ir.Table:
    """The rows of a campaign."""
    return rows.filter(_inside(rows, part))


def beyond(rows: ir.Table, parts: Sequence[Part]) -> ir.Table:
    """The rows that are of none of these campaigns."""
    return rows.filter(~reduce(lambda a, b: a | b, (_inside(rows, part) for part in parts))) if parts else rows


def _inside(rows: ir.Table, part: Part) -> ir.BooleanValue:
    return (rows[part.column] == part.level).fill_null(False) & rows["partition"].isin(list(part.partitions))


def marked(rows: ir.Table, part: Part, *, favorable: bool | None, levels: int) -> ir.Table:
    """By partition and all groupings: rows of a campaign that were reported one way; None for those that went against the odds."""
    some = within(rows, part)
    hit = some["against"] == double(1) if favorable is None else some["favorable"] == double(1.0 if favorable else 0.0)
    some = some.filter(hit)
    return some.group_by(["partition", *(f"level{index}" for index in range(levels))]).aggregate(n=some.count())
