"""Times, windows and durations as people write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

DASH: Final = "–"
MINUS: Final = "\u2212"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(value: datetime | date) -> str:
    """Write a UTC date.

    >>> day(date(2026, 11, 3))
    '3 Nov 2026'
    """
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | int | None) -> str:
    """Write a UTC time to the minute, midnight as a date only; a number is a row.

    >>> moment(datetime(2026, 11, 3, 14, 5)), moment(5000), moment(None)
    ('3 Nov 2026, 14:05 UTC', 'row 5,000', '–')
    """
    if value is None:
        return DASH
    if isinstance(value, int):
        return f"row {value:,}"
    return day(value) if (value.hour, value.minute, value.second) == (0, 0, 0) else f"{day(value)}, {value:%H:%M} UTC"


def window(
    start: datetime | None, end: datetime | None, first_row: int | None = None, last_row: int | None = None, *, partial: bool = False
) -> str:
    """Name a window: a day, a month, a range of days or hours (the end is exclusive), or rows (inclusive).

    >>> window(datetime(2026, 11, 3), datetime(2026, 11, 4))
    '3 Nov 2026'
    >>> window(datetime(2026, 11, 2), datetime(2026, 11, 9)), window(datetime(2026, 10, 1), datetime(2026, 11, 1))
    ('2–8 Nov 2026', 'Oct 2026')
    >>> window(datetime(2026, 11, 3, 14), datetime(2026, 11, 3, 15)), window(None, None, 0, 4999, partial=True)
    ('3 Nov 2026, 14:00–15:00 UTC', 'rows 0–4,999 (partial)')
    """
    suffix = " (partial)" if partial else ""
    if start is None or end is None:
        return DASH if first_row is None or last_row is None else f"rows {first_row:,}–{last_row:,}{suffix}"
    return f"{_span(start, end)}{suffix}"


def _span(start: datetime, end: datetime) -> str:
    midnight = all((t.hour, t.minute, t.second, t.microsecond) == (0, 0, 0, 0) for t in (start, end))
    if not midnight:
        close = f"{end:%H:%M}" if start.date() == end.date() else f"{day(end)}, {end:%H:%M}"
        return f"{day(start)}, {start:%H:%M}–{close} UTC" if start.date() == end.date() else f"{day(start)}, {start:%H:%M} – {close} UTC"
    last = end - timedelta(days=1)
    if last <= start:
        return day(start)
    if start.day == 1 and end.day == 1 and (end.year * 12 + end.month) - (start.year * 12 + start.month) == 1:
        return f"{_MONTHS[start.month - 1]} {start.year}"
    if (start.year, start.month) == (last.year, last.month):
        return f"{start.day}–{day(last)}"
    opening = day(start) if start.year != last.year else f"{start.day} {_MONTHS[start.month - 1]}"
    return f"{opening} – {day(last)}"


def duration(span: timedelta) -> str:
    """Write a duration with its two largest units.

    >>> duration(timedelta(hours=26, minutes=5)), duration(timedelta(seconds=12))
    ('1 d 2 h', '12 s')
    """
    seconds = round(span.total_seconds())
    sign, seconds = (MINUS, -seconds) if seconds < 0 else ("", seconds)
    parts = []
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            parts.append(f"{seconds // size} {letter}")
            seconds %= size
        elif parts:
            break
    return sign + (" ".join(parts[:2]) or "0 s")
