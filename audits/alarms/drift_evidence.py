"""The audit `drift_evidence`."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.alarms.budget import ringing, run_length, window_length
from audits.alarms.detector import detected
from audits.alarms.found import Detected, mean_evidence
from audits.alarms.replay import replays
from audits.alarms.segments import BySegment, by_segment
from audits.alarms.shares import LEAST
from audits.audit import EVERY_TASK, audit, measurement
from audits.drift.comparison import compared_windows
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.maturity import immature
from audits.window import Window

METHOD = "e-value"
FEW = f"fewer than {LEAST} rows with a value"
UNLIKE = "the reference has no window of this season"


@audit(name="drift_evidence", unit="score", tasks=EVERY_TASK, compared=True, units="own")
def drift_evidence(evidence: Evidence) -> Iterator[Measurement]:
    """How strong the evidence is that more of a column's rows have moved than matters: log10 of an e-value.

    2 says: were less than the zone's part of rows in another place than in the reference, at most one window in 100 would look like this.
    The e-value is the average over watched shares (of rows below each decile, in each category, missing; mean rank; total variation) and
    over the newest 1, 2, 4, ... 32 windows of p^(-0.9)/10, where p is that of a t: what a share moved beyond the zone, over its standard
    error, which holds the overdispersion, the season and the persistence of the reference's own windows and the error of its shares.
    Without a column, it is the mean over all columns. Over the whole period it is that of all windows. That of the outcome is the mean of
    two: how often it comes, and how often it comes at equal scores (concept drift).

    Scores, decisions and outcomes are also taken level by level of the declared segments: the q-values over all of them (e-BH over columns,
    windows and levels) say where a shift sits. Levels raise no alarm of their own.

    It misleads where the reference itself was not quiet (alarms come late), where it is shorter than the seasons of the log (a reference in
    summer rings in winter), and where values move within a tenth of the reference only. Units that come again are not taken one by one:
    the reference's windows vary as they make them vary.

    Sources: V. Vovk and R. Wang (2021), Annals of Statistics 49 (from p-values to e-values); R. Wang and A. Ramdas (2022), JRSS B 84
    (e-BH); J. Shin, A. Ramdas and A. Rinaldo (2023), New England Journal of Statistics in Data Science (e-detectors).
    """
    found = detected(evidence)
    if found is None:
        return
    run = run_length(evidence.model.alerts.budget, window_length(evidence))
    rings, line = ringing(found.evidence, run)
    shown = compared_windows(evidence)[1:]
    yield _columns(evidence, found, rings, line, shown)
    yield _everything(evidence, found, rings, math.log10(run), shown)
    levels = by_segment(evidence)
    if levels is not None:
        yield _segments(evidence, levels, run, shown)


def _columns(evidence: Evidence, found: Detected, rings: Any, line: Floats, shown: Any) -> Measurement:
    """One figure per column and window, and one per column over all windows."""
    columns, windows = found.evidence.shape
    rows = found.shares.windows[:columns].sum(axis=-1)
    position = np.asarray([evidence.columns.index(name) for name in found.columns], dtype=np.int64)
    place, window = np.nonzero(np.broadcast_to(shown, (columns, windows)))
    value = np.where(found.judged, found.evidence, np.nan)
    why = np.where(found.judged, "", unjudged(evidence, found)).astype(object)
    tables = {
        i: _table(evidence.windows, found, rings, line, k, t) for i, (k, t) in enumerate(zip(place.tolist(), window.tolist(), strict=True))
    }
    seen = found.judged.any(axis=1)
    held = found.judged.sum(axis=1)
    over = mean_evidence(np.where(found.judged, found.evidence, -300.0).T) + np.log10(windows / np.maximum(held, 1))
    newest = np.where(seen, windows - 1 - found.judged[:, ::-1].argmax(axis=1), windows - 1)
    summaries = {
        len(place) + k: _table(evidence.windows, found, rings, line, k, int(t)) | {"rung": int(rings[k].sum())}
        for k, t in enumerate(newest)
    }
    values = np.concatenate([value[place, window], np.where(seen, over, np.nan)])
    return measurement(
        "drift_evidence", "score", value=values, low=np.full(len(values), np.nan), high=np.full(len(values), np.nan), method=METHOD,
        n=np.rint(np.concatenate([rows[place, window], rows.sum(axis=1)])), p_value=np.minimum(10.0**-values, 1.0),
        window=np.concatenate([window + 1, np.zeros(columns, dtype=np.int64)]), slice=0, column=np.concatenate([position[place], position]),
        reason=np.concatenate([why[place, window], np.where(seen, "", FEW).astype(object)]), tables=tables | summaries,
    )  # fmt: skip


def _table(windows: tuple[Window, ...], found: Detected, rings: Any, line: Floats, k: int, t: int) -> dict[str, Any]:
    """What a reader is told of one column and window."""
    if not found.judged[k, t]:
        return {"answer": "can't tell", "zone": found.zone}
    low, high = float(found.low[k, t]), float(found.high[k, t])
    drifted = bool(rings[k, t])
    told: dict[str, Any] = {
        "answer": "drifted" if drifted else "stable" if high <= found.zone else "can't tell",
        "effect": {"value": round(float(found.effect[k, t]), 6), "low": round(low, 6), "high": round(high, 6)},
        "over": int(min(found.rests[k, t], t + 1)), "zone": found.zone, "line": round(float(line[k, t]), 3),
    }  # fmt: skip
    what = found.what(k, t)
    if found.evidence[k, t] > 0 and what is not None:
        before, now = float(found.before[k, t]), float(found.now[k, t])
        told["moved"] = {"what": what, "before": round(before, 6), "now": round(now, 6)}
    if drifted:
        began = since(windows, rings, found, k, t)
        told["since"] = began.isoformat() if isinstance(began, dt.datetime) else began
    known = found.calibration
    told["dispersion"] = round(float(np.median(known.dispersion[k])), 2)
    told["season"] = known.season if known.seasonal[k] else None
    return told


def since(windows: tuple[Window, ...], rings: Any, found: Detected, k: int, t: int) -> dt.datetime | int | None:
    """Where the change that rings began: the first window of the span that showed most when the ringing began."""
    quiet = np.flatnonzero(~rings[k, : t + 1])
    began = int(quiet[-1]) + 1 if len(quiet) else 0
    first = windows[1 + max(began + 1 - int(found.span[k, began]), 0)]
    return first.start if first.start is not None else first.first_row


def unjudged(evidence: Evidence, found: Detected) -> Any:
    """Why a column is not judged in a window, by [column, window]."""
    why = np.full(found.judged.shape, FEW, dtype=object)
    why[:, ~found.calibration.known.all(axis=0)] = UNLIKE
    waiting = np.asarray(immature(evidence)[1:], dtype=object)
    for k, name in enumerate(found.columns):
        if name == evidence.model.columns.outcome:
            why[k] = np.where(waiting != "", waiting, why[k])
    return why


def _segments(evidence: Evidence, levels: BySegment, run: float, shown: Any) -> Measurement:
    """One figure per column, level of a segment and window; what shows nothing has no table."""
    found = levels.found
    rings, line = ringing(found.evidence, run)
    series, window = np.nonzero(found.judged & shown)
    value = found.evidence[series, window]
    telling = np.flatnonzero(value > 0).tolist()
    tables = {i: _table(evidence.windows, found, rings, line, int(series[i]), int(window[i])) for i in telling}
    return measurement(
        "drift_evidence", "score", value=value, low=np.full(len(value), np.nan), high=np.full(len(value), np.nan), method=METHOD,
        n=np.rint(found.shares.windows.sum(axis=-1)[series, window]), p_value=np.minimum(10.0**-value, 1.0), window=window + 1,
        slice=levels.slice[series], column=levels.column[series], tables=tables,
    )  # fmt: skip


def _everything(evidence: Evidence, found: Detected, rings: Any, line: float, shown: Any) -> Measurement:
    """All columns together: one figure per window, and over the whole period what budgets would have rung."""
    judged = found.judged.any(axis=0)
    value = np.where(judged, found.everywhere, np.nan)[shown]
    window = np.flatnonzero(shown)
    over = float(mean_evidence(value[np.isfinite(value)])) if np.isfinite(value).any() else math.nan
    known, names = found.calibration, found.columns
    tables: dict[int, dict[str, Any]] = {
        i: {
            "answer": "drifted" if rings[:, t].any() else "can't tell",
            "line": round(line, 3),
            "columns": [names[k] for k in np.flatnonzero(rings[:, t])],
        }
        for i, t in enumerate(window.tolist())
    }
    seasonal = [names[k] for k in np.flatnonzero(known.seasonal[: len(names)])]
    tables[len(window)] = {
        "line": round(line, 3), "zone": found.zone, "budget": str(evidence.model.alerts.budget), "replay": replays(evidence, found),
        "calibration": {
            "windows": known.windows, "season": known.season, "reason": known.reason, "seasonal": seasonal,
            "lasting": round(float(np.median(known.lasting)), 2),
        },
    }  # fmt: skip
    values = np.append(value, over)
    rows = evidence.counts.rows[0, :, 0]
    return measurement(
        "drift_evidence", "score", value=values, low=np.full(len(values), np.nan), high=np.full(len(values), np.nan), method=METHOD,
        n=np.rint(np.append(rows[1:][shown], rows[0])), p_value=np.minimum(10.0**-values, 1.0), window=np.append(window + 1, 0), slice=0,
        reason=np.where(np.isfinite(values), "", FEW).astype(object), tables=tables,
    )  # fmt: skip
