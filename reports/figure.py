"""One row of the published `findings` table, with absent numbers as None and its JSON read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a run. Times are UTC, windows half-open, rows inclusive; an absent number is None, with a `reason`."""

    model: str = ""
    position: int = 0
    name: str
    unit: str = ""
    version: str | None = None
    slice: Mapping[str, str]
    reference_slice: Mapping[str, str] | None = None
    attribute: str | None = None
    column: str | None = None
    window_start: datetime | None = None
    window_end: datetime | None = None
    first_row: int | None = None
    last_row: int | None = None
    partial: bool = False
    whole: bool = False
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    method: str | None = None
    p_value: float | None = None
    q_value: float | None = None
    people: float | None = None
    """How many rows of the group in this window a gap amounts to."""
    people_low: float | None = None
    people_high: float | None = None
    tables: Mapping[str, Any] | None = None
    threshold_min: float | None = None
    threshold_max: float | None = None
    severity: str | None = None
    rationale: str | None = None
    threshold_source: str | None = None
    threshold_since: datetime | None = None
    threshold_until: datetime | None = None
    verdict: str | None = None
    reason: str = ""
    suppressed: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Figure:
        """Read a row given as a mapping of published column names; NaN, NaT and NA become None."""
        known = {name: _plain(row[name]) for name in _FIELDS if name in row}
        for name in _DECODED:
            if isinstance(known.get(name), str):
                known[name] = json.loads(known[name])
        for name in _INTEGERS:
            if known.get(name) is not None:
                known[name] = int(known[name])
        known["slice"] = known.get("slice") or {}
        known["position"] = known.get("position") or 0
        known["reason"] = known.get("reason") or ""
        for name in ("partial", "whole", "suppressed"):
            known[name] = bool(known.get(name))
        return cls(**known)

    @property
    def at(self) -> datetime | int | None:
        """Where the window starts: a time, or a row number for a log without a clock."""
        return self.window_start if self.window_start is not None else self.first_row


_FIELDS: Final = tuple(field.name for field in fields(Figure))
_DECODED: Final = ("slice", "reference_slice", "tables")
_INTEGERS: Final = ("first_row", "last_row", "n", "position")


def _plain(value: Any) -> Any:
    """Turn what pandas or Arrow hold in a cell into plain Python."""
    if value is None or isinstance(value, (str, bool, Mapping)):
        return value
    if type(value).__name__ == "NAType" or value != value:  # NaN and NaT are the only values unequal to themselves
        return None
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return value.item() if hasattr(value, "item") else value


def figures(findings: pa.Table) -> Iterator[Figure]:
    """Yield a figure for each row of a findings table, in its order."""
    names = [name for name in _FIELDS if name in findings.column_names]
    columns = [_column(name, findings.column(name).to_pylist()) for name in names]
    for row in zip(*columns, strict=True):
        yield Figure(**dict(zip(names, row, strict=True)))


def _column(name: str, values: list[Any]) -> list[Any]:
    """Read a whole column as `Figure.of` reads one cell; what repeats is read once."""
    if name in _DECODED:
        known: dict[str | None, Any] = {None: {} if name == "slice" else None}
        for text in values:
            if text not in known:
                known[text] = json.loads(text)
        return [known[text] for text in values]
    if name in ("partial", "whole", "suppressed"):
        return [bool(value) for value in values]
    if name in _INTEGERS:
        absent = 0 if name == "position" else None
        return [absent if (plain := _plain(value)) is None else int(plain) for value in values]
    if name == "reason":
        return [value or "" for value in values]
    return [value if isinstance(value, str) else _plain(value) for value in values]
