"""The one scan: what is read from a log, as Ibis expressions that run unchanged on DuckDB and on Spark.

Nothing here divides: every table holds counts and sums, one partition at a time, so that tallies merge by adding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from audits.bins import CATEGORIES, OTHER, UNSEEN, Bins, CategoricalBins, NumericBins
from audits.slices import OTHER as OTHER_LEVEL
from audits.slices import UNKNOWN
from connectors.config import ModelConfig, Protected, Value

PARTITION, KEY, NONFINITE, TIME = "candor:partition", "candor:key", "candor:nonfinite", "candor:time"
COARSE = 20
"""Score bins of the outcome table; the margin table keeps the score's own grid."""

LISTED = 2 * CATEGORIES
"""Levels of a categorical column listed per partition before the rest is counted together."""

EPSILON = 2.220446049250313e-16
"""Probabilities are kept this far from 0 and 1 in the logarithmic loss, as scikit-learn does."""

SERVICE = ("latency_ms", "cost", "energy_wh")


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
    return _halving(x, grid.knots, [*parts, double(grid.size - 1)]).floor().cast("int16")


def _halving(x: ir.FloatingValue, knots: Sequence[float], parts: Sequence[ir.FloatingValue]) -> ir.FloatingValue:
    """parts[i] where i knots are at or below x."""
    if not knots:
        return parts[0]
    middle = len(knots) // 2
    high = _halving(x, knots[middle + 1 :], parts[middle + 1 :])
    return ibis.ifelse(x >= double(knots[middle]), high, _halving(x, knots[:middle], parts[: middle + 1]))


def facts(log: Log, bins: Bins, partitions: Sequence[int] | None, *, labelled: bool = False) -> ir.Table:
    """One narrow row a prediction: groups, decision, outcome and score, with outcomes joined once for all that need them.

    `decision` and `outcome` are 1 for favorable, 0 for any other value and null where unknown. `labelled` leaves out predictions
    without a known outcome.
    """
    model, columns = log.model, log.model.columns
    rows = log.within(partitions)
    scoped = Log(predictions=rows, outcomes=log.outcomes, model=model)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in bins.attributes}
    picked: dict[str, ir.Value] = {"partition": rows[PARTITION]}
    for index, attribute in enumerate(groupings(log)):
        picked[f"level{index}"] = level(scoped, attribute, vocabularies.get(attribute.column))
    if log.has(columns.decision):
        picked["decision"] = _flag(rows[columns.decision], model.favorable)
    if log.has(columns.score) and bins.score_bins is not None:
        picked["score"] = rows[columns.score].cast("float64")
        score = rows[columns.score]
        picked["score_bin"] = ibis.ifelse(score.isnull(), ibis.null("int16"), bin_of(score, bins.score_bins))
    for name in SERVICE:
        if log.has(getattr(columns, name)):
            picked[name] = rows[getattr(columns, name)].cast("float64")
    if log.outcomes is None:
        return rows.select(**picked)
    known, timed = log.outcomes, columns.outcome_time is not None
    truth = known.select(
        outcome_key=known[KEY], outcome=_flag(known["outcome"], model.favorable), **({"seen": known["outcome_time"]} if timed else {})
    )
    left = rows.select(key=rows[KEY], **({"time": rows[TIME]} if timed else {}), **picked)
    if left["key"].type() != truth["outcome_key"].type():
        left, truth = left.mutate(key=left["key"].cast("string")), truth.mutate(outcome_key=truth["outcome_key"].cast("string"))
    joined = left.join(truth, left["key"] == truth["outcome_key"], how="inner" if labelled else "left")
    if not timed:
        return joined.drop("key", "outcome_key")
    lag = (joined["seen"].epoch_seconds() - joined["time"].epoch_seconds()) // 86400
    return joined.mutate(lag_days=lag.cast("int32")).drop("key", "outcome_key", "seen", "time")


def _flag(column: ir.Value, value: Value) -> ir.IntegerValue:
    return equals(column, value).cast("int8")


def unlabelled(rows: ir.Table) -> ir.Table:
    """The same facts before their outcomes were known."""
    return rows.mutate(outcome=ibis.null("int8"))


