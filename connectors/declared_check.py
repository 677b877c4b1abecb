"""Refuse what the configuration declares of a model's inputs and the stored log cannot serve."""

from __future__ import annotations

from collections.abc import Mapping

from connectors import rule_check
from connectors.config import ModelConfig
from connectors.errors import UsageError, nearest
from connectors.invariant_check import kinds_of
from connectors.invariant_check import problem as never_problem
from connectors.invariant_grammar import parse


def check_declared(model: ModelConfig, stored: Mapping[str, str], where: str) -> None:
    """Refuse declarations about columns that are not there.

    Parameters
    ----------
    stored
        Column -> type, as the warehouse has them.

    Raises
    ------
    UsageError
        The sentence names configuration, key and the nearest column.
    """
    key = f"{where}: models.{model.name}"
    for named, column in _columns(model):
        if column not in stored:
            raise UsageError(f'{key}.{named} names "{column}", but the stored log has no such column; {nearest(column, stored)}')
    kinds = kinds_of(stored)
    for position, each in enumerate(model.invariants):
        problem = never_problem(parse(each.never), kinds)
        if problem is not None:
            raise UsageError(f'{key}.invariants[{position}].never is "{each.never}": {problem}')
    for position, rule in enumerate(model.rules):
        problem = rule_check.problem(rule.columns, rule.change, kinds)
        if problem is not None:
            raise UsageError(f"{key}.rules[{position}]: {problem}")


def _columns(model: ModelConfig) -> list[tuple[str, str]]:
    """Key and column of everything that is said of an input."""
    found = [("reasons", column) for column in model.reasons]
    if model.model is not None:
        parts = (("immutable", model.model.immutable), ("monotone", model.model.monotone), ("ranges", model.model.ranges))
        found += [(f"model.{name}", column) for name, columns in parts for column in columns]
    return found
