"""The facts: one narrow row a prediction, with its outcome, from which every table of the outcome side is counted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import ibis
import ibis.expr.types as ir

from audits.bins import ABSOLUTE_ERROR, CONFIDENCE, OUTCOME, Bins, NumericBins
from audits.scan.log import KEY, PARTITION, TIME, Log, bin_of, double, flag, groupings, label, level

SERVICE = ("latency_ms", "cost", "energy_wh")
EPSILON = sys.float_info.epsilon
"""Probabilities are kept this far from 0 and 1 in the logarithmic loss, as scikit-learn does."""

_HEX = "0123456789abcdef"


def facts(log: Log, bins: Bins, partitions: Sequence[int] | None, *, labelled: bool = False) -> ir.Table:
    """The facts of some partitions, outcomes joined once for all that need them.

    `decision` and `outcome` are 1 for favorable, 0 for any other value and null where unknown; in a multiclass task they are the place of
    the class, and in a regression 1 for known. `score0`, `score1` and so on are the values that the margins are counted on, each with its
    bin. `labelled` leaves out predictions without a known outcome.
    """
    model, columns = log.model, log.model.columns
    rows = log.within(partitions)
    scoped = replace(log, predictions=rows)
    vocabularies = {vocabulary.name: vocabulary for vocabulary in bins.attributes}
    picked: dict[str, ir.Value] = {"partition": rows[PARTITION]}
    for index, attribute in enumerate(groupings(log)):
        picked[f"level{index}"] = level(scoped, attribute, vocabularies.get(attribute.column))
    if columns.unit is not None and log.has(columns.unit):
        picked["unit"] = unit_group(rows[columns.unit])
    if columns.decision is not None and log.has(columns.decision) and (model.task == "multiclass" or model.favorable is not None):
        picked["decision"] = _coded(rows[columns.decision], log, bins)
    picked |= _scores(rows, bins)
    for role in (*SERVICE, *(("prediction_low", "prediction_high") if model.task == "regression" else ())):
        name = getattr(columns, role)
        if log.has(name):
            picked[role] = rows[name].cast("float64")
    for index, name in enumerate(weights(log).values()):
        picked[f"weight{index}"] = rows[name].cast("float64")
    if log.outcomes is None:
        return rows.select(**picked)
    return _derived(_with_outcomes(log, bins, rows, picked, labelled=labelled), log, bins)


def weights(log: Log) -> dict[str, str]:
    """Level to column of the attribute that is only known by probabilities."""
    imputed = log.model.imputed
    if imputed is None or imputed.probabilities is None:
        return {}
    return {name: column for name, column in imputed.probabilities.items() if log.has(column)}


def unit_group(unit: ir.Value) -> ir.IntegerValue:
    """Which of `UNITS` (32) groups a unit belongs to: five bits of the MD5 of its text, so that every engine deals alike."""
    digest = label(unit).hexdigest("md5")
    high, low = (ibis.literal(_HEX).find(digest.substr(place, 1)) for place in (0, 1))
    return ((high % 2) * 16 + low).cast("int8")


def _coded(column: ir.Value, log: Log, bins: Bins) -> ir.IntegerValue:
    """A decision or an outcome as a code; classes that were not there when bins were frozen share the code after the last."""
    if log.model.task == "multiclass":
        text = label(column)
        cases = [(text.isnull(), ibis.null("int8")), *((text == name, ibis.literal(k, "int8")) for k, name in enumerate(bins.classes))]
        return ibis.cases(*cases, else_=ibis.literal(len(bins.classes), "int8"))
    assert log.model.favorable is not None
    return flag(column, log.model.favorable)


def _scores(rows: ir.Table, bins: Bins) -> dict[str, ir.Value]:
    """The logged scores and the largest of them, by the place of their curve, each with its bin."""
    found: dict[str, ir.Value] = {}
    for index, name in enumerate(bins.curves):
        grid = bins.by_name.get(name)
        if not isinstance(grid, NumericBins) or name in (ABSOLUTE_ERROR, OUTCOME):
            continue
        if name == CONFIDENCE:
            several = [rows[each].cast("float64") for each in bins.class_scores]
            absent = reduce(lambda a, b: a | b, (each.isnull() for each in several))
            value = ibis.ifelse(absent, ibis.null("float64"), ibis.greatest(*several))
        else:
            value = rows[name].cast("float64")
        found |= _curve(index, value, grid)
    return found


def _curve(index: int, value: ir.FloatingValue, grid: NumericBins) -> dict[str, ir.Value]:
    place = ibis.ifelse(value.isnull(), ibis.null("int16"), bin_of(value, grid))
    return {f"score{index}": value, f"bin{index}": place}


def _with_outcomes(log: Log, bins: Bins, rows: ir.Table, picked: dict[str, ir.Value], *, labelled: bool) -> ir.Table:
    """The picked columns with `outcome`, and `lag_days` where the log says when outcomes became known."""
    known, timed = log.outcomes, log.model.columns.outcome_time is not None
    assert known is not None
    truth: dict[str, ir.Value] = {"outcome_key": known[KEY]}
    if log.model.task == "regression":
        truth |= {"outcome": ibis.literal(1, "int8"), "truth": known["outcome"].cast("float64")}
    else:
        truth["outcome"] = _coded(known["outcome"], log, bins)
    right = known.select(**truth, **({"seen": known["outcome_time"]} if timed else {}))
    left = rows.select(key=rows[KEY], **({"time": rows[TIME]} if timed else {}), **picked)
    if left["key"].type() != right["outcome_key"].type():
        left, right = left.mutate(key=left["key"].cast("string")), right.mutate(outcome_key=right["outcome_key"].cast("string"))
    both = left.join(right, left["key"] == right["outcome_key"], how="inner" if labelled else "left")
    if not timed:
        return both.drop("key", "outcome_key")
    lag = (both["seen"].epoch_seconds() - both["time"].epoch_seconds()) // 86400
    return both.mutate(lag_days=lag.cast("int32")).drop("key", "outcome_key", "seen", "time")


def _derived(rows: ir.Table, log: Log, bins: Bins) -> ir.Table:
    """The facts with what takes a score and an outcome together: losses, errors and their bins, null where either is unknown."""
    task = log.model.task
    if task == "multiclass":
        several = [f"score{k}" for k in range(len(bins.classes))]
        if not all(name in rows.columns for name in several):
            return rows
        hit = ibis.cases(*((rows["outcome"] == k, rows[name]) for k, name in enumerate(several)), else_=ibis.null("float64"))
        squares = reduce(lambda a, b: a + b, (rows[name] * rows[name] for name in several))  # null unless all are there
        rows = rows.mutate(squares=squares, hit=ibis.ifelse(squares.isnull(), ibis.null("float64"), hit))
        return rows.mutate(squared=rows["squares"] - double(2) * rows["hit"] + double(1), log_loss=log_loss(rows["hit"])).drop("hit")
    if task != "regression":
        return rows
    grid = bins.outcome_bins
    if grid is not None:
        place = bins.curves.index(OUTCOME)
        standard = (rows["truth"] - double(grid.mean)) / double(grid.deviation or 1.0)
        rows = rows.mutate(**_curve(place, rows["truth"], grid), standard=standard)
    if "score0" in rows.columns:
        error = rows["score0"] - rows["truth"]
        rows = rows.mutate(error=error)
        absolute = bins.by_name.get(ABSOLUTE_ERROR)
        if isinstance(absolute, NumericBins):
            rows = rows.mutate(**_curve(bins.curves.index(ABSOLUTE_ERROR), rows["error"].abs(), absolute))
    return rows


def log_loss(likely: ir.FloatingValue) -> ir.FloatingValue:
    least, most = double(EPSILON), double(1 - EPSILON)
    return -ibis.ifelse(likely < least, least, ibis.ifelse(likely > most, most, likely)).ln()


def unlabelled(rows: ir.Table, bins: Bins) -> ir.Table:
    """The same facts before their outcomes were known."""
    unknown: dict[str, ir.Value] = {"outcome": ibis.null("int8")}
    unknown |= {name: ibis.null("float64") for name in ("truth", "standard", "error", "squared", "log_loss") if name in rows.columns}
    for index, name in enumerate(bins.curves):
        if name in (ABSOLUTE_ERROR, OUTCOME) and f"bin{index}" in rows.columns:
            unknown |= {f"score{index}": ibis.null("float64"), f"bin{index}": ibis.null("int16")}
    return rows.mutate(**unknown)


def labelled_numbers(log: Log, partitions: Sequence[int] | None) -> ir.Table:
    """Numeric outcomes of some partitions and the absolute errors of the scores there, for freezing their grids."""
    rows, known = log.within(partitions), log.outcomes
    assert known is not None
    score = rows[log.model.columns.score].cast("float64") if log.has(log.model.columns.score) else ibis.null("float64")
    left = rows.select(key=rows[KEY].cast("string"), score=score)
    right = known.select(outcome_key=known[KEY].cast("string"), truth=known["outcome"].cast("float64"))
    both = left.join(right, left["key"] == right["outcome_key"])
    return both.select(**{OUTCOME: both["truth"], ABSOLUTE_ERROR: (both["score"] - both["truth"]).abs()})


def confidences(log: Log, bins: Bins, partitions: Sequence[int]) -> ir.Table:
    """The largest class probability of some partitions' rows, for freezing its grid."""
    rows = log.within(partitions)
    several = [rows[each].cast("float64") for each in bins.class_scores]
    return rows.select(**{CONFIDENCE: ibis.greatest(*several)})
