"""How one source column becomes one stored column: the type it gets, the SQL that converts it, and what cannot be converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.config import Value
from connectors.errors import CandorError
from connectors.schema import literal, quote

MISSING = ("", "na", "n/a", "#n/a", "null", "none", "-")  # in a column of numbers, times or booleans; in text they are text
SHARE = 0.95  # a column is numeric when at least this share of its values are numbers
NOUNS = {"BIGINT": "a whole number", "DOUBLE": "a number", "BOOLEAN": "true or false", "TIMESTAMP": "a time", "VARCHAR": "text"}
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_FLOATS = {"FLOAT", "DOUBLE", "UBIGINT", "HUGEINT", "UHUGEINT"}


def stored_type(kind: str) -> str:
    """The warehouse's type for a typed source's column (anything nested becomes text).

    Example
    -------
    >>> stored_type("DECIMAL(18,3)"), stored_type("DATE"), stored_type("INTEGER[]")
    ('DOUBLE', 'TIMESTAMP', 'VARCHAR')
    """
    kind = kind.upper()
    if kind in _INTEGERS:
        return "BIGINT"
    if kind in _FLOATS or (kind.startswith("DECIMAL") and kind.endswith(")")):
        return "DOUBLE"
    if kind == "BOOLEAN":
        return "BOOLEAN"
    if kind == "DATE" or (kind.startswith("TIMESTAMP") and not kind.endswith("]")):
        return "TIMESTAMP"
    return "VARCHAR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Counts over one text column: values that are not missing, and how many of them can be what."""

    values: int
    integers: int
    numbers: int
    codes: int
    booleans: int
    times: int

    def type(self) -> str | None:
        """The type these values suggest; None when there are no values. Digits after a leading zero (a post code) are text."""
        if self.values == 0:
            return None
        if self.codes == 0 and self.integers == self.numbers and self.integers >= SHARE * self.values:
            return "BIGINT"
        if self.codes == 0 and self.numbers >= SHARE * self.values:
            return "DOUBLE"
        if self.booleans >= SHARE * self.values:
            return "BOOLEAN"
        return "TIMESTAMP" if self.times >= SHARE * self.values else "VARCHAR"


def source_column(name: str) -> str:
    """SQL: a column of the rows being read, which every statement calls `s`: a log may have columns named like ours.

    Example
    -------
    >>> print(source_column("time"))
    s."time"
    """
    return f"s.{quote(name)}"


def present(value: str) -> str:
    """SQL: a text value that is not one of the words for "missing"."""
    words = ", ".join(f"'{word}'" for word in MISSING)
    return f"CASE WHEN length({value}) > 4 OR lower(trim({value})) NOT IN ({words}) THEN {value} END"


def profile_sql(column: str) -> str:
    """SQL: the list of a Profile's counts over a text column."""
    v = present(source_column(column))
    number = f"(TRY_CAST({v} AS DOUBLE) IS NOT NULL AND NOT contains({v}, '_'))"
    integer = f"({number} AND TRY_CAST({v} AS BIGINT) = TRY_CAST({v} AS DOUBLE) AND NOT contains({v}, '.'))"
    code = rf"(regexp_full_match(trim({v}), '[+-]?0\d+'))"
    boolean = f"(lower(trim({v})) IN ('true', 'false'))"
    time = f"(NOT {number} AND {_time_from_text(v)} IS NOT NULL)"
    counts = ", ".join(f"count(*) FILTER ({test})" for test in (f"({v}) IS NOT NULL", integer, number, code, boolean, time))
    return f"[{counts}]"


def _time_from_text(value: str) -> str:
    return f"CAST(TRY_CAST({value} AS TIMESTAMPTZ) AS TIMESTAMP)"


def converted(column: str, source: str, target: str) -> str:
    """SQL: the stored value of a column; NULL where it cannot be converted, and for NaN and the infinities."""
    name = source_column(column)
    value = raw(column, source, target)
    if target == "DOUBLE" and source not in _INTEGERS:
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    return value if target != source else name


def raw(column: str, source: str, target: str) -> str:
    """SQL: as `converted`, but NaN and the infinities are kept, so that they can be told from what is missing."""
    name = source_column(column)
    if source == target and target != "VARCHAR":
        return name
    if target == "VARCHAR":
        return name if source == "VARCHAR" else f"CAST({name} AS VARCHAR)"
    if source != "VARCHAR":
        return f"CAST({name} AS {target})" if stored_type(source) == target else f"TRY_CAST({name} AS {target})"
    v = present(name)
    if target == "TIMESTAMP":
        return f"CASE WHEN isfinite({_time_from_text(v)}) THEN {_time_from_text(v)} END"
    if target == "BOOLEAN":
        word = f"lower(trim({name}))"
        return f"CASE WHEN {word} IN ('true', '1', '1.0') THEN true WHEN {word} IN ('false', '0', '0.0') THEN false END"
    if target == "BIGINT":
        return f"CASE WHEN TRY_CAST({v} AS BIGINT) = TRY_CAST({v} AS DOUBLE) THEN TRY_CAST({v} AS BIGINT) END"
    return f"TRY_CAST({v} AS DOUBLE)"


