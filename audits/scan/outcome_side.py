"""The outcome side of the scan: groups by decision, outcome and score, probability groups, and the lag of labels.

Nothing here divides: every table holds counts and sums, one partition at a time, so that tallies merge by adding.
"""

from __future__ import annotations

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from audits.bins import CONFIDENCE, Bins
from audits.histograms import COARSE
from audits.scan.facts import SERVICE, log_loss
from audits.scan.log import Log, double, groupings, joined


def outcome_table(log: Log, rows: ir.Table, family: Iterable[int], *, coarse: int) -> ir.Table:
    """Groups x decision x outcome: n, sums of scores and errors, latency, cost and energy.

    `coarse`, the size of the score's grid, breaks the counts down by 20 score bins too.
    """
    keys = _keys(rows, family)
    keys["decision"], keys["outcome"] = _column(rows, "decision"), _column(rows, "outcome")
    if coarse:
        keys["score_bin"] = _coarse(rows["bin0"], coarse)
    sums: dict[str, ir.Value] = {"n": rows.count()}
    if log.model.task == "multiclass":
        if "squared" in rows.columns:
            square = rows["squared"]
            scored = ibis.ifelse(rows["outcome"].isnull(), rows["squares"], square)  # an outcome of no known class has no loss
            sums |= {"scored": scored.count(), "error_2": square.sum(), "error_4": (square * square).sum()}
    elif "score0" in rows.columns:
        score = rows["score0"]
        sums |= {"scored": score.count(), "score": score.sum(), "score_squared": (score * score).sum()}
        if log.model.task == "binary" and "outcome" in rows.columns:
            positive = rows["outcome"].cast("float64")
            error = (score - (positive if log.model.same else double(1) - positive)).abs()
            loss = log_loss(double(1) - error)
            sums |= {"log_loss": loss.sum(), "log_loss_squared": (loss * loss).sum()}
        else:
            error = rows["error"] if "error" in rows.columns else None
        if error is not None:
            square = error * error
            sums |= {"error_2": square.sum(), "error_4": (square * square).sum()}
    if log.model.task == "multiclass" and "log_loss" in rows.columns:
        sums |= {"log_loss": rows["log_loss"].sum(), "log_loss_squared": (rows["log_loss"] * rows["log_loss"]).sum()}
    if log.model.task == "regression":
        sums |= _errors(rows)
    for name in SERVICE:
        if name in rows.columns:
            sums |= {f"{name}_n": rows[name].count(), name: rows[name].sum(), f"{name}_squared": (rows[name] * rows[name]).sum()}
    return rows.group_by(**keys).aggregate(**sums)


def _keys(rows: ir.Table, family: Iterable[int]) -> dict[str, ir.Value]:
    unit = {"unit": rows["unit"]} if "unit" in rows.columns else {}
    return {"partition": rows["partition"], **unit, **{f"level{index}": rows[f"level{index}"] for index in family}}


def _column(rows: ir.Table, name: str) -> ir.Value:
    return rows[name] if name in rows.columns else ibis.null("int8")