def groupings(log: Log) -> tuple[Protected, ...]:
    """Protected attributes, then segments, that the log has: the columns `level0`, `level1`, ... of the facts."""
    segments = tuple(Protected(column=name) for name in log.model.segments)
    return tuple(grouping for grouping in (*log.model.protected, *segments) if log.has(grouping.column))


def families(log: Log) -> list[tuple[int, ...]]:
    """Which groupings are tallied together: the cross of all protected attributes, then each segment with each of them."""
    names = groupings(log)
    protected = [i for i, grouping in enumerate(names) if grouping in log.model.protected]
    segments = [i for i in range(len(names)) if i not in protected]
    crossed: list[tuple[int, ...]] = [(attribute, segment) for segment in segments for attribute in protected]
    return [tuple(protected), *(crossed or [(segment,) for segment in segments])]


def outcome_table(log: Log, rows: ir.Table, family: Iterable[int], *, coarse: int = 0) -> ir.Table:
    """Groups x decision x outcome: n, sums of scores and errors, latency, cost and energy.

    `coarse`, the size of the score's grid, breaks the counts down by 20 score bins too.
    """
    keys: dict[str, ir.Value] = {"partition": rows["partition"]}
    keys |= {f"level{index}": rows[f"level{index}"] for index in family}
    keys["decision"] = rows["decision"] if "decision" in rows.columns else ibis.null("int8")
    keys["outcome"] = rows["outcome"] if "outcome" in rows.columns else ibis.null("int8")
    if coarse:
        keys["score_bin"] = ((rows["score_bin"].cast("int32") * COARSE) // coarse).cast("int8")
    sums: dict[str, ir.Value] = {"n": rows.count()}
    if "score" in rows.columns:
        score = rows["score"]
        sums |= {"scored": score.count(), "score": score.sum(), "score_squared": (score * score).sum()}
        if "outcome" in rows.columns:
            positive = rows["outcome"].cast("float64")
            if not same(log.model):
                positive = double(1) - positive
            error = (score - positive) * (score - positive)
            likely = double(1) - (score - positive).abs()
            loss = -ibis.ifelse(
                likely < double(EPSILON), double(EPSILON), ibis.ifelse(likely > double(1 - EPSILON), double(1 - EPSILON), likely)
            ).ln()
            sums |= {
                "error_2": error.sum(),
                "error_4": (error * error).sum(),
                "log_loss": loss.sum(),
                "log_loss_squared": (loss * loss).sum(),
            }
    for name in SERVICE:
        if name in rows.columns:
            sums |= {f"{name}_n": rows[name].count(), name: rows[name].sum(), f"{name}_squared": (rows[name] * rows[name]).sum()}
    return rows.group_by(**keys).aggregate(**sums)


def same(model: ModelConfig) -> bool:
    """Whether the value that the score predicts is the favorable one."""
    return str(model.positive) == str(model.favorable)


def margin_table(log: Log, rows: ir.Table) -> ir.Table:
    """Each single grouping (or none, as -1, where there is no grouping) x the score's own grid x outcome: n, the sum of scores."""
    scored, parts = rows.filter(rows["score_bin"].notnull()), []
    for index in range(len(groupings(log))) or (-1,):
        keys: dict[str, ir.Value] = {"partition": scored["partition"]}
        keys["level"] = ibis.literal("") if index < 0 else scored[f"level{index}"]
        keys["score_bin"] = scored["score_bin"]
        keys["outcome"] = scored["outcome"] if "outcome" in scored.columns else ibis.null("int8")
        part = scored.group_by(**keys).aggregate(n=scored.count(), score=scored["score"].sum())
        parts.append(part.mutate(grouping=ibis.literal(index, type="int8")))
    return _union(parts)


def maturity_table(rows: ir.Table) -> ir.Table:
    """Days from prediction to outcome x partition: n."""
    known = rows.filter(rows["outcome"].notnull() & rows["lag_days"].notnull())
    return known.group_by("partition", "lag_days").aggregate(n=known.count())


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
    return _union(parts) if parts else None


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
    return _union(parts) if parts else None


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


def _union(parts: Sequence[ir.Table]) -> ir.Table:
    """All parts in one table, joined in pairs: a chain as long as the log has columns is slow to compile."""
    middle = len(parts) // 2
    return parts[0] if len(parts) == 1 else _union(parts[:middle]).union(_union(parts[middle:]))
