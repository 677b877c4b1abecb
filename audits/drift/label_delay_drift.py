"""Label delay drift: whether outcomes take longer, or no longer come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.audit import EVERY_TASK, audit, measurement
from audits.drift.comparison import compared_windows, noted
from audits.estimate import Floats, Integers
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.performance.maturity import bucket_seconds, lags_by_partition, present

NO_TIMES = "the log does not say when outcomes became known"
NONE_HELD = "the reference has no outcome whose time is known"
TOO_YOUNG = "can't tell yet: half of its predictions have not had a day's time"
TOO_YOUNG_REFERENCE = "can't tell yet: half of the reference's predictions have not had a day's time"
UNTIMED = "its outcomes carry no time"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lags:
    """By partition: predictions, outcomes by the days they took, and the days that all of its predictions have had."""

    rows: Floats
    lags: Floats
    age: Integers

    def of(self, kept: NDArray[np.bool_]) -> _Lags:
        return _Lags(rows=self.rows[kept], lags=self.lags[kept], age=self.age[kept])

    def reach(self) -> int:
        """The days that at least half of the predictions have had; -1 for none."""
        order = np.argsort(-self.age, kind="stable")
        rows = np.cumsum(self.rows[order])
        return max(int(self.age[order][np.searchsorted(rows, rows[-1] / 2)]), -1) if len(rows) and rows[-1] > 0 else -1

    def within(self, days: int) -> tuple[float, Floats]:
        """Predictions that are old enough, and how many of them had an outcome within 0, 1, ... days."""
        old = self.age >= days
        counts = self.lags[old].sum(axis=0)[: days + 1]
        return float(self.rows[old].sum()), np.cumsum(np.pad(counts, (0, days + 1 - len(counts))))


@audit(name="label_delay_drift", unit="difference", needs=("clock",), tasks=EVERY_TASK, compared=True)
def label_delay_drift(evidence: Evidence) -> Iterator[Measurement]:
    """Largest gap between the shares of predictions whose outcome was known within 0, 1, 2, ... days, in the window and in the reference.

    Formula
        max over d <= D of |F(d) - G(d)|, with F(d) the share of predictions with an outcome at most d days later. D is the number of days
        that at least half of the window's predictions, and half of the reference's, have had; younger ones are left out. So a young window
        is judged by what it could already show, and an outcome that never comes counts as one that takes longer than D.
    Interval and test
        Dvoretzky, Kiefer and Wolfowitz, as for `kolmogorov_smirnov`; p from Kolmogorov's distribution, conservative since days are whole.
        n is the window's predictions that are old enough.
    Tables
        `days` (D), `day` of the largest gap, `direction` ("later", "earlier" or "none"), the shares known within D days (`share`,
        `reference_share`), and the median delay of those (`median_days`, `reference_median_days`).
    When it misleads
        Outcomes that are delivered by the month come in steps: what falls around a delivery jumps. Known outcomes without a time are left
        out, with their predictions. Hours cannot be told apart.
    Source
        F. J. Massey (1951), JASA 46, for two samples, one cut off where the other is; A. Dvoretzky, J. Kiefer and J. Wolfowitz (1956).
    """
    from scipy.special import kolmogorov

    place = evidence.columns.index(evidence.model.columns.outcome) if evidence.model.columns.outcome in evidence.columns else -1
    sides = _sides(evidence)
    if isinstance(sides, str):
        nothing = np.full(1, np.nan)
        yield measurement(
            "label_delay_drift", "difference", value=nothing, low=nothing, high=nothing, n=evidence.counts.rows[0, 0, :1].round(),
            method="dkw", column=place, reason=sides,
        )  # fmt: skip
        return
    held, seen, window_of = sides
    windows = np.flatnonzero((evidence.counts.rows[0, :, 0] > 0) & compared_windows(evidence))
    value, n, before = np.full(len(windows), np.nan), np.zeros(len(windows)), np.ones(len(windows))
    reason = np.full(len(windows), "", dtype=object)
    tables: dict[int, dict[str, Any]] = {}
    oldest = held.reach()
    for i, window in enumerate(windows.tolist()):
        own = seen.of(window_of == window if window else np.ones(len(window_of), dtype=np.bool_))
        days = min(own.reach(), oldest)
        if days < 0:
            reason[i] = TOO_YOUNG_REFERENCE if oldest < 0 else TOO_YOUNG if own.rows.sum() > 0 else UNTIMED
            continue
        (n[i], now), (before[i], then) = own.within(days), held.within(days)
        gap = now / n[i] - then / before[i]
        value[i], tables[i] = np.abs(gap).max(), _table(now / n[i], then / before[i], gap)
    c = 1 / np.maximum(n, 1) + 1 / before
    half = np.sqrt(np.log(2 / 0.05) / 2 * c)
    yield measurement(
        "label_delay_drift", "difference", value=value, low=np.maximum(value - half, 0.0), high=np.minimum(value + half, 1.0),
        n=np.rint(n), method="dkw", window=windows, column=place, p_value=np.asarray(kolmogorov(value / np.sqrt(c))),
        reason=noted(evidence, reason), tables=tables,
    )  # fmt: skip


def _sides(evidence: Evidence) -> tuple[_Lags, _Lags, Integers] | str:
    """The reference's lags, the analysed period's and the window of each of its partitions; or why there are none."""
    now = present(evidence)
    if evidence.model.columns.outcome_time is None or now is None:
        return NO_TIMES
    unit = bucket_seconds(evidence)
    parts = [lags_by_partition(tally, now, unit) for tally in (evidence.reference_tally, evidence.tally)]
    held, seen = (_Lags(rows=rows, lags=lags, age=age) for rows, lags, age in parts)
    if not held.lags.sum():
        return NONE_HELD
    starts = np.asarray([first for first, _ in evidence.spans[1:]], dtype=np.int64)
    buckets = np.asarray([partition.bucket for partition in evidence.tally.partitions], dtype=np.int64)
    return held, seen, np.searchsorted(starts, buckets, side="right").astype(np.int64)


def _table(now: Floats, then: Floats, gap: Floats) -> dict[str, Any]:
    day = int(np.argmax(np.abs(gap)))

    def median(share: Floats) -> int | None:
        return int(np.flatnonzero(share >= share[-1] / 2 - 1e-12)[0]) if share[-1] > 0 else None

    return {
        "days": len(gap) - 1, "day": day, "direction": "none" if gap[day] == 0 else "later" if gap[day] < 0 else "earlier",
        "share": float(now[-1]), "reference_share": float(then[-1]), "median_days": median(now), "reference_median_days": median(then),
    }  # fmt: skip
