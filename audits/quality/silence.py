"""How long a log may be silent, and whether its present can be told at all: what `no_data` and `source_gone` go by."""

from __future__ import annotations

import datetime as dt

from audits.evidence import Evidence
from audits.quality.arrived import length_of
from audits.window import DAY, HOUR

WINDOWS = 3
"""Windows without a row that are allowed where nobody said how long."""

PAST = "the newest rows were old when they came: this is a log of the past"

_SECONDS = {"1h": HOUR, "1d": DAY, "1w": 7 * DAY, "1mo": 31 * DAY}


def allowed(window: str) -> dt.timedelta:
    """Three windows of a calendar length.

    >>> allowed("1h")
    datetime.timedelta(seconds=10800)
    """
    return dt.timedelta(seconds=WINDOWS * _SECONDS[window])


def allowed_of(evidence: Evidence) -> dt.timedelta:
    """Three windows of the evidence, which has a clock."""
    return allowed(length_of(evidence).text)


def is_live(evidence: Evidence) -> bool | None:
    """Whether the newest rows came when they were young, so that silence since then means something; None where nobody remembers."""
    of_rows = [batch for batch in evidence.ledger.batches if batch.kind != "outcomes"]
    came = [batch for batch in of_rows if batch.last is not None and batch.committed is not None]
    if not came:
        return None
    newest = max(came, key=lambda batch: batch.last or dt.datetime.min)  # noqa: DTZ901  naive UTC, as everywhere
    assert newest.last is not None
    assert newest.committed is not None
    return newest.committed - newest.last <= allowed_of(evidence)


def spoken(time: dt.timedelta) -> str:
    """A stretch of time in words, rounded down to its largest unit.

    >>> spoken(dt.timedelta(hours=7, minutes=50)), spoken(dt.timedelta(days=1)), spoken(dt.timedelta(minutes=1))
    ('7 hours', '1 day', '1 minute')
    """
    seconds = max(int(time.total_seconds()), 0)
    for name, size in (("day", DAY), ("hour", HOUR), ("minute", 60)):
        if seconds >= size or name == "minute":
            n = seconds // size
            return f"{n} {name}" + ("" if n == 1 else "s")
    return ""
