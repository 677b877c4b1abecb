"""Refuse a favorable or positive value, or a set of classes, that the log never holds although it holds two others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.columns import stored_value
from connectors.config import ModelConfig, Value
from connectors.errors import UsageError, nearest
from connectors.schema import columns_of, one, quote, table

if TYPE_CHECKING:
    from connectors.warehouse import Warehouse


def check_favorable(warehouse: Warehouse, model: ModelConfig, where: str) -> None:
    """Compare `favorable` and `positive`, and the classes of a score pattern, with the stored decisions and outcomes.

    Raises
    ------
    UsageError
        At least two other values were seen and never this one; the sentence names the nearest. Or no class of the pattern was.
    """
    if model.task not in ("binary", "multiclass") or not columns_of(warehouse.connection, model.name, "outcomes"):
        return
    _check_classes(warehouse, model, where)
    if model.favorable is None:
        return
    seen = _seen(warehouse, model, model.favorable)
    if seen and all(len(values) >= 2 and None not in values for values in seen.values()):
        choices = sorted({str(value) for values in seen.values() for value in values})
        raise UsageError(
            f"{where}: models.{model.name}.favorable is {model.favorable!r}, but {' and '.join(seen)} hold only {', '.join(choices)};"
            f" {nearest(str(model.favorable), choices)}"
        )
    if model.columns.positive is not None:
        kind = columns_of(warehouse.connection, model.name, "outcomes")["outcome"]
        values = _values(warehouse, model, "outcomes", "outcome", model.columns.positive, kind)
        if len(values) >= 2 and None not in values:
            choices = sorted(map(str, values))
            raise UsageError(
                f"{where}: models.{model.name}.columns.positive is {model.columns.positive!r}, but the outcome holds only"
                f" {', '.join(choices)}; {nearest(str(model.columns.positive), choices)}"
            )


def _check_classes(warehouse: Warehouse, model: ModelConfig, where: str) -> None:
    """Refuse a score pattern none of whose classes is ever decided or turns out."""
    labels = model.class_columns(columns_of(warehouse.connection, model.name, "predictions"))
    if not labels:
        return
    shown: list[str] = []
    for label in labels:
        found = _seen(warehouse, model, label)
        if not found or any(None in values for values in found.values()):
            return
        shown = sorted({str(value) for values in found.values() for value in values})
    raise UsageError(
        f'{where}: models.{model.name}.columns.score is "{model.columns.score}", which stands for the classes'
        f" {', '.join(list(labels)[:4])}, but decisions and outcomes hold {', '.join(shown)}; name the columns after the classes"
    )


def _seen(warehouse: Warehouse, model: ModelConfig, wanted: Value) -> dict[str, list[object]]:
    """Values of the decision and of the outcome, where the log has any; see `_values`."""
    decision = model.columns.decision
    seen: dict[str, list[object]] = {}
    if decision is not None and decision in (kinds := columns_of(warehouse.connection, model.name, "predictions")):
        seen["decision"] = _values(warehouse, model, "predictions", decision, wanted, kinds[decision])
    kind = columns_of(warehouse.connection, model.name, "outcomes")["outcome"]
    outcomes = _values(warehouse, model, "outcomes", "outcome", wanted, kind)
    if outcomes:
        seen["outcome"] = outcomes
    return seen


def _values(warehouse: Warehouse, model: ModelConfig, name: str, column: str, wanted: Value, kind: str) -> list[object]:
    """Up to three values of a column; [None] stands for "the wanted one is there"."""
    place = f"FROM {table(model.name, name)} WHERE {quote(column)}"
    value = stored_value(wanted, kind)
    if value is not None and one(warehouse.connection.execute(f"SELECT 1 {place} = ? LIMIT 1", [value])) is not None:
        return [None]
    rows = warehouse.connection.execute(f"SELECT DISTINCT {quote(column)} {place} IS NOT NULL LIMIT 3").fetchall()
    return [row[0] for row in rows]
