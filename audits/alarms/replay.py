"""What budgets would have rung: the alarm played back over the reference, quiet by assumption, and over the analysed windows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.alarms.budget import ringing, run_length, window_length
from audits.alarms.detector import detect, detected
from audits.alarms.found import Detected, joined
from audits.alarms.shares import Shares, stacked
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.once import once
from connectors.alert_config import Budget

STANDARD = tuple(Budget(count=1, per=dt.timedelta(days=days)) for days in (1, 7, 30, 90, 365))
PARTS = 3
"""Parts that the reference is cut into: each is judged by the other two."""

LEAST_WINDOWS = 9
MOST_MARKS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What one budget would have rung.

    Parameters
    ----------
    quiet
        Rings per 30 days on the reference, each part of it judged by the rest; None where it has fewer than `LEAST_WINDOWS` windows.
    rate
        Rings per 30 days on the analysed windows, real changes among them.
    rings
        When it rang, a time or a row number, and the columns, or the measures, that did; a ring is the first window of a stretch.
    """

    budget: Budget
    quiet: float | None
    rate: float
    rings: tuple[tuple[dt.datetime | int | None, tuple[str, ...]], ...]


def replayed(
    evidence: Evidence, found: Detected, budgets: Sequence[Budget] = STANDARD, *, figures: tuple[Sequence[str], Floats] | None = None
) -> tuple[Replay, ...]:
    """What each budget of the model would have rung.

    `figures` are the names and the evidence, by [series, window], of what is checked again against thresholds
    (`audits.alarms.rechecked`); they have their own part of the budget. Without them, columns alone are replayed.
    """
    length = window_length(evidence)
    per_month = dt.timedelta(days=30) / length
    held = quiet_evidence(evidence)
    made = []
    for budget in budgets:
        run = run_length(budget, length)
        parts = [(found.columns, ringing(found.evidence, run)[0])]
        if figures is not None and len(figures[1]):
            parts.append((tuple(figures[0]), ringing(figures[1], run)[0]))
        quiet = None
        if held is not None:
            rung = sum(int(_starts(ringing(part, run)[0].any(axis=0)).sum()) for part in held)
            quiet = rung * per_month / sum(part.shape[1] for part in held)
        marks = []
        for names, rings in parts:
            for t in np.flatnonzero(_starts(rings.any(axis=0))).tolist():
                window = evidence.windows[1 + t]
                when = window.start if window.start is not None else window.first_row
                marks.append((t, when, tuple(dict.fromkeys(names[k] for k in np.flatnonzero(rings[:, t])))))
        marks.sort(key=lambda mark: mark[0])
        rings_of = tuple((when, names) for _, when, names in marks)
        made.append(Replay(budget=budget, quiet=quiet, rate=len(marks) * per_month / found.evidence.shape[1], rings=rings_of))
    return tuple(made)


def replays(evidence: Evidence, found: Detected) -> list[dict[str, Any]]:
    """The standard budgets as plain values, for a finding's tables."""
    told = []
    for each in replayed(evidence, found):
        marks = [
            {"at": when.isoformat() if isinstance(when, dt.datetime) else when, "columns": list(names)}
            for when, names in each.rings[:MOST_MARKS]
        ]
        rates = {"quiet_per_30d": None if each.quiet is None else round(each.quiet, 3), "per_30d": round(each.rate, 3)}
        told.append({"budget": str(each.budget), **rates, "alarms": len(each.rings), "marks": marks})
    return told


@once
def quiet_evidence(evidence: Evidence) -> tuple[Floats, ...] | None:
    """The evidence by [column, window] of each part of the reference, judged by the rest; None where it is too short to be cut."""
    found = detected(evidence)
    if found is None or found.shares.reference.shape[1] < LEAST_WINDOWS:
        return None
    return tuple(joined(detect(part, zone=found.zone)).evidence for part in parted(found.shares))


def parted(shares: Shares) -> tuple[Shares, ...]:
    """The reference cut into `PARTS` stretches, each as the analysed windows of the rest."""
    windows = shares.reference.shape[1]
    cuts = [windows * i // PARTS for i in range(PARTS + 1)]
    made = []
    for first, end in pairwise(cuts):
        inside = np.zeros(windows, dtype=bool)
        inside[first:end] = True
        columns = [replace(column, reference=column.reference[~inside], windows=column.reference[inside]) for column in shares.columns]
        starts = None
        if shares.starts is not None:
            held = shares.starts[0]
            starts = tuple(s for s, i in zip(held, inside, strict=True) if not i), tuple(held[first:end])
        made.append(stacked(columns, starts=starts, length=shares.length))
    return tuple(made)


def _starts(rings: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The first window of each stretch that rings."""
    return np.asarray(rings & ~np.concatenate([[False], rings[:-1]]))
