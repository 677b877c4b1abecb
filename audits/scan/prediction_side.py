"""The prediction side of the scan: every binned column, and what freezing bins asks of the reference."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from audits.bins import CATEGORIES, OTHER, UNSEEN, Bins, CategoricalBins, NumericBins
from audits.scan.log import NONFINITE, PARTITION, Log, bin_of, double, joined, label

LISTED = 2 * CATEGORIES
"""Levels of a categorical column listed per partition before the rest is counted together."""


def numeric_table(log: Log, bins: Bins, partitions: Sequence[int] | None) -> ir.Table | None:
    """Numeric column x bin: rows, n of them with a value, and the sum of the values."""
    rows, parts = log.within(partitions), []
    for index, grid in enumerate(bins.columns):
        if isinstance(grid, NumericBins) and log.has(grid.name):
            value = rows[grid.name]
            part = rows.group_by(partition=rows[PARTITION], bin=bin_of(value, grid)).aggregate(
                rows=rows.count(), n=value.count(), total=value.cast("float64").sum()
            )
            parts.append(part.mutate(column=ibis.literal(index, type="int16")))
    return joined(parts) if parts else None


def categorical_table(log: Log, bins: Bins, partitions: Sequence[int] | None) -> ir.Table | None:
    """Categorical column x level: n. Levels beyond the `LISTED` most frequent of a partition come together as null bins."""
    rows, parts = log.within(partitions), []
    for index, vocabulary in enumerate(bins.columns):
        if isinstance(vocabulary, CategoricalBins) and log.has(vocabulary.name):
            counted = rows.group_by(partition=rows[PARTITION], level=label(rows[vocabulary.name])).aggregate(n=rows.count())
            frozen = counted["level"].isin(list(vocabulary.levels)) if vocabulary.levels else ibis.literal(False)
            first = (counted["level"].isnull() | frozen).cast("int8")
            order = ibis.window(group_by="partition", order_by=[first.desc(), counted["n"].desc(), counted["level"]])
            ranked = counted.mutate(listed=ibis.row_number().over(order) < LISTED + len(vocabulary.levels))
            rest = UNSEEN if vocabulary.complete else OTHER
            kept = ranked.group_by(
                partition=ranked["partition"],
                level=ibis.ifelse(ranked["listed"], ranked["level"], ibis.null("string")),
                rest=ibis.ifelse(ranked["listed"], ibis.literal(0, type="int8"), ibis.literal(rest, type="int8")),
            ).aggregate(n=ranked["n"].sum())
            parts.append(kept.mutate(column=ibis.literal(index, type="int16")))
    return joined(parts) if parts else None


def nonfinite_table(log: Log, partitions: Sequence[int] | None) -> ir.Table:
    """Column x partition: how many values were NaN or infinite and are stored as null."""
    rows = log.within(partitions)
    marked = rows.filter(rows[NONFINITE].notnull())
    named = marked.select(partition=marked[PARTITION], name=marked[NONFINITE].unnest())
    return named.group_by("partition", "name").aggregate(n=named.count())


def moments_table(log: Log, bins: Bins, partitions: Sequence[int] | None) -> ir.Table | None:
    """Numeric column: n, min, max, and sums of the deviation from the reference mean and of its square, one row a partition."""
    rows = log.within(partitions)
    sums: dict[str, ir.Value] = {}
    for index, grid in enumerate(bins.columns):
        if isinstance(grid, NumericBins) and log.has(grid.name):
            value = rows[grid.name].cast("float64")
            off = value - double(grid.mean)
            sums |= {
                f"n{index}": value.count(), f"min{index}": value.min(), f"max{index}": value.max(),
                f"off{index}": off.sum(), f"square{index}": (off * off).sum(),
            }  # fmt: skip
    return rows.group_by(partition=rows[PARTITION]).aggregate(**sums) if sums else None


def numeric_range(rows: ir.Table, column: str) -> ir.Table:
    """One row about a numeric column: n, min and max."""
    value = rows[column].cast("float64")
    return rows.aggregate(n=value.count(), low=value.min(), high=value.max())


def numeric_reference(rows: ir.Table, column: str, steps: int, scale: float) -> ir.Table:
    """One row about a numeric column of the reference: mean and deviation (over `scale`), wholeness, evenly spaced quantiles.

    `scale` keeps squares of very large values from overflowing.
    """
    value = rows[column].cast("float64")
    small = value / double(scale)
    return rows.aggregate(
        mean=small.mean(), deviation=small.std(how="pop"), integers=(value % double(1) == double(0)).all(),
        quantiles=value.quantile([i / steps for i in range(steps + 1)]),
    )  # fmt: skip


def levels_by_count(rows: ir.Table, column: str, limit: int) -> ir.Table:
    """The most frequent levels of a column, most frequent first, ties by name."""
    counted = rows.group_by(value=rows[column]).aggregate(n=rows.count())
    named = counted.filter(counted["value"].notnull()).select(level=label(counted["value"]), n=counted["n"])
    return named.order_by([ibis.desc("n"), "level"]).limit(limit)
