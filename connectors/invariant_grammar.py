"""The small grammar of `never`: a condition on one row's columns, read into a tree and never into SQL.

    dose > 40
    unit = 'mg' and dose > 40 or dose is missing
    not (country in ('NL', 'BE')) and score >= 0.9

A column is a bare word, or stands between backticks where its name has spaces; a text stands between quotes. On the right of a comparison
stands a number, a text, true, false or another column. `not` binds tighter than `and`, `and` tighter than `or`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from connectors.errors import nearest

Operator = Literal["<", "<=", ">", ">=", "=", "!="]
LONGEST = 1_000
DEEPEST = 40
_SAME = {"==": "=", "<>": "!="}
_OPERATORS = ("<", "<=", ">", ">=", "=", "!=")
_WORDS = ("and", "or", "not", "is", "in", "missing", "true", "false")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<quoted>`[^`]+`)
      | (?P<operator>[<>=!~]+)
      | (?P<mark>[(),])
      | (?P<word>[^\W\d][\w.]*)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the log, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column held against a value or against another column."""

    column: Column
    operator: Operator
    value: float | str | bool | Column


@dataclass(frozen=True, slots=True)
class OneOf:
    """A column holds one of these values."""

    column: Column
    values: tuple[float | str | bool, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A column holds nothing in this row."""

    column: Column


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition; where that cannot be told, this cannot either."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions of which all, or any, hold."""

    how: Literal["and", "or"]
    parts: tuple[Condition, ...]


Condition = Comparison | OneOf | Missing | Not | Joined


def parse(text: str) -> Condition:
    """The condition that a text says.

    Raises
    ------
    ValueError
        It is not of the grammar; one sentence quotes what was found and names what may stand there.

    Example
    -------
    >>> parse("dose > 40")
    Comparison(column=Column(name='dose'), operator='>', value=40.0)
    >>> parse("dose => 40")
    Traceback (most recent call last):
    ValueError: "dose => 40": "=>" is no comparison; did you mean ">="?
    """
    if len(text) > LONGEST:
        raise ValueError(f"a condition has at most {LONGEST:,} characters; this one has {len(text):,}")
    return _Reader(text).read()


def columns_of(condition: Condition) -> tuple[str, ...]:
    """The columns that a condition names, in their order, each once.

    >>> columns_of(parse("a > b and not (a is missing or c = 'x')"))
    ('a', 'b', 'c')
    """
    return tuple(dict.fromkeys(_columns(condition)))


def _columns(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Joined):
        for part in condition.parts:
            yield from _columns(part)
    elif isinstance(condition, Not):
        yield from _columns(condition.part)
    else:
        yield condition.column.name
        if isinstance(condition, Comparison) and isinstance(condition.value, Column):
            yield condition.value.name


class _Reader:
    """One pass over the tokens of a text, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._cut())
        self.place = 0
        self.depth = 0

    def _cut(self) -> Iterator[tuple[str, str]]:
        end = 0
        while self.text[end:].strip():
            found = _TOKEN.match(self.text, end)
            if found is None:
                rest = self.text[end:].strip()
                raise self.refused(
                    f"a quote is never closed: {rest[:12]}"
                    if rest[0] in "'\"`"
                    else f"{rest.split()[0][:20]!r} cannot stand in a condition"
                )
            end = found.end()
            kind = str(found.lastgroup)
            word = found[kind]
            yield (word.lower(), word) if kind == "word" and word.lower() in _WORDS else (kind, word)

    def refused(self, why: str) -> ValueError:
        """The sentence about this text."""
        said = self.text.strip()
        return ValueError(f'"{said if len(said) <= 80 else said[:77] + "..."}": {why}')

    def now(self) -> str:
        """The kind of the token that comes next; "" at the end."""
        return self.tokens[self.place][0] if self.place < len(self.tokens) else ""

    def is_mark(self, mark: str) -> bool:
        """Whether this parenthesis or comma comes next."""
        return self.now() == "mark" and self.tokens[self.place][1] == mark

    def take(self) -> str:
        """The next token's text."""
        self.place += 1
        return self.tokens[self.place - 1][1]

    def wanted(self, what: str) -> ValueError:
        """The sentence for a token that does not belong where it stands."""
        if not self.now():
            return self.refused(f"it ends where {what} should stand" if self.tokens else f"it is empty; write {what}, as in dose > 40")
        return self.refused(f'"{self.tokens[self.place][1]}" stands where {what} should stand')

    def read(self) -> Condition:
        """The whole text as one condition."""
        found = self.joined("or")
        if self.now():
            raise self.wanted("and, or, or the end")
        return found

    def joined(self, how: Literal["and", "or"]) -> Condition:
        """Parts joined by `or`, each made of parts joined by `and`."""
        parts = [self.joined("and") if how == "or" else self.negated()]
        while self.now() == how:
            self.take()
            parts.append(self.joined("and") if how == "or" else self.negated())
        return parts[0] if len(parts) == 1 else Joined(how, tuple(parts))

    def negated(self) -> Condition:
        """A condition, one in parentheses, or the opposite of one."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refused(f"it is nested more than {DEEPEST} deep")
        try:
            if self.now() == "not":
                self.take()
                return Not(self.negated())
            if self.is_mark("("):
                self.take()
                found = self.joined("or")
                self.close()
                return found
            return self.simple()
        finally:
            self.depth -= 1

    def close(self) -> None:
        """A closing parenthesis."""
        if not self.is_mark(")"):
            raise self.refused('a "(" is never closed') if not self.now() else self.wanted('")"')
        self.take()

    def column(self) -> Column:
        """The name of a column."""
        if self.now() not in ("word", "quoted"):
            raise self.wanted("the name of a column")
        return Column(self.take().strip("`"))

    def simple(self) -> Condition:
        """One column, and what is said of it."""
        column = self.column()
        if self.now() == "is":
            self.take()
            opposite = self.now() == "not" and bool(self.take())
            if self.now() != "missing":
                raise self.wanted("missing")
            self.take()
            return Not(Missing(column)) if opposite else Missing(column)
        opposite = self.now() == "not" and bool(self.take())
        if self.now() == "in":
            self.take()
            return Not(self.listed(column)) if opposite else self.listed(column)
        if opposite or self.now() != "operator":
            raise self.wanted("in" if opposite else "a comparison, such as >,")
        word = self.take()
        operator = next((each for each in _OPERATORS if each == _SAME.get(word, word)), None)
        if operator is None:
            turned = word[::-1] if word[::-1] in _OPERATORS else ""
            raise self.refused(f'"{word}" is no comparison; ' + (f'did you mean "{turned}"?' if turned else nearest(word, _OPERATORS)))
        if self.now() in ("word", "quoted"):
            return Comparison(column, operator, self.column())  # type: ignore[arg-type]
        return Comparison(column, operator, self.value())  # type: ignore[arg-type]

    def listed(self, column: Column) -> Condition:
        """The values in the parentheses after `in`."""
        if not self.is_mark("("):
            raise self.wanted('"("')
        self.take()
        values = [self.value()]
        while self.is_mark(","):
            self.take()
            values.append(self.value())
        self.close()
        return OneOf(column, tuple(values))

    def value(self) -> float | str | bool:
        """A number, a text, true or false."""
        kind = self.now()
        if kind in ("true", "false"):
            self.take()
            return kind == "true"
        if kind == "number":
            number = float(self.take())
            if not math.isfinite(number):
                raise self.refused(f"{self.tokens[self.place - 1][1][:20]} is too large a number")
            return number
        if kind == "text":
            word = self.take()
            return word[1:-1].replace(word[0] * 2, word[0])
        raise self.wanted("a number, a text between quotes, true or false")
