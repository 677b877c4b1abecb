"""Freezing: what a log must hold to be audited as its task, and the bins chosen once on its reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from audits.bins import (
    ABSOLUTE_ERROR,
    CATEGORIES,
    CONFIDENCE,
    OUTCOME,
    Bins,
    CategoricalBins,
    ColumnBins,
    NumericBins,
    numeric_bins,
)
from connectors.errors import UsageError
from connectors.warehouse import Engine

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from audits.scan import Log

QUANTILE_STEPS = 400
MOST_CLASSES = 50
LARGE, HUGE = 1e100, 1e308
"""Beyond the first, squares are computed on a smaller scale; no deviation is kept above the second."""


def check_values(engine: Engine, log: Log) -> None:
    """Refuse a log whose decisions or outcomes contradict the task, naming what was found."""
    from audits.scan import equals, levels_by_count

    if log.model.task == "regression":
        return
    outcomes = None if log.outcomes is None else (log.outcomes, "outcome", log.model.columns.outcome)
    decision = log.model.columns.decision
    places = [(log.predictions, decision, decision) if log.has(decision) and decision else None, outcomes]
    seen_anywhere = False
    for table, column, shown in [place for place in places if place is not None]:
        most = MOST_CLASSES + 1 if log.model.task == "multiclass" else 4
        levels = engine.execute(levels_by_count(table, column, most)).column("level").to_pylist()
        if log.model.task == "multiclass":
            if len(levels) > MOST_CLASSES:
                raise UsageError(
                    f'models.{log.model.name}.task = "multiclass", but column "{shown}" holds more than {MOST_CLASSES} values '
                    f"({', '.join(repr(x) for x in levels[:3])}, ...); correct the column or the task"
                )
            seen_anywhere |= log.model.favorable is None or str(log.model.favorable) in levels
            continue
        for value, key in ((log.model.favorable, "favorable"), (log.model.positive, "columns.positive")):
            assert value is not None
            seen = engine.execute(table.filter(equals(table[column], value)).limit(1)).num_rows if len(levels) >= 2 else 1
            if not seen:
                raise UsageError(
                    f'models.{log.model.name}.{key} = {value!r} never occurs in column "{shown}", which holds '
                    f"{', '.join(repr(x) for x in levels[:3])}; set {key} to one of them"
                )
        if len(levels) > 2:
            raise UsageError(
                f'models.{log.model.name}.task = "binary", but column "{shown}" holds more than two values '
                f"({', '.join(repr(x) for x in levels)}); correct the column or the task"
            )
    if log.model.task == "multiclass" and log.model.favorable is not None and any(places) and not seen_anywhere:
        scores = log.model.class_columns(log.predictions.columns)
        raise UsageError(
            f"models.{log.model.name}.favorable = {log.model.favorable!r} is none of the classes that the log holds"
            + (f" ({', '.join(repr(x) for x in list(scores)[:5])})" if scores else "")
        )


def freeze(engine: Engine, log: Log, numbers: Sequence[int]) -> Bins:
    """Choose the bins of every feature, of the scores and of the latency from the reference partitions."""
    from audits.scan import groupings, levels_by_count

    rows = log.within(numbers)
    chosen: list[ColumnBins] = []
    for name in binned_columns(log):
        grid = numeric_grid(engine, rows, name) if rows[name].type().is_numeric() else None
        if grid is None:
            levels = engine.execute(levels_by_count(rows, name, CATEGORIES + 1)).column("level").to_pylist()
            chosen.append(CategoricalBins(name=name, levels=tuple(levels[:CATEGORIES]), complete=len(levels) <= CATEGORIES))
        else:
            chosen.append(grid)
    capped = []
    for grouping in groupings(log):
        if grouping.edges is None:
            levels = engine.execute(levels_by_count(log.predictions, grouping.column, CATEGORIES + 1)).column("level").to_pylist()
            if len(levels) > CATEGORIES:
                capped.append(CategoricalBins(name=grouping.column, levels=tuple(levels[:CATEGORIES]), complete=False))
    score = log.model.columns.score
    numeric = {column.name for column in chosen if column.kind == "numeric"}
    bins = Bins(columns=tuple(chosen), score=score if score in numeric else None, attributes=tuple(capped))
    if log.model.task == "multiclass":
        return with_classes(engine, log, bins, numbers)
    return with_outcome(engine, log, bins, numbers) if log.model.task == "regression" else bins


def numeric_grid(engine: Engine, rows: ir.Table, name: str) -> NumericBins | None:
    """The grid of one numeric column of the reference; None where it holds no number."""
    from audits.scan import numeric_range, numeric_reference

    span = engine.execute(numeric_range(rows, name)).to_pylist()[0]
    if not span["n"]:
        return None
    largest = max(abs(span["low"]), abs(span["high"]))
    scale = largest if largest > LARGE else 1.0
    row = engine.execute(numeric_reference(rows, name, QUANTILE_STEPS, scale)).to_pylist()[0]
    return numeric_bins(
        name, low=span["low"], high=span["high"], mean=row["mean"] * scale, deviation=min(row["deviation"] * scale, HUGE),
        integers=bool(row["integers"]), quantiles=row["quantiles"],
    )  # fmt: skip


def with_classes(engine: Engine, log: Log, bins: Bins, numbers: Sequence[int]) -> Bins:
    """Bins with the classes that the log's decisions, outcomes and probabilities name, and the grid of the largest probability."""
    from audits.scan import confidences, levels_by_count

    decision, scores = log.model.columns.decision, log.model.class_columns(log.predictions.columns)
    counted: dict[str, int] = dict.fromkeys(scores, 0)
    for table, column in ((log.predictions, decision if log.has(decision) else None), (log.outcomes, "outcome")):
        if table is not None and column is not None:
            found = engine.execute(levels_by_count(table, column, MOST_CLASSES))
            for name, n in zip(found.column("level").to_pylist(), found.column("n").to_pylist(), strict=True):
                counted[name] = counted.get(name, 0) + n
    classes = tuple(sorted(counted, key=lambda name: (-counted[name], name)))
    numeric = {column.name for column in bins.columns if column.kind == "numeric"}
    named = tuple(column if (column := scores.get(name, "")) in numeric else "" for name in classes)
    bins = replace(bins, classes=classes, class_scores=named)
    if not all(named):
        return bins
    grid = numeric_grid(engine, confidences(log, bins, numbers), CONFIDENCE)
    return bins if grid is None else replace(bins, derived=(grid,))


