"""Source gone: a source that has been silent far longer than it used to be, while the log is expected to go on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement, Signal
from audits.ledger import Batch
from audits.quality.silence import WINDOWS, allowed_of, is_live
from audits.slices import Slice

NO_RHYTHM = "it has delivered too few times to know how long it is silent"
DELIVERIES = 4


@audit(name="source_gone", unit="ratio", needs=("clock", "sources"), tasks=EVERY_TASK, units="own")
def source_gone(evidence: Evidence) -> Iterator[Measurement]:
    """How long a source has been silent over how long it may be, for each of several sources; above 1 it is gone.

    Formula
        (now - time of its newest row) / max(3 windows, 3 x its longest silence so far). Now is the time of the audit, or, in a log of the
        past, the newest row of any source. Rows of outcomes count by the time when they became known. A source that delivered fewer than
        four times has no rhythm yet, and no figure; nor has a log with one source: see `no_data`. Sources of reference rows are left out.
    Interval
        None needed: it is a fact. n is the rows that the source brought.
    When it misleads
        A source that was replaced on purpose stays gone until it is taken out of the configuration. A file that is rewritten in place is
        one batch, whose silences inside nobody knows.
    Source
        D. Sculley et al. (2015), Hidden Technical Debt in Machine Learning Systems, on monitoring upstream producers.
    """
    sources = evidence.ledger.sources
    held = {name: [batch for batch in evidence.ledger.batches if batch.source == name and batch.last is not None] for name in sources}
    times = [batch.last for name in sources for batch in held[name] if batch.last is not None]
    if not times:
        return
    now = evidence.clock if is_live(evidence) else max(times)
    least = allowed_of(evidence)
    newest = len(evidence.windows) - 1
    for place, name in enumerate(sources):
        silent, most = _silence(held[name], now, least)
        ratio = np.full(2, np.nan if silent is None else silent / most)
        hour = dt.timedelta(hours=1)
        table = {} if silent is None else {"silent_hours": round(silent / hour, 2), "allowed_hours": round(most / hour, 2)}
        found = measurement(
            "source_gone", "ratio", value=ratio, low=ratio, high=ratio, n=np.full(2, sum(batch.received for batch in held[name])),
            method="exact", window=np.asarray([0, newest]), slice=len(evidence.slices) + place,
            reason="" if silent is not None else NO_RHYTHM,
            tables={0: table, 1: table} if table else {},
        )  # fmt: skip
        yield replace(found, named=tuple(Slice.of({"source": each}) for each in sources))


def _silence(batches: Sequence[Batch], now: dt.datetime, least: dt.timedelta) -> tuple[dt.timedelta | None, dt.timedelta]:
    """How long a source has been silent, and how long it may be; None where it has no rhythm."""
    ends = sorted({batch.last for batch in batches if batch.last is not None})
    if len(ends) < DELIVERIES:
        return None, least
    longest = max(later - earlier for earlier, later in pairwise(ends))
    return max(now - ends[-1], dt.timedelta()), max(least, WINDOWS * longest)


def signal(model: str, failing_since: dt.datetime | None, now: dt.datetime, reason: str, after: dt.timedelta) -> Signal:
    """The same between audits: a source that cannot be read is raised once it has failed for `after`; before that nobody can tell."""
    if failing_since is None:
        return Signal(model=model, rule="source_gone", family="service", severity="page", answer="quiet", window_end=now)
    failing = max(now - failing_since, dt.timedelta())
    raised = failing >= after
    ratio = failing / after if after else float(raised)
    return Signal(
        model=model, rule="source_gone", family="service", severity="page", answer="raised" if raised else "can't tell",
        window_start=failing_since, window_end=now, since=failing_since if raised else None, value=ratio, low=ratio, high=ratio,
        unit="ratio", reason=reason,
    )  # fmt: skip
