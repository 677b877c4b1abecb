"""Check what a file announces against what the configuration names, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from connectors.config import Config, ModelConfig, Rows
from connectors.declared_check import check_declared
from connectors.errors import CandorError, UsageError, nearest
from connectors.schema import MAX_COLUMNS, OWN_PREFIX, check_name, columns_of, one, quote, table
from connectors.widen import NUMERIC_ROLES

if TYPE_CHECKING:
    import duckdb


def required(model: ModelConfig, rows: Rows) -> dict[str, str]:
    """Configuration key -> column, for every column that rows of this kind must have.

    The outcome may be absent from a "both" source when another source of the model brings outcomes, and from a
    reference, whose outcomes may not be known.
    """
    named = model.columns.named()
    if model.task == "multiclass":
        named.pop("score", None)  # a pattern: see `check_classes`
    late: dict[str, str] = {role: named.pop(role) for role in ("outcome", "outcome_time") if role in named}
    if rows == "outcomes":
        return {f"columns.{role}": column for role, column in ({"id": named["id"]} | late).items()}
    elsewhere = any(source.rows == "outcomes" for source in model.sources)
    if rows == "both" and not elsewhere:
        named |= late
    keys = {f"columns.{role}": column for role, column in named.items()}
    keys |= {f"protected[{position}]": each.column for position, each in enumerate(model.protected) if each.probabilities is None}
    for section, listed in (("segments", model.segments), ("features", model.features or ())):
        keys |= {f"{section}[{position}]": column for position, column in enumerate(listed)}
    return keys | probabilities(model)


def probabilities(model: ModelConfig) -> dict[str, str]:
    """Configuration key -> column, for every column that holds the probability of a group."""
    return {
        f"protected[{position}].probabilities.{level}": column
        for position, each in enumerate(model.protected)
        for level, column in (each.probabilities or {}).items()
    }


def roles_of(model: ModelConfig, rows: Rows) -> list[str]:
    """The required columns' names."""
    return list(required(model, rows).values())


def check_names(where: str, names: Iterable[str]) -> None:
    """Refuse names that cannot be told apart or cannot be columns.

    Raises
    ------
    CandorError
        A name is empty, holds control characters, occurs twice, or differs from another one only in case.
    """
    seen: dict[str, str] = {}
    count = 0
    for name in names:
        count += 1
        problem = check_name(name)
        if problem is not None:
            raise CandorError(f"{where}: the column name {name[:100]!r} {problem}; rename the column")
        other = seen.setdefault(name.casefold(), name)
        if other == name and count > len(seen):
            raise CandorError(f'{where}: the column "{name}" occurs twice; rename one')
        if other != name:
            raise CandorError(f'{where}: the columns "{other}" and "{name}" differ only in case; rename one')
    if count > MAX_COLUMNS:
        raise CandorError(f"{where}: has {count} columns; at most {MAX_COLUMNS} are read")


def check_columns(config: Config, model: ModelConfig, rows: Rows, where: str, names: Iterable[str]) -> None:
    """Refuse a file without the columns that the configuration names.

    Raises
    ------
    UsageError
        A column is missing; the sentence names configuration, key, column, file and nearest column.
    CandorError
        See `check_names`.
    """
    found = list(names)
    check_names(where, found)
    for key, column in required(model, rows).items():
        if column not in found:
            raise UsageError(
                f'{config.path}: models.{model.name}.{key} is "{column}", but {where} has no such column; {nearest(column, found)}'
            )
    if rows != "outcomes":
        check_classes(str(config.path), model, where, found)


def check_classes(at: str, model: ModelConfig, where: str, names: Iterable[str]) -> None:
    """Refuse a score pattern that stands for fewer than two columns.

    Raises
    ------
    UsageError
        The sentence names the pattern and what it matches.
    """
    if model.task != "multiclass" or model.columns.score is None:
        return
    names = list(names)
    found = list(model.class_columns(names).values())
    if len(found) < 2:
        matched = f'only "{found[0]}" matches' if found else f"no column of {where} matches"
        more = "a multiclass score needs one column a class" if found else nearest(model.columns.score, names)
        raise UsageError(f'{at}: models.{model.name}.columns.score is "{model.columns.score}", but {matched}; {more}')


def check_stored(connection: duckdb.DuckDBPyConnection, model: ModelConfig, where: str) -> None:
    """Refuse a configuration that names columns the stored log does not have, or text where numbers are needed.

    Files were checked when they were read; the configuration may have changed since.

    Raises
    ------
    UsageError
        The sentence names configuration, key and column.
    """
    stored = {name: kind for name, kind in columns_of(connection, model.name, "predictions").items() if not name.startswith(OWN_PREFIX)}
    if not stored:
        return
    for key, column in required(model, "predictions").items():
        if column not in stored:
            raise UsageError(
                f'{where}: models.{model.name}.{key} is "{column}", but the stored log has no such column; {nearest(column, stored)}'
            )
    check_classes(where, model, "the stored log", stored)
    for key, column in numeric(model, stored).items():
        if stored[column] in ("VARCHAR", "TIMESTAMP"):
            row = one(connection.execute(f"SELECT count({quote(column)}) FROM {table(model.name, 'predictions')}"))
            if row is not None and row[0]:
                held = "times" if stored[column] == "TIMESTAMP" else "text"
                raise UsageError(
                    f'{where}: models.{model.name}.{key} needs numbers, but the column "{column}" of the stored log holds {held}'
                )
    check_declared(model, stored, where)
    _check_probabilities(connection, model, where)
    _check_outcome(connection, model, where)


def numeric(model: ModelConfig, names: Iterable[str]) -> dict[str, str]:
    """Configuration key -> column, for every column of the predictions that must hold numbers."""
    roles = model.columns.named()
    found = {f"columns.{role}": roles[role] for role in NUMERIC_ROLES if role in roles}
    if model.task == "multiclass":
        found.pop("columns.score", None)
        found |= {f"columns.score ({label})": column for label, column in model.class_columns(names).items()}
    found |= {f"protected[{i}].edges": each.column for i, each in enumerate(model.protected) if each.edges}
    return found | probabilities(model)


def _check_probabilities(connection: duckdb.DuckDBPyConnection, model: ModelConfig, where: str) -> None:
    """Refuse a probability of a group outside [0, 1]: the bounds kept with each block of rows make this cheap."""
    for key, column in probabilities(model).items():
        outside = f"{quote(column)} < 0 OR {quote(column)} > 1"
        row = one(connection.execute(f"SELECT {quote(column)} FROM {table(model.name, 'predictions')} WHERE {outside} LIMIT 1"))
        if row is not None:
            raise UsageError(
                f'{where}: models.{model.name}.{key} needs probabilities from 0 to 1, but the column "{column}" holds {float(row[0]):g}'
            )


def _check_outcome(connection: duckdb.DuckDBPyConnection, model: ModelConfig, where: str) -> None:
    """Refuse a regression whose outcome is not a number."""
    if model.task != "regression":
        return
    kind = columns_of(connection, model.name, "outcomes").get("outcome")
    if kind in ("BIGINT", "DOUBLE", None):
        return
    row = one(connection.execute(f"SELECT count(outcome), any_value(outcome) FROM {table(model.name, 'outcomes')}"))
    if row is not None and row[0]:
        raise UsageError(
            f'{where}: models.{model.name}.task is "regression", whose outcome is a number, but the column'
            f' "{model.columns.outcome}" holds "{str(row[1])[:60]}"'
        )