def _coarse(place: ir.Value, size: int) -> ir.Value:
    return ((place.cast("int32") * COARSE) // size).cast("int8")


def _errors(rows: ir.Table) -> dict[str, ir.Value]:
    """Sums about a numeric outcome: of it, of the errors of the score, and of both together; of prediction intervals that hold it."""
    sums: dict[str, ir.Value] = {}
    if "error" in rows.columns:
        sums |= {"error": rows["error"].sum(), "error_abs": rows["error"].abs().sum()}
    if "standard" in rows.columns:
        t = rows["standard"] if "error" not in rows.columns else ibis.ifelse(rows["error"].isnull(), ibis.null("float64"), rows["standard"])
        sums |= {"truth_1": t.sum(), "truth_2": (t * t).sum(), "truth_3": (t * t * t).sum(), "truth_4": (t * t * t * t).sum()}
        if "error" in rows.columns:
            square = rows["error"] * rows["error"]
            sums |= {"error_2_truth_1": (square * t).sum(), "error_2_truth_2": (square * t * t).sum()}
    if {"truth", "prediction_low", "prediction_high"} <= set(rows.columns):
        low, high, truth = rows["prediction_low"], rows["prediction_high"], rows["truth"]
        held = ((low <= truth) & (truth <= high)).cast("int8")
        width = ibis.ifelse(held.isnull(), ibis.null("float64"), high - low)
        sums |= {"covered_n": held.count(), "covered": held.sum(), "width": width.sum(), "width_squared": (width * width).sum()}
    return sums


def coarse_table(rows: ir.Table, family: Iterable[int], bins: Bins, curve: int) -> ir.Table:
    """Groups x decision x outcome x 20 bins of one curve: n, the sum of scores."""
    grid = bins.by_name[bins.curves[curve]]
    scored = rows.filter(rows[f"bin{curve}"].notnull())
    keys = _keys(scored, family)
    keys["decision"], keys["outcome"] = _flags(scored, bins, curve)
    keys["score_bin"] = _coarse(scored[f"bin{curve}"], grid.size)
    return scored.group_by(**keys).aggregate(n=scored.count(), score=scored[f"score{curve}"].sum())


def _flags(rows: ir.Table, bins: Bins, curve: int) -> tuple[ir.Value, ir.Value]:
    """Decision and outcome as one curve sees them: of a class, whether it is this one; of the largest probability, whether it was right."""
    decision, outcome = _column(rows, "decision"), _column(rows, "outcome")
    if not bins.classes:
        return decision, outcome
    if bins.curves[curve] == CONFIDENCE:
        return ibis.ifelse(decision.isnull(), ibis.null("int8"), ibis.literal(1, "int8")), (decision == outcome).cast("int8")
    return (decision == curve).cast("int8"), (outcome == curve).cast("int8")


def margin_table(log: Log, rows: ir.Table, bins: Bins, curve: int) -> ir.Table:
    """Each single grouping (or none, as -1, where there is no grouping) x one curve's own grid x decision x outcome: n, sums of scores.

    In a regression the sums of errors too, so that the error can be told by score.
    """
    scored, parts = rows.filter(rows[f"bin{curve}"].notnull()), []
    decision, outcome = _flags(scored, bins, curve)
    for index in range(len(groupings(log))) or (-1,):
        keys: dict[str, ir.Value] = {"partition": scored["partition"]}
        keys["level"] = ibis.literal("") if index < 0 else scored[f"level{index}"]
        keys |= {"score_bin": scored[f"bin{curve}"], "decision": decision, "outcome": outcome}
        sums: dict[str, ir.Value] = {"n": scored.count(), "score": scored[f"score{curve}"].sum()}
        if log.model.task == "regression" and curve == 0 and "error" in scored.columns:
            error = scored["error"]
            sums |= {"error": error.sum(), "error_abs": error.abs().sum(), "error_2": (error * error).sum()}
        part = scored.group_by(**keys).aggregate(**sums)
        parts.append(part.mutate(grouping=ibis.literal(index, type="int8")))
    return joined(parts)


def weighted_table(rows: ir.Table, levels: int) -> ir.Table:
    """Decision x outcome: for each level known by probabilities its possible rows, the sum of their probabilities and of squares."""
    keys = {"partition": rows["partition"], "decision": _column(rows, "decision"), "outcome": _column(rows, "outcome")}
    sums: dict[str, ir.Value] = {}
    for index in range(levels):
        weight = rows[f"weight{index}"]
        sums |= {
            f"n{index}": (weight > double(0)).cast("int8").sum(), f"weight{index}": weight.sum(),
            f"squared{index}": (weight * weight).sum(),
        }  # fmt: skip
    return rows.group_by(**keys).aggregate(**sums)


def maturity_table(rows: ir.Table) -> ir.Table:
    """Days from prediction to outcome x partition: n."""
    known = rows.filter(rows["outcome"].notnull() & rows["lag_days"].notnull())
    return known.group_by("partition", "lag_days").aggregate(n=known.count())
