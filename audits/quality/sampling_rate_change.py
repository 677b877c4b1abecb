"""Sampling-rate change: how many of the predictions that were made are in the log, told by gaps in their identities."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.estimate import Floats
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import share, wilson
from audits.quality.arrived import by_window, placed, window_of

IN_ORDER = 0.9
NO_COUNTER = "identities do not count up with time, so gaps in them say nothing"


@audit(name="sampling_rate_change", unit="ratio", needs=("clock", "id", "arrivals"), tasks=EVERY_TASK, units="own")
def sampling_rate_change(evidence: Evidence) -> Iterator[Measurement]:
    """Share of the identities of a window that are in the log, over the same share of the reference.

    Formula
        r = rows / (largest identity - smallest + 1), for identities that end in a number and count up with time; r(window) / r(reference).
        Without a reference that ingest remembers, the first window with rows is compared with.
    Interval
        Wilson's of r(window), over r(reference). n is the window's rows.
    When it misleads
        A counter that several systems share leaves gaps of its own, which change when they do. Rows that were quarantined are gaps too.
        What was lost at either end of a window is not seen. Identities that are random have no figure.
    Source
        E. B. Wilson (1927), JASA 22, for the interval; B. H. Sigelman et al. (2010), Dapper, on adaptive sampling of telemetry.
    """
    spans = _spans(evidence)
    rows = by_window(evidence, np.nan_to_num(evidence.ledger.arrivals.rows))
    shown = np.flatnonzero(rows[1:] > 0) + 1
    if not len(shown):
        return
    base = placed(evidence).base
    if spans is None or not np.isfinite(spans[base]):
        nothing = np.full(1, np.nan)
        yield measurement(
            "sampling_rate_change", "ratio", value=nothing, low=nothing, high=nothing, n=rows[1:].sum(keepdims=True), method="wilson",
            slice=0, reason=NO_COUNTER,
        )  # fmt: skip
        return
    usual = min(rows[base] / spans[base], 1.0)
    seen, size = np.minimum(rows[shown], spans[shown]), spans[shown]
    low, high = wilson(seen, size)
    total = np.asarray([seen.sum() / size.sum()])
    total_low, total_high = wilson([seen.sum()], [size.sum()])
    yield measurement(
        "sampling_rate_change", "ratio", value=np.concatenate([total, share(seen, size)]) / usual,
        low=np.concatenate([total_low, low]) / usual, high=np.concatenate([total_high, high]) / usual,
        n=np.rint(np.concatenate([[rows[shown].sum()], rows[shown]])), method="wilson", window=np.concatenate([[0], shown]), slice=0,
    )  # fmt: skip


def _spans(evidence: Evidence) -> Floats | None:
    """Identities from the first to the last of each window; None where they do not count up with time."""
    arrivals = evidence.ledger.arrivals
    window = window_of(evidence, arrivals.hour)
    numbers = [_numbered(key) for key in (*arrivals.first_key, *arrivals.last_key)]
    if not numbers or any(number is None for number in numbers) or len({number[0] for number in numbers if number is not None}) > 1:
        return None
    values = np.asarray([number[1] for number in numbers if number is not None], dtype=np.float64)
    least, most = values[: len(window)], values[len(window) :]
    low, high = np.full(len(evidence.windows), np.inf), np.full(len(evidence.windows), -np.inf)
    np.minimum.at(low, window[window >= 0], np.minimum(least, most)[window >= 0])
    np.maximum.at(high, window[window >= 0], np.maximum(least, most)[window >= 0])
    filled = np.flatnonzero(np.isfinite(low))
    if len(filled) > 1 and float(np.mean(low[filled[1:]] >= high[filled[:-1]])) < IN_ORDER:
        return None
    return np.where(np.isfinite(low), high - low + 1, np.nan)


def _numbered(key: str | None) -> tuple[str, int] | None:
    """What stands before an identity's number (with its width, where zeros fill it up), and the number.

    >>> _numbered("A-0042"), _numbered("17"), _numbered("3f9c-x")
    (('A-:4', 42), ('', 17), None)
    """
    found = re.fullmatch(r"(.*?)(\d{1,15})", key or "")
    if found is None:
        return None
    prefix, digits = found.groups()
    return (f"{prefix}:{len(digits)}" if prefix else "", int(digits))
