"""Label arrival: outcomes that came, over those that the reference had at the same age."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement
from audits.interval import katz, katz_method
from audits.quality.label_flow import NO_PROMISE, promise

NOT_DUE = "hardly any outcome is due yet"
LEAST = 0.05


@audit(name="label_arrival", unit="ratio", needs=("clock", "outcome_column"), tasks=EVERY_TASK, compared=True, units="own")
def label_arrival(evidence: Evidence) -> Iterator[Measurement]:
    """Known outcomes of a window over the outcomes that the reference had when it was as old.

    Formula
        known / promised; promised is Σ rows made on a day x the reference's share of outcomes known after as many whole days as the
        youngest of them has had (Kaplan and Meier's lag curve), and known counts outcomes that took no longer. Where no times of outcomes
        are logged: all known ones, over the reference's share from `label_delay` on. The log's present is its newest prediction. Windows of
        which less than 5 % is promised have no figure.
    Interval
        Katz, for the share known against the reference's at that age. n is the rows.
    When it misleads
        Outcomes delivered once a week look late until the delivery comes. A reference that is younger than its outcomes take promises too
        little.
    Source
        E. L. Kaplan and P. Meier (1958), JASA 53; D. Katz et al. (1978), Biometrics 34, for the interval.
    """
    found = promise(evidence)
    if found is None:
        nothing = np.full(1, np.nan)
        rows = evidence.counts.rows[0, :1, 0]
        yield measurement(
            "label_arrival", "ratio", value=nothing, low=nothing, high=nothing, n=rows, method="katz-log", slice=0, reason=NO_PROMISE
        )
        return
    windows = np.flatnonzero(found.rows > 0)
    known, rows, promised = (values[windows] for values in (found.known, found.rows, found.promised))
    told = promised >= LEAST * rows
    at_age = np.divide(promised, rows) * found.n
    low, high = katz(known, rows, at_age, np.full(len(rows), found.n))
    value = np.divide(known, promised, out=np.full(len(rows), np.nan), where=told)
    tables = {i: {"known": int(known[i]), "promised": round(float(promised[i]), 1)} for i in range(len(windows))}
    yield measurement(
        "label_arrival", "ratio", value=value, low=np.where(told, np.minimum(low, value), np.nan),
        high=np.where(told, np.maximum(high, value), np.nan), n=np.rint(rows), method=katz_method(known, at_age), window=windows,
        slice=0, tables=tables,
        reason=np.where(told, "", NOT_DUE).astype(object),
    )  # fmt: skip
