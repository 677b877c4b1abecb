"""No data: how long the log has been silent, over how long it may be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement, Signal
from audits.quality.arrived import NOTHING
from audits.quality.silence import PAST, allowed_of, is_live, spoken


@audit(name="no_data", unit="ratio", needs=("clock", "arrivals"), tasks=EVERY_TASK, units="own")
def no_data(evidence: Evidence) -> Iterator[Measurement]:
    """Time since the newest prediction over the longest time without one that is allowed: above 1, no data comes.

    Formula
        (clock - newest prediction) / allowed; allowed is three windows (`candor watch` takes `watch.no_data_after` where it is set). It
        speaks of the moment of the audit, so of the whole period and the newest window alike. No figure where the newest rows were older
        than that when they came: a log of the past is not silent.
    Interval
        None needed: it is a fact. n is the rows of the period.
    When it misleads
        A model that answers only on workdays is silent every weekend. A single row dated ahead of its time hides the silence.
    Source
        B. Beyer et al. (2016), Site Reliability Engineering, chapter 6, on alerting on the absence of a signal.
    """
    rows = evidence.counts.rows[0, 0, 0]
    live = is_live(evidence)
    if evidence.freshness is None:
        return
    silent, most = max(evidence.clock - evidence.freshness, dt.timedelta()), allowed_of(evidence)
    value = np.full(2, silent / most if live else np.nan)
    table = {"silent_hours": round(silent / dt.timedelta(hours=1), 2), "allowed_hours": round(most / dt.timedelta(hours=1), 2)}
    yield measurement(
        "no_data", "ratio", value=value, low=value, high=value, n=np.full(2, round(float(rows))), method="exact",
        window=np.asarray([0, len(evidence.windows) - 1]), slice=0, tables={0: table, 1: table} if live else {},
        reason="" if live else PAST if live is False else NOTHING,
    )  # fmt: skip


def signal(model: str, newest: dt.datetime | None, now: dt.datetime, after: dt.timedelta, since: dt.datetime | None = None) -> Signal:
    """The same rule between audits, when nothing was ingested: silence for longer than `after` is raised.

    Parameters
    ----------
    newest
        The newest prediction (UTC, naive, like all times here).
    since
        Where there is no prediction yet: since when one is waited for.
    """
    start = newest if newest is not None else since
    if start is None:
        return Signal(model=model, rule="no_data", family="service", severity="page", answer="can't tell", window_end=now)
    silent = max(now - start, dt.timedelta())
    raised = silent > after
    return Signal(
        model=model, rule="no_data", family="service", severity="page", answer="raised" if raised else "quiet", window_start=start,
        window_end=now, since=start if raised else None, value=silent / after, low=silent / after, high=silent / after, unit="ratio",
        reason=f"no new prediction for {spoken(silent)}, allowed are {spoken(after)}" if raised else "",
    )  # fmt: skip
