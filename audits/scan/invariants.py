"""Declared invariants as expressions, and the table that counts how often each is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import ibis
import ibis.expr.types as ir

from audits.bins import Bins
from audits.scan.log import PARTITION, Log, double, groupings, level
from connectors.invariant_grammar import Column, Condition, Joined, Missing, Not, OneOf

ROWS, PART = "rows", "partition"


def holds(rows: ir.Table, condition: Condition) -> ir.BooleanValue:
    """Whether a condition holds of a row; null where a value that it takes is missing, as in SQL."""
    if isinstance(condition, Joined):
        parts = [holds(rows, part) for part in condition.parts]
        return reduce((lambda a, b: a & b) if condition.how == "and" else (lambda a, b: a | b), parts)
    if isinstance(condition, Not):
        return ~holds(rows, condition.part)
    column = rows[condition.column.name]
    if isinstance(condition, Missing):
        return column.isnull()
    if isinstance(condition, OneOf):
        return reduce(lambda a, b: a | b, (_compared(column, "=", value) for value in condition.values))
    if isinstance(condition.value, Column):
        other = rows[condition.value.name]
        if column.type().is_numeric():
            column, other = column.cast("float64"), other.cast("float64")
        return _related(column, condition.operator, other)
    return _compared(column, condition.operator, condition.value)


def _compared(column: ir.Value, operator: str, value: float | str | bool) -> ir.BooleanValue:
    """A column held against a literal of its own kind: numbers written in a text are read as numbers."""
    if isinstance(value, bool) or column.type().is_boolean():
        return _related(column, operator, ibis.literal(bool(value)))
    if isinstance(value, str):
        literal = ibis.literal(value)
        return _related(column, operator, literal.cast("timestamp") if column.type().is_timestamp() else literal)
    number = column.cast("float64") if column.type().is_numeric() else column.try_cast("float64")
    return _related(number, operator, double(value))


def _related(left: ir.Value, operator: str, right: ir.Value) -> ir.BooleanValue:
    found: dict[str, ir.BooleanValue] = {
        "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "=": left == right, "!=": left != right,
    }  # fmt: skip
    return found[operator]


def violations_table(log: Log, bins: Bins, conditions: Sequence[Condition], partitions: Sequence[int] | None) -> ir.Table:
    """Partition x levels of all groupings: `rows`, and how often each condition holds (`broken0`, ...) and could be told (`told0`, ...)."""
    rows = log.within(partitions)
    scoped = replace(log, predictions=rows)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in bins.attributes}
    picked: dict[str, ir.Value] = {PART: rows[PARTITION]}
    for index, grouping in enumerate(groupings(log)):
        picked[f"level{index}"] = level(scoped, grouping, vocabularies.get(grouping.column))
    keys = list(picked)
    for index, condition in enumerate(conditions):
        picked[f"held{index}"] = holds(rows, condition).cast("int8")
    facts = rows.select(**picked)
    sums: dict[str, ir.Value] = {ROWS: facts.count()}
    for index in range(len(conditions)):
        held = facts[f"held{index}"]
        sums |= {f"broken{index}": held.sum().fill_null(0), f"told{index}": held.count()}
    return facts.group_by(keys).aggregate(**sums)


def violations_by(counted: ir.Table, levels: Sequence[int], conditions: int) -> ir.Table:
    """The same table by partition and some of the groupings only."""
    names = [ROWS, *(f"{name}{index}" for index in range(conditions) for name in ("broken", "told"))]
    return counted.group_by([PART, *(f"level{index}" for index in levels)]).aggregate(**{name: counted[name].sum() for name in names})
