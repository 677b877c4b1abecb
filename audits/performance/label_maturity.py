"""The audit `label_maturity`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import proportion
from audits.performance.maturity import LagCurve, bucket_seconds, lag_curve, present
from audits.window import DAY, EPOCH

LONGEST = 400
"""Days of the lag curve that are listed."""

UNSAID = "neither label_delay nor an outcome_time column says when outcomes are due"


@audit(name="label_maturity", unit="proportion", needs=("clock", "outcome"), tasks=EVERY_TASK, units="rows")
def label_maturity(evidence: Evidence) -> Iterator[Measurement]:
    """The share of the outcomes due by now that are known.

    known / due, at most 1; Wilson interval, n the outcomes due. Now is the newest prediction of the log. Due are, of the predictions made
    some days ago, as many as become known within so many days: read off the lag curve where the log says when outcomes became known, else
    all that are older than `label_delay`. The lag curve counts young predictions only for the lags that they have had time for (Kaplan and
    Meier); with its median, the day by which 95 % of the outcomes that ever come are in, and the share that ever comes, it is in `tables`.

    It misleads where outcomes take longer than the log reaches back: nothing shows those. And outcomes that never come for anybody are not
    due: see `label_coverage` for the share of all predictions.

    Source: E. L. Kaplan and P. Meier (1958), Nonparametric Estimation from Incomplete Observations, JASA 53.

    >>> 640 / (1000 * 0.7)  # a thousand predictions, of which 70 % have an outcome after so many days; 640 have one
    0.9142857142857143
    """
    curve = lag_curve(evidence)
    known, rows = evidence.counts.labelled[0, :, 0], evidence.counts.rows[0, :, 0]
    windows = np.flatnonzero(rows > 0)
    if curve is None and evidence.model.label_delay is None:
        nothing = np.full(1, np.nan)
        yield measurement(
            "label_maturity", "proportion", value=nothing, low=nothing, high=nothing, n=rows[:1].round(), method="wilson", reason=UNSAID
        )
        return
    due = _due(evidence, curve)
    found = proportion(np.minimum(known, due)[windows], due[windows])
    tables: dict[int, dict[str, Any]] = {
        i: {"rows": int(rows[w]), "known": int(known[w]), "due": round(float(due[w]), 1)} for i, w in enumerate(windows.tolist())
    }
    if 0 in tables:
        tables[0] |= _curve(evidence, curve)
    yield measurement(
        "label_maturity", "proportion", value=found.value, low=found.low, high=found.high, n=np.rint(due[windows]), method="wilson",
        window=windows, reason=np.where(due[windows] > 0, "", "no outcome is due yet").astype(object), tables=tables,
    )  # fmt: skip


def _due(evidence: Evidence, curve: LagCurve | None) -> Floats:
    """Outcomes due by [window]: rows of each partition times the share known after as long as the middle of it lies back."""
    now, unit = present(evidence), bucket_seconds(evidence)
    assert now is not None
    buckets = np.asarray([p.bucket for p in evidence.tally.partitions], dtype=np.float64)
    rows = np.asarray([p.rows for p in evidence.tally.partitions], dtype=np.float64)
    since = (now - EPOCH).total_seconds() - buckets * unit
    if curve is not None:
        share = curve.within((since - unit / 2) / DAY)
    else:
        delay = evidence.model.label_delay or dt.timedelta()
        share = np.clip((since - delay.total_seconds()) / unit, 0.0, 1.0)
    due = np.zeros(len(evidence.windows))
    starts = np.asarray([first for first, _ in evidence.spans[1:]], dtype=np.float64)
    np.add.at(due, np.searchsorted(starts, buckets, side="right"), rows * share)
    due[0] = due[1:].sum()
    return due


def _curve(evidence: Evidence, curve: LagCurve | None) -> dict[str, Any]:
    """The lag curve for a chart; none where only the configuration says when outcomes are due."""
    if curve is None:
        delay = evidence.model.label_delay or dt.timedelta()
        days = delay.total_seconds() / DAY
        return {"curve": None, "median_days": None, "days_95": round(days, 3), "eventually": None, "source": "label_delay"}
    shown = slice(0, LONGEST)
    listed = {name: [round(float(x), 5) for x in getattr(curve, name)[shown]] for name in ("share", "low", "high")}
    return {
        "curve": {"days": list(range(len(listed["share"]))), **listed}, "median_days": curve.day(0.5), "days_95": curve.day(0.95),
        "eventually": round(float(curve.share[-1]), 5), "source": "outcome_time",
    }  # fmt: skip
