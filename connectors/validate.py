"""Check what a file announces against what the configuration names, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from connectors.config import Config, ModelConfig, Rows
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
    late: dict[str, str] = {role: named.pop(role) for role in ("outcome", "outcome_time") if role in named}
    if rows == "outcomes":
        return {f"columns.{role}": column for role, column in ({"id": named["id"]} | late).items()}
    elsewhere = any(source.rows == "outcomes" for source in model.sources)
    if rows == "both" and not elsewhere:
        named |= late
    keys = {f"columns.{role}": column for role, column in named.items() if "*" not in column}
    for section, listed in (("protected", model.attributes), ("segments", model.segments), ("features", model.features or ())):
        keys |= {f"{section}[{position}]": column for position, column in enumerate(listed)}
    return keys


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
    roles = model.columns.named()
    numeric = {f"columns.{role}": roles[role] for role in NUMERIC_ROLES if role in roles}
    numeric |= {f"protected[{i}].edges": each.column for i, each in enumerate(model.protected) if each.edges}
    for key, column in numeric.items():
        if stored[column] in ("VARCHAR", "TIMESTAMP"):
            row = one(connection.execute(f"SELECT count({quote(column)}) FROM {table(model.name, 'predictions')}"))
            if row is not None and row[0]:
                held = "times" if stored[column] == "TIMESTAMP" else "text"
                raise UsageError(
                    f'{where}: models.{model.name}.{key} needs numbers, but the column "{column}" of the stored log holds {held}'
                )