def with_outcome(engine: Engine, log: Log, bins: Bins, numbers: Sequence[int]) -> Bins:
    """Bins with the grids of the absolute error and of the outcome, from the reference's outcomes, or from all where it has none yet."""
    from audits.scan import labelled_numbers

    if log.outcomes is None:
        return bins
    for which in (list(numbers), None):
        rows = labelled_numbers(log, which)
        grids = [numeric_grid(engine, rows, name) for name in (ABSOLUTE_ERROR, OUTCOME)]
        if grids[1] is not None:
            return replace(bins, derived=tuple(grid for grid in grids if grid is not None))
    return bins


def binned_columns(log: Log) -> list[str]:
    """Features, then scores and latency, of those that the log has."""
    model, roles = log.model, log.model.columns.named()
    scores = list(model.class_columns(log.predictions.columns).values())
    if model.features is not None:
        features = [name for name in model.features if log.has(name)]
    else:
        taken = {*model.assigned, *scores}
        kinds = log.predictions.schema()
        features = [n for n in log.predictions.columns if n not in taken and not n.startswith("candor:") and not kinds[n].is_timestamp()]
    wanted = [*features, *scores, *(roles[role] for role in ("score", "latency_ms") if role in roles and log.has(roles[role]))]
    return list(dict.fromkeys(wanted))
