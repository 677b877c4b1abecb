"""Plain tables on a terminal: aligned, uncut, and safe to print whatever the data holds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from numbers import Real

NULL = "–"


def cell(value: object) -> str:
    r"""Write a value on one line; control and direction characters are spelt out, so that data cannot drive the terminal.

    >>> cell("a\x1b[31mb\n"), cell(None), cell(0.25), cell(1_000)
    ('a\\x1b[31mb\\n', '–', '0.25', '1000')
    """
    if value is None:
        return NULL
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds" if value.microsecond == 0 else "microseconds")
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def width(text: str) -> int:
    """Count the columns a string takes on a terminal."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return len(text) + wide - sum(unicodedata.combining(each) != 0 for each in text)


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay rows out under their names, numbers to the right.

    >>> print(table(["name", "n"], [["loans", 4824], ["b", 7]]))
    name      n
    -----  ----
    loans  4824
    b         7
    """
    values = [list(row) for row in rows]
    body = [[cell(value) for value in row] for row in values]
    right = [
        any(isinstance(row[i], Real) for row in values) and all(row[i] is None or isinstance(row[i], Real) for row in values)
        for i in range(len(names))
    ]
    head = [cell(name) for name in names]
    widths = [max([width(head[i]), *(width(row[i]) for row in body)]) for i in range(len(names))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            " " * (size - width(text)) + text if to_right else text + " " * (size - width(text))
            for text, size, to_right in zip(cells, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), "  ".join("-" * size for size in widths), *(line(row) for row in body)])