def unconvertible(column: str, source: str, target: str) -> str | None:
    """SQL: true where there is a value and it cannot be converted; None when that cannot happen."""
    if target == "VARCHAR" or source == target or (source != "VARCHAR" and stored_type(source) == target):
        return None
    if {stored_type(source), target} <= {"BIGINT", "DOUBLE"} and source != "VARCHAR":
        if target == "DOUBLE":
            return None
        name = source_column(column)
        return f"(isfinite({name}) AND TRY_CAST({name} AS BIGINT) IS DISTINCT FROM {name})"
    value = present(source_column(column)) if source == "VARCHAR" else source_column(column)
    return f"(({value}) IS NOT NULL AND ({raw(column, source, target)}) IS NULL)"


def nonfinite(targets: Mapping[str, tuple[str, str]]) -> str:
    """SQL: the list of columns that hold NaN or an infinity in this row; NULL when none does."""
    able = {c: raw(c, source, target) for c, (source, target) in targets.items() if target == "DOUBLE" and source not in _INTEGERS}
    if not able:
        return "CAST(NULL AS VARCHAR[])"
    # One cheap sum decides for nearly every row: 0 × NaN and 0 × infinity are NaN, and NaN survives addition.
    quick = " + ".join(f"coalesce(({value}) * 0, 0)" for value in able.values())
    each = ", ".join(f"CASE WHEN NOT isfinite({value}) THEN {literal(c)} END" for c, value in able.items())
    return f"CASE WHEN NOT isfinite({quick}) THEN list_filter([{each}], lambda c: c IS NOT NULL) END"


def moment(column: str, source: str) -> str:
    """SQL: a UTC time from a column of times, texts or numbers.

    Naive times are UTC. 1900 to 2200 are years, 19000101 to 22001231 dates, other numbers seconds, milli-, micro- or nanoseconds
    since 1970 by their size.
    """
    name = source_column(column)
    kind = stored_type(source)
    if kind == "TIMESTAMP":
        return f"CASE WHEN isfinite(CAST({name} AS TIMESTAMP)) THEN CAST({name} AS TIMESTAMP) END"
    if kind in {"BIGINT", "DOUBLE"}:
        return _time_from_number(f"CAST({name} AS DOUBLE)", f"CAST({name} AS BIGINT)" if kind == "BIGINT" else None)
    if source == "VARCHAR":
        text = f"CASE WHEN isfinite({_time_from_text(name)}) THEN {_time_from_text(name)} END"
        return f"coalesce({text}, {_time_from_number(f'TRY_CAST({name} AS DOUBLE)', None)})"
    raise CandorError(f'the column "{column}" is mapped to a time but holds values of type {source}; store times, text or numbers')


def _time_from_number(v: str, whole: str | None) -> str:
    micros = whole or f"TRY_CAST({v} AS BIGINT)"
    return (
        f"CASE WHEN {v} IS NULL OR NOT isfinite({v}) THEN NULL"
        f" WHEN {v} BETWEEN 1900 AND 2200 AND {v} = floor({v}) THEN make_timestamp(CAST({v} AS BIGINT), 1, 1, 0, 0, 0)"
        f" WHEN {v} BETWEEN 19000101 AND 22001231 AND TRY_STRPTIME(CAST(TRY_CAST({v} AS BIGINT) AS VARCHAR), '%Y%m%d') IS NOT NULL"
        f" THEN TRY_STRPTIME(CAST(TRY_CAST({v} AS BIGINT) AS VARCHAR), '%Y%m%d')"
        f" WHEN abs({v}) < 100000000000 THEN make_timestamp(TRY_CAST({v} * 1000000 AS BIGINT))"
        f" WHEN abs({v}) < 100000000000000 THEN make_timestamp(TRY_CAST({v} * 1000 AS BIGINT))"
        f" WHEN abs({v}) < 100000000000000000 THEN make_timestamp({micros})"
        f" WHEN abs({v}) < 9000000000000000000 THEN make_timestamp({micros} // 1000) END"
    )


def stored_value(value: Value, kind: str) -> Value | None:
    """A value of `candor.toml` as a column of this type stores it; None when the column cannot hold it.

    Example
    -------
    >>> stored_value(1, "VARCHAR"), stored_value("1", "DOUBLE"), stored_value(1, "BOOLEAN"), stored_value("yes", "BIGINT")
    ('1', 1.0, True, None)
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "VARCHAR":
        return text
    if kind == "BOOLEAN":
        return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(text.lower())
    number = float(value) if isinstance(value, bool | int | float) else _number(value)
    if number is None or (kind == "BIGINT" and not number.is_integer()):
        return None
    return int(number) if kind == "BIGINT" else number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
