"""Windows: the stretches of a log that a figure is about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

HOUR, DAY = 3600, 86400
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 -- all times here are UTC without a zone, as DuckDB's TIMESTAMP is


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A half-open stretch of time in UTC, or an inclusive range of row numbers for a log without a clock.

    `partial` marks a window that the log does not fill: the last one, or one whose rows were still arriving.
    """

    start: dt.datetime | None = None
    end: dt.datetime | None = None
    first_row: int | None = None
    last_row: int | None = None
    partial: bool = False


@dataclass(frozen=True)
class WindowLength:
    """How a log is cut into windows: `1h`, `1d`, `1w`, `1mo` or `5000 rows`.

    >>> WindowLength("5000 rows").bucket_unit, WindowLength("1w").bucket_unit
    ('5000 rows', 'day')
    """

    text: str

    @cached_property
    def rows(self) -> int | None:
        """Rows in a window, or None where windows follow the clock."""
        return int(self.text.split()[0]) if self.text.endswith("rows") else None

    @property
    def bucket_unit(self) -> str:
        """What one partition holds: an hour, a UTC day, or a block of rows."""
        if self.rows is not None:
            return self.text
        return "hour" if self.text == "1h" else "day"

    def start_of(self, bucket: int) -> int:
        """The first bucket of the window that `bucket` falls into; weeks start on Monday, months on the first.

        >>> WindowLength("1w").start_of(20454) - WindowLength("1w").start_of(20450)  # 1 January 2026 is a Thursday
        7
        """
        if self.rows is not None or self.text in ("1h", "1d"):
            return bucket
        day = dt.date(1970, 1, 1) + dt.timedelta(days=bucket)
        first = day - dt.timedelta(days=day.weekday()) if self.text == "1w" else day.replace(day=1)
        return (first - dt.date(1970, 1, 1)).days

    def next(self, start: int) -> int:
        """The first bucket of the window after the one that starts at `start`."""
        if self.text == "1w":
            return start + 7
        if self.text == "1mo":
            return self.start_of(start + 31)
        return start + 1

    def window(self, start: int, *, last: dt.datetime | None = None, last_row: int | None = None, rows: int = 0) -> Window:
        """The window whose first bucket is `start`.

        `last` and `last_row` are the latest prediction of the log and `rows` how many of the window's rows there are: the window
        is partial when, at the pace of its own rows, more than five are still missing. A log of bare dates counts by whole days.

        >>> noon = dt.datetime(2026, 1, 1, 12)
        >>> WindowLength("1d").window(20454, last=noon, rows=500).partial
        True
        """
        if self.rows is not None:
            first, final = start * self.rows, (start + 1) * self.rows - 1
            short = last_row is not None and last_row < final
            return Window(first_row=first, last_row=last_row if short else final, partial=short)
        unit = HOUR if self.text == "1h" else DAY
        begin = EPOCH + dt.timedelta(seconds=start * unit)
        end = EPOCH + dt.timedelta(seconds=self.next(start) * unit)
        partial = False
        if last is not None and last < end:
            reached = last + dt.timedelta(days=1) if last.time() == dt.time() else last
            partial = (end - reached) * max(rows, 1) > 5 * (reached - begin)
        return Window(start=begin, end=end, partial=partial)
