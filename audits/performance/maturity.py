"""Label maturity: how long outcomes take, and which windows still wait for them, so that a figure made of the early ones says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.interval import z_of
from audits.tally import Tally
from audits.window import DAY, EPOCH, HOUR

TYPICAL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class LagCurve:
    """The share of predictions whose outcome is known within 0, 1, 2, ... days, with its 95 % interval.

    Young predictions have not had the time for long lags: each counts for the lags that it has had time for, and no further (Kaplan and
    Meier), so that neither the young nor the long are left out. Where some outcomes never come, the curve levels off below 1.
    """

    share: Floats
    low: Floats
    high: Floats

    def within(self, days: Floats) -> Floats:
        """The share known some days after the prediction, fractions of days in between.

        >>> LagCurve(share=np.array([0.2, 0.6]), low=np.zeros(2), high=np.ones(2)).within(np.array([-1.0, 0.5, 2.0, 9.0]))
        array([0. , 0.1, 0.6, 0.6])
        """
        return np.asarray(np.interp(days, np.arange(len(self.share) + 1), np.concatenate([[0.0], self.share])))

    def day(self, part: float) -> int | None:
        """The first day by which this part of all outcomes that ever come is known; None where none ever came."""
        last = float(self.share[-1])
        return int(np.flatnonzero(self.share >= part * last - 1e-12)[0]) if last > 0 else None


def lag_curve(evidence: Evidence) -> LagCurve | None:
    """How long outcomes take, read off those whose time is logged; None where none is, or no prediction has had a day's time.

    Source: E. L. Kaplan and P. Meier (1958), JASA 53; interval: M. Greenwood (1926), on the scale of log(-log).
    """
    return curve_of(evidence, [evidence.tally] if evidence.reference.kind == "first window" else [evidence.tally, evidence.reference_tally])


def curve_of(evidence: Evidence, parts: Sequence[Tally]) -> LagCurve | None:
    """The same, read off these tallies alone."""
    now = present(evidence)
    if evidence.model.columns.outcome_time is None or now is None:
        return None
    counted = [lags_by_partition(tally, now, bucket_seconds(evidence)) for tally in parts]
    longest = max((lags.shape[1] for _, lags, _ in counted), default=0)
    if not longest:
        return None
    lags = np.concatenate([np.pad(found, ((0, 0), (0, longest - found.shape[1]))) for _, found, _ in counted])
    rows, age = (np.concatenate([part[i] for part in counted]) for i in (0, 2))
    days = np.arange(longest)
    watched = age[:, None] >= days
    waiting = rows[:, None] - np.cumsum(lags, axis=1) + lags
    at_risk, known = (waiting * watched).sum(axis=0), (lags * watched).sum(axis=0)
    held = at_risk > 0
    if not held[0] or not known.sum():
        return None
    last = len(days) if held.all() else int(np.flatnonzero(~held)[0])
    at_risk, known = at_risk[:last], np.minimum(known[:last], at_risk[:last])
    left = np.cumprod(1 - known / at_risk)
    terms = np.divide(known, at_risk * (at_risk - known), out=np.zeros_like(known), where=at_risk > known)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = z_of() * np.sqrt(np.cumsum(terms)) / np.abs(np.log(left))
        ends = np.exp(np.log(left) * np.exp(half)), np.exp(np.log(left) * np.exp(-half))
    certain = (left <= 0) | (left >= 1)
    return LagCurve(share=1 - left, low=np.where(certain, 1 - left, 1 - ends[1]), high=np.where(certain, 1 - left, 1 - ends[0]))


def lags_by_partition(tally: Tally, now: dt.datetime, unit: int) -> tuple[Floats, Floats, Integers]:
    """By partition: rows, outcomes by the whole days they took, and the longest lag that all of its rows have had time for.

    Known outcomes without a time say nothing about lags: their rows are left out.
    """
    size = len(tally.partitions)
    rows = np.asarray([p.rows for p in tally.partitions], dtype=np.float64)
    place, lag = tally.maturity["partition"], np.maximum(tally.maturity["lag_days"].astype(np.int64), 0)
    n = tally.maturity["n"].astype(np.float64)
    lags = np.zeros((size, int(lag.max()) + 1 if len(lag) else 0))
    np.add.at(lags, (place, lag), n)
    known = (tally.outcome["family"] == 0) & (tally.outcome["outcome"] >= 0)
    labelled = np.bincount(tally.outcome["partition"][known], weights=tally.outcome["n"][known].astype(np.float64), minlength=size)
    untimed = np.maximum(labelled - lags.sum(axis=1), 0.0)
    seconds = (now - EPOCH).total_seconds()
    buckets = np.asarray([p.bucket for p in tally.partitions], dtype=np.int64)
    age = np.floor((seconds - (buckets + 1) * unit) / DAY).astype(np.int64) - 1
    return np.maximum(rows - untimed, 0.0), lags, age


def bucket_seconds(evidence: Evidence) -> int:
    """How long a bucket of the tally is: an hour or a day."""
    start = evidence.windows[1].start if len(evidence.windows) > 1 else None
    return HOUR if start is not None and EPOCH + dt.timedelta(seconds=evidence.spans[1][0] * HOUR) == start else DAY


def present(evidence: Evidence) -> dt.datetime | None:
    """The log's own present: its newest prediction."""
    return None if evidence.freshness is None else min(evidence.clock, evidence.freshness)


def immature(evidence: Evidence) -> tuple[str, ...]:
    """Why each window's outcomes are not all in yet; "" for a mature window, for all windows where nothing says how long outcomes take.

    A window is immature when outcomes are missing and the last of them were due after the log's own present: its newest prediction.
    Outcomes are due `label_delay` after the prediction, or, where only their times are logged, after as many days as it takes 95 % of
    those that ever come (`lag_curve`).
    """
    delay, now = _delay(evidence), present(evidence)
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
    curve = lag_curve(evidence)
    days = None if curve is None else curve.day(TYPICAL)
    return None if days is None else dt.timedelta(days=days + 1)
