"""A log on some engine, and what its columns mean: values as flags, levels, bins and units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from audits.bins import CategoricalBins, NumericBins
from audits.slices import OTHER as OTHER_LEVEL
from audits.slices import UNKNOWN
from connectors.config import ModelConfig, Protected, Value

PARTITION, KEY, NONFINITE, TIME = "candor:partition", "candor:key", "candor:nonfinite", "candor:time"


@dataclass(frozen=True, kw_only=True)
class Log:
    """One model's log on some engine: its two tables and what their columns mean."""

    predictions: ir.Table
    outcomes: ir.Table | None
    model: ModelConfig

    def has(self, column: str | None) -> bool:
        """Whether the predictions have this column."""
        return column is not None and column in self.predictions.columns

    def within(self, partitions: Sequence[int] | None) -> ir.Table:
        """The predictions of these partitions, or all of them."""
        if partitions is None:
            return self.predictions
        code = self.predictions[PARTITION]
        low, high = min(partitions), max(partitions)
        if high - low + 1 == len(partitions):
            return self.predictions.filter(code.between(low, high))
        return self.predictions.filter(code.isin(list(partitions)))


def double(value: float) -> ir.FloatingScalar:
    """A literal that is exactly this DOUBLE: a bare one would be read as a DECIMAL, slower and off in the last digit."""
    return ibis.literal(repr(float(value))).cast("float64")


def equals(column: ir.Value, value: Value) -> ir.BooleanValue:
    """Whether a logged value is this one, whatever type the file gave it: 1, 1.0, true and "1" are the same."""
    kind = column.type()
    text = str(value).strip()
    if kind.is_boolean():
        return column == (text.lower() in ("1", "1.0", "true"))
    if kind.is_numeric():
        number = {"true": 1.0, "false": 0.0}.get(text.lower())
        try:
            return column.cast("float64") == double(float(text) if number is None else number)
        except ValueError:
            return ibis.literal(False)
    if isinstance(value, bool):
        return column.lower() == text.lower()
    return column == text


def flag(column: ir.Value, value: Value) -> ir.IntegerValue:
    return equals(column, value).cast("int8")


def label(column: ir.Value) -> ir.StringValue:
    """A value as the text of a level: whole numbers without a decimal point."""
    kind = column.type()
    if kind.is_floating():
        whole = column % double(1) == double(0)  # not floor(), which becomes a whole number and overflows
        return ibis.ifelse(whole & (column.abs() < 1_000_000_000_000_000), column.cast("int64").cast("string"), column.cast("string"))
    return column.cast("string")


def edge_labels(edges: Sequence[float]) -> tuple[str, ...]:
    """Names of the groups that edges make.

    >>> edge_labels([25, 46])
    ('<25', '25-45', '46+')
    >>> edge_labels([0.5, 1])
    ('<0.5', '0.5 to <1', '1+')
    """
    whole = all(float(edge).is_integer() for edge in edges)
    text = [f"{edge:g}" if not float(edge).is_integer() else str(int(edge)) for edge in edges]
    middle = [f"{a}-{int(high) - 1}" if whole and int(high) - 1 > int(low) else (a if whole else f"{a} to <{b}")
              for (a, b), (low, high) in zip(pairwise(text), pairwise(edges), strict=True)]  # fmt: skip
    return (f"<{text[0]}", *middle, f"{text[-1]}+")


def level(log: Log, attribute: Protected, vocabulary: CategoricalBins | None) -> ir.StringValue:
    """The level of an attribute: unknown values under one name, levels beyond the vocabulary under another."""
    column = log.predictions[attribute.column]
    if attribute.edges is not None:
        number = column if column.type().is_numeric() else column.try_cast("float64")
        names = edge_labels(attribute.edges)
        cases = [(number < double(edge), name) for edge, name in zip(attribute.edges, names, strict=False)]
        return ibis.cases((number.isnull(), UNKNOWN), *cases, else_=names[-1])
    text = label(column)
    known = ibis.ifelse(text.isnull() | text.isin([*log.model.unknown, UNKNOWN]), UNKNOWN, text)
    if vocabulary is not None:
        known = ibis.ifelse(known.isin([*vocabulary.levels, UNKNOWN]), known, OTHER_LEVEL)
    return known


def bin_of(column: ir.Value, grid: NumericBins) -> ir.IntegerValue:
    """The bin of a numeric value; of a missing one 0, so whoever groups by it counts values apart from rows.

    The stretch between two knots is found by halving them, and the even cell within it by arithmetic.
    """
    x = column.cast("float64")
    parts = [double(0)]
    for knot, cells, density, first in zip(grid.knots, grid.cells, grid.densities, grid.first, strict=False):
        parts.append(double(first) if cells == 1 else (x - double(knot)) * double(density) + double(first))
    return halving(x, grid.knots, [*parts, double(grid.size - 1)]).floor().cast("int16")


def halving(x: ir.FloatingValue, knots: Sequence[float], parts: Sequence[ir.FloatingValue]) -> ir.FloatingValue:
    """parts[i] where i knots are at or below x."""
    if not knots:
        return parts[0]
    middle = len(knots) // 2
    high = halving(x, knots[middle + 1 :], parts[middle + 1 :])
    return ibis.ifelse(x >= double(knots[middle]), high, halving(x, knots[:middle], parts[: middle + 1]))


def groupings(log: Log) -> tuple[Protected, ...]:
    """Protected attributes, then segments, that the log has: the columns `level0`, `level1`, ... of the facts."""
    segments = tuple(Protected(column=name) for name in log.model.segments)
    known = (grouping for grouping in log.model.protected if grouping.probabilities is None)
    return tuple(grouping for grouping in (*known, *segments) if log.has(grouping.column))


def families(log: Log) -> list[tuple[int, ...]]:
    """Which groupings are tallied together: the cross of all protected attributes, then each segment with each of them."""
    names = groupings(log)
    protected = [i for i, grouping in enumerate(names) if grouping in log.model.protected]
    segments = [i for i in range(len(names)) if i not in protected]
    crossed: list[tuple[int, ...]] = [(attribute, segment) for segment in segments for attribute in protected]
    return [tuple(protected), *(crossed or [(segment,) for segment in segments])]


def joined(parts: Sequence[ir.Table]) -> ir.Table:
    """All parts in one table, joined in pairs: a chain as long as the log has columns is slow to compile."""
    middle = len(parts) // 2
    return parts[0] if len(parts) == 1 else joined(parts[:middle]).union(joined(parts[middle:]))
