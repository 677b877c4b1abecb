"""What single values of `candor.toml` may be: each function gives the value back, changed where needed, or refuses it in a sentence."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime, timedelta

from connectors.alert_config import Budget
from connectors.errors import nearest
from connectors.schema import check_name

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)", re.IGNORECASE)
_FACTORS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_DELAY = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_BUDGET = re.compile(r"(\d+(?:\.\d+)?)\s+per\s+(.+)")
_ROW_WINDOW = re.compile(r"([1-9]\d*) rows")
CALENDAR_WINDOWS = ("1h", "1d", "1w", "1mo")


def window(value: str) -> str:
    """A window length, or a refusal."""
    if value not in CALENDAR_WINDOWS and not _ROW_WINDOW.fullmatch(value):
        raise ValueError(f'"{value}" is not a window; {nearest(value, [*CALENDAR_WINDOWS, "5000 rows"])}')
    return value


def column(value: str) -> str:
    """A name that a column can have, or a refusal."""
    problem = check_name(value)
    if problem:
        raise ValueError(f"the column name {value!r} {problem}")
    return value


def delay(value: object) -> object:
    """A duration such as "14d"."""
    match = _DELAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{value!r} is not a duration; write "36h", "14d" or "2w"')
    amount = float(match[1])
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[match[2]]
    try:
        return timedelta(**{unit: amount})
    except OverflowError:
        raise ValueError(f'{value!r} is longer than any log; write "36h", "14d" or "2w"') from None


def written(delay: timedelta) -> str:
    """A duration as the configuration writes it.

    >>> written(timedelta(days=14)), written(timedelta(hours=36)), written(timedelta(seconds=90))
    ('14d', '36h', '90s')
    """
    seconds = round(delay.total_seconds())
    unit, size = next((u, s) for u, s in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)) if seconds % s == 0)
    return f"{seconds // size}{unit}"


def budget(value: object) -> object:
    """A budget of false alarms such as "1 per 7d".

    >>> budget("2 per 30d")
    Budget(count=2.0, per=datetime.timedelta(days=30))
    """
    match = _BUDGET.fullmatch(value.strip()) if isinstance(value, str) else None
    per = delay(match[2]) if match is not None else None
    if match is None or not isinstance(per, timedelta) or not per or not float(match[1]):
        raise ValueError(f'{value!r} is not a budget of false alarms; write "1 per 7d"')
    return Budget(count=float(match[1]), per=per)


def moment(value: object) -> object:
    """A date or a time, as UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f'"{value}" is not a date; write 2026-02-01 or 2026-02-01T00:00:00Z') from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise ValueError(f"{value!r} is not a date; write 2026-02-01 or 2026-02-01T00:00:00Z")
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{value} lies outside the calendar; write 2026-02-01 or 2026-02-01T00:00:00Z") from None


def memory_bytes(value: str) -> int:
    """Bytes of a size such as "2GB" (10^9) or "2GiB" (2^30).

    Raises
    ------
    ValueError
        Not a size, or below 400 MB, which the interpreter alone nearly fills.

    Example
    -------
    >>> memory_bytes("1.5GB")
    1500000000
    """
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f'"{value}" is not a size; write "2GB" or "900MB"')
    size = int(float(match[1]) * _FACTORS[match[2].lower()])
    if size < 400_000_000:
        raise ValueError(f'"{value}" is too small; the least is "400MB"')
    return size


def memory(value: str) -> str:
    """A size that `memory_bytes` accepts."""
    memory_bytes(value)
    return value


def level(value: object) -> object:
    """The level of a group, as groups are named: text, whole numbers without a point."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def edges(value: tuple[float, ...]) -> tuple[float, ...]:
    """Rising numbers."""
    if not value or any(b <= a for a, b in itertools.pairwise(value)):
        raise ValueError("edges must be one or more rising numbers, such as [25, 46]")
    return value
