"""Rows of a JSON-lines file: one object a line; a line that is not one is set aside with its number."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from connectors.base import BadLine
from connectors.delimited import refuse, shown
from connectors.errors import CandorError
from connectors.schema import MAX_COLUMNS, check_name

if TYPE_CHECKING:
    import pyarrow as pa

MAX_DEPTH = 128
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_SURROGATE = re.compile(r"[\ud800-\udfff\x00]")


class Objects:
    """Turns lines into columns of text, and remembers which columns ever held a JSON string."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.line = 1
        self.columns: dict[str, str] = {}  # folded name -> name as first met
        self.strings: set[str] = set()
        self._known: set[str] = set()

    def feed(self, lines: list[bytes]) -> tuple[pa.Table | None, list[int], list[BadLine]]:
        """Parse a block of physical lines."""
        import pyarrow as pa

        rows: list[dict[str, str | None]] = []
        numbers: list[int] = []
        bad: list[BadLine] = []
        for line in lines:
            number = self.line
            self.line += 1
            if not line.strip():
                continue
            found, reason = self._row(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
            if found is None:
                bad.append(BadLine(line=number, reason=reason, row=shown(line)))
                continue
            rows.append(found)
            numbers.append(number)
        if not rows:
            return None, [], bad
        names = list(self.columns.values())
        return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}), numbers, bad

    def _row(self, line: bytes) -> tuple[dict[str, str | None] | None, str]:
        reason = refuse(line)
        if reason is not None:
            return None, reason
        if line.count(b"{") + line.count(b"[") > MAX_DEPTH and _depth(line) > MAX_DEPTH:
            return None, f"the JSON is nested deeper than {MAX_DEPTH} levels"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            return None, f"not valid JSON ({error})" if isinstance(error, json.JSONDecodeError) else "not valid JSON"
        if not isinstance(value, dict):
            return None, "the line is not a JSON object"
        row: dict[str, str | None] = {}
        for key, item in value.items():
            problem = None if key in self._known else self._meet(key)
            if problem is not None:
                return None, f"the key {key[:100]!r} {problem}"
            row[key] = text = _text(item)
            if text is not None and _SURROGATE.search(text):
                return None, f'the value of "{key}" contains a NUL or an unpaired surrogate'
            if isinstance(item, str) and item:
                self.strings.add(key)
        return row, ""

    def _meet(self, key: str) -> str | None:
        problem = check_name(key)
        if problem is not None:
            return problem
        known = self.columns.setdefault(key.casefold(), key)
        if known != key:
            raise CandorError(f'{self.where}: line {self.line - 1}: the keys "{known}" and "{key}" differ only in case; rename one')
        self._known.add(key)
        if len(self.columns) > MAX_COLUMNS:
            raise CandorError(f"{self.where}: line {self.line - 1}: more than {MAX_COLUMNS} different keys; at most {MAX_COLUMNS} are read")
        return None


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def _depth(line: bytes) -> int:
    depth = most = 0
    for byte in _STRING.sub(b"", line):
        if byte in b"{[":
            depth += 1
            most = max(most, depth)
        elif byte in b"}]":
            depth -= 1
    return most
