"""The record of what a run had to tell at once: its signals and their causes, in the warehouse and back from a snapshot."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audits.finding import Cause, ModelRun, Signal

if TYPE_CHECKING:
    from connectors.published import Published
    from connectors.warehouse import Warehouse

_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("window_start", "window_end"), "TIMESTAMP"), **dict.fromkeys(("first_row", "last_row", "n"), "BIGINT"),
    **dict.fromkeys(("value", "low", "high", "size", "threshold_min", "threshold_max", "evidence", "line"), "DOUBLE"),
    "partial": "BOOLEAN",
}  # fmt: skip
SIGNAL = tuple(field.name for field in dataclasses.fields(Signal))
CAUSE = tuple(field.name for field in dataclasses.fields(Cause))
_LISTS = ("columns", "explains", "evidence")


def _declared(names: Sequence[str], types: Mapping[str, str]) -> str:
    return ", ".join(f'"{name}" {types.get(name, "VARCHAR")}' for name in names)


DDL = (
    f'CREATE TABLE IF NOT EXISTS candor.signals (run VARCHAR, position INTEGER, "key" VARCHAR, {_declared(SIGNAL, _TYPES)})',
    f"CREATE TABLE IF NOT EXISTS candor.causes (run VARCHAR, position INTEGER, {_declared(CAUSE, {**_TYPES, 'evidence': 'VARCHAR'})})",
)
"""`since` is written as text, a time or a row number; lists as JSON."""


def write(warehouse: Warehouse, run: str, found: ModelRun) -> None:
    """Write a model's signals and causes, in their order."""
    for table, names, rows in (("signals", SIGNAL, found.signals), ("causes", CAUSE, found.causes)):
        extra = {"key": [each.key for each in found.signals]} if table == "signals" else {}
        _insert(warehouse, table, run, {name: [_text(name, getattr(each, name)) for each in rows] for name in names} | extra)


def _insert(warehouse: Warehouse, table: str, run: str, columns: Mapping[str, Sequence[Any]]) -> None:
    import pyarrow as pa

    size = len(columns["model"])
    if not size:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    warehouse.connection.register("candor_told", pa.table({**columns, "position": list(range(size))}))
    warehouse.connection.execute(f"INSERT INTO candor.{table} (run, position, {names}) SELECT ?, position, {names} FROM candor_told", [run])
    warehouse.connection.unregister("candor_told")


def _text(name: str, value: Any) -> Any:
    if name in _LISTS and isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    if name == "since":
        return value.isoformat() if isinstance(value, dt.datetime) else None if value is None else str(value)
    return value


def load(published: Published, run: str, model: str) -> dict[str, Any]:
    """The fields `signals` and `causes` of a model's run; empty where an older Candor published none."""
    known = published.names()
    found = {}
    for table, names, kind in (("signals", SIGNAL, Signal), ("causes", CAUSE, Cause)):
        sql = f"SELECT * FROM {table} WHERE run = ? AND model = ? ORDER BY position"
        rows = published.table(sql, [run, model]).to_pylist() if table in known else []
        found[table] = tuple(kind(**{name: _read(name, row[name], kind) for name in names}) for row in rows)
    return found


def _read(name: str, value: Any, kind: type) -> Any:
    if name == "since" and value is not None:
        return int(value) if value.lstrip("-").isdigit() else dt.datetime.fromisoformat(value)
    return tuple(json.loads(value)) if kind is Cause and name in _LISTS else value


def as_json(found: Signal | Cause) -> dict[str, Any]:
    """A signal or a cause as JSON values; a signal with the key of the alert that it may raise."""
    row: dict[str, Any] = {"key": found.key} if isinstance(found, Signal) else {}
    for name, value in dataclasses.asdict(found).items():
        row[name] = f"{value.isoformat()}Z" if isinstance(value, dt.datetime) else value
        if name in ("slice", "reference_slice") and value is not None:
            row[name] = json.loads(value)
    return row
