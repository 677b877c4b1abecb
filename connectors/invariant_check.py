"""Whether a condition can be asked of a log: the columns that it names are there, and what it holds them against is of their kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from connectors.errors import nearest
from connectors.invariant_grammar import Column, Comparison, Condition, Joined, Not, OneOf, columns_of
from connectors.schema import OWN_PREFIX

Kind = Literal["number", "text", "boolean", "time", "other"]
_STORED: Mapping[str, Kind] = {"BIGINT": "number", "DOUBLE": "number", "VARCHAR": "text", "BOOLEAN": "boolean", "TIMESTAMP": "time"}
_HELD: Mapping[Kind, str] = {
    "number": "numbers", "text": "texts", "boolean": "true and false", "time": "times", "other": "values of another kind",
}  # fmt: skip


def kinds_of(stored: Mapping[str, str]) -> dict[str, Kind]:
    """What each column of the stored log holds, by the names of their types; Candor's own columns are left out.

    >>> kinds_of({"dose": "DOUBLE", "unit": "VARCHAR", "candor:time": "TIMESTAMP"})
    {'dose': 'number', 'unit': 'text'}
    """
    return {name: _STORED.get(kind, "other") for name, kind in stored.items() if not name.startswith(OWN_PREFIX)}


def problem(condition: Condition, kinds: Mapping[str, Kind]) -> str | None:
    """Why a condition cannot be asked of a log with these columns, as the end of a sentence; None when it can.

    >>> from connectors.invariant_grammar import parse
    >>> problem(parse("doze > 40"), {"dose": "number"})
    'the log has no column "doze"; did you mean "dose"?'
    >>> problem(parse("dose > 'high'"), {"dose": "number"})
    'the column "dose" holds numbers, and \\'high\\' is a text'
    """
    absent = next((name for name in columns_of(condition) if name not in kinds), None)
    if absent is not None:
        hint = nearest(absent, kinds)
        return f'the log has no column "{absent}"; {hint}' + ("" if hint.startswith("did") else " (a text stands between quotes)")
    return next((why for why in (_clash(*pair, kinds) for pair in _pairs(condition)) if why), None)


def _pairs(condition: Condition) -> Iterator[tuple[str, float | str | bool | Column]]:
    if isinstance(condition, Joined):
        for part in condition.parts:
            yield from _pairs(part)
    elif isinstance(condition, Not):
        yield from _pairs(condition.part)
    elif isinstance(condition, Comparison):
        yield condition.column.name, condition.value
    elif isinstance(condition, OneOf):
        yield from ((condition.column.name, value) for value in condition.values)


def _clash(name: str, value: float | str | bool | Column, kinds: Mapping[str, Kind]) -> str | None:
    """Why a column's values and another value cannot be compared."""
    held = _HELD[kinds[name]]
    if kinds[name] == "other":
        return f'the column "{name}" holds {held}, which cannot be compared'
    if isinstance(value, Column):
        alike = kinds[name] == kinds[value.name]
        return None if alike else f'the columns "{name}" and "{value.name}" hold values of different kinds'
    if isinstance(value, bool):
        return None if kinds[name] == "boolean" else f'the column "{name}" holds {held}, not true and false'
    if isinstance(value, str):
        if kinds[name] == "time":
            return None if _is_time(value) else f"the column \"{name}\" holds times, and '{value}' is none; write '2026-02-01'"
        return None if kinds[name] == "text" else f"the column \"{name}\" holds {held}, and '{value}' is a text"
    return None if kinds[name] in ("number", "text") else f'the column "{name}" holds {held}, and {value:g} is a number'


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
