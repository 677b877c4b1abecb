"""Label maturity: which windows still wait for outcomes, so that a figure made of the early ones says so."""

from __future__ import annotations

import datetime as dt

import numpy as np

from audits.evidence import Evidence

TYPICAL = 0.95


def immature(evidence: Evidence) -> tuple[str, ...]:
    """Why each window's outcomes are not all in yet; "" for a mature window, for all windows where nothing says how long outcomes take.

    A window is immature when outcomes are missing and the last of them were due after the log's own present: its newest prediction.
    Outcomes are due `label_delay` after the prediction, or, where only their times are logged, after as many days as 95 % of the known ones
    took.
    """
    delay = _delay(evidence)
    now = None if evidence.freshness is None else min(evidence.clock, evidence.freshness)
    found = []
    for position, window in enumerate(evidence.windows):
        rows, known = (float(of[0, position, 0]) for of in (evidence.counts.rows, evidence.counts.labelled))
        if delay is None or now is None or window.end is None or known >= rows or window.end + delay <= now:
            found.append("")
            continue
        due = window.end + delay
        day = f"{due.day} {due:%b %Y}" + ("" if due.time() == dt.time() else f", {due:%H:%M} UTC")
        share = f"{100 * known / rows:.1f}%"
        found.append(f"immature: {share if share != '100.0%' else 'over 99.9%'} of outcomes known, due by {day}")
    return tuple(found)


def _delay(evidence: Evidence) -> dt.timedelta | None:
    if evidence.model.label_delay is not None:
        return evidence.model.label_delay
    if evidence.model.columns.outcome_time is None:
        return None
    tables = (evidence.tally.maturity, evidence.reference_tally.maturity)
    lag = np.concatenate([np.asarray(table["lag_days"], dtype=np.int64) for table in tables])
    n = np.concatenate([np.asarray(table["n"], dtype=np.int64) for table in tables])
    if not n.sum():
        return None
    order = np.argsort(lag, kind="stable")
    place = int(np.searchsorted(np.cumsum(n[order]), TYPICAL * n.sum()))
    return dt.timedelta(days=int(max(lag[order][place], 0)) + 1)
