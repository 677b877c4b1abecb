"""What `--window` asks for: another length of windows, or one window to report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audits.finding import Measurement
from audits.window import Window
from connectors.config_values import CALENDAR_WINDOWS
from connectors.errors import UsageError


def split_window(given: str | None) -> tuple[str | None, str | None]:
    """What "--window" asks for: a window length, or one window to report.

    >>> split_window("1w"), split_window("2026-03-01")
    (('1w', None), (None, '2026-03-01'))
    """
    if given is None:
        return None, None
    words = given.split()
    if given in CALENDAR_WINDOWS or (len(words) == 2 and words[1] == "rows" and words[0].isdigit() and int(words[0]) > 0):
        return given, None
    if _moment(given) is None and _row(given) is None:
        raise UsageError(
            f'--window "{given}" is neither a length (1h, 1d, 1w, 1mo, "5000 rows") nor one window '
            '(2026-03-01, 2026-03-01T06:00, "row 12000")'
        )
    return None, given


def position_of(windows: Sequence[Window], wanted: str) -> int:
    """The window that a time or a row falls into.

    Raises
    ------
    UsageError
        The log has no such window.
    """
    moment, row = _moment(wanted), _row(wanted)
    for position, window in enumerate(windows[1:], start=1):
        if moment is not None and window.start is not None and window.end is not None and window.start <= moment < window.end:
            return position
        if row is not None and window.first_row is not None and window.last_row is not None and window.first_row <= row <= window.last_row:
            return position
    first, last = windows[0], windows[-1]
    if first.start is None:
        raise UsageError(f'no window holds "{wanted}": the log runs from row 0 to row {last.last_row}; write "row N"')
    raise UsageError(f'no window holds "{wanted}": the log runs from {first.start:%Y-%m-%d} to {last.end:%Y-%m-%d}')


def _moment(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError:
        return None
    return found.astimezone(dt.UTC).replace(tzinfo=None) if found.tzinfo is not None else found


def _row(text: str) -> int | None:
    words = text.split()
    return int(words[1]) if len(words) == 2 and words[0] == "row" and words[1].isdigit() else None


def within(block: Measurement, window: int) -> Measurement:
    """The part of a block that is about one window."""
    kept = np.flatnonzero(block.window == window)
    arrays = ("window", "version", "slice", "reference_slice", "attribute", "column", "value", "low", "high", "n", "method", "p_value")
    tables = {new: block.tables[int(old)] for new, old in enumerate(kept) if int(old) in block.tables}
    people = None if block.people is None else (block.people[0][kept], block.people[1][kept], block.people[2][kept])
    return replace(
        block, **{name: getattr(block, name)[kept] for name in (*arrays, "reason")}, tables=tables, people=people,
        q_value=None if block.q_value is None else block.q_value[kept],
    )  # fmt: skip
